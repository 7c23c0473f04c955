"""Which rules lead some packets past the engine, so that no switch moves them?

Rules by mark, user, port and the like cannot be asked about as packets meet them; those by mark can
be asked with the mark. All others are known by the table that they lead to.
"""

from collections.abc import Iterator, Sequence

from route_switcher.core.routing.remedies import rule_deletion
from route_switcher.core.routing.uplink_tables import UplinkTables
from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.lookups import own_traffic
from route_switcher.core.vocabulary.policy import MAIN_TABLE, Policy
from route_switcher.core.vocabulary.policy_rules import PREFERENCE, RoutingRule, RuleAction
from route_switcher.core.vocabulary.routes import Route, RouteKind
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed
from route_switcher.doctor.lines import best_default, marks, situation
from route_switcher.doctor.machine import Machine

_NAME = "rule"
_MARK_TO_MAIN = Fault(_NAME, "mark-to-main", Verdict.WARN)
_MARK = Fault(_NAME, "mark", Verdict.WARN)
_USER = Fault(_NAME, "user", Verdict.WARN)
_OTHER = Fault(_NAME, "port", Verdict.WARN)
_HALF = Fault(_NAME, "half", Verdict.FAIL)


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    for family in policy.families:
        rules = [rule for rule in machine.network.rules if rule.family is family]
        found = [f for rule in rules for f in _of_rule(machine, policy, rule, rules)]
        found += _half(policy, family, rules)
        yield from found
        if not found:
            yield passed(_NAME, str(family), "no rule sends packets past the engine")


def _of_rule(
    machine: Machine, policy: Policy, rule: RoutingRule, rules: Sequence[RoutingRule]
) -> Iterator[Finding]:
    some = _some_packets(rule)
    if rule.ours or some is None or rule.action is not RuleAction.LOOKUP:
        return
    if rule.preference > PREFERENCE or rule.suppress_prefixlength is not None:
        return
    if rule.table in UplinkTables.of(policy).all:
        return  # in main, if that is where our routes stand, the packets follow the engine
    best = best_default(machine.network, rule.family, rule.table)
    uplinks = {u.interface: u.name for u in policy.uplinks_of(rule.family)}
    if best is None or best.kind is not RouteKind.UNICAST or best.interface not in uplinks:
        return
    if _goes_elsewhere(machine, policy, rule):
        return
    fault, whose = some
    if rule.table == MAIN_TABLE:
        if fault is _MARK:
            yield from _mark_to_main(policy, rule, rules, best)
            return
        whose += ", by main's default route,"
    text = f"{whose} always leave by {best.interface} ({uplinks[best.interface]}): rule '{rule}'"
    yield fault.found(str(rule.family), text, rule_deletion(rule))


def _goes_elsewhere(machine: Machine, policy: Policy, rule: RoutingRule) -> bool:
    """Whether packets with the mark of `rule` never come to it, as the kernel says: another rule
    comes first."""
    if not marks(rule):
        return False
    answers = machine.network.findings.answers
    targets = situation(machine.network, policy).targets(rule.family)
    answered = [answers.get(own_traffic(target, rule.mark)) for target in targets[:1]]
    return any(isinstance(a, KernelRoute) and a.default and a.table != rule.table for a in answered)


def _mark_to_main(
    policy: Policy, rule: RoutingRule, rules: Sequence[RoutingRule], best: Route
) -> Iterator[Finding]:
    """Programs that mark their own packets (Tailscale) mean: not into my tunnel. They stay on
    main's default route, so on a dead line, unless they are led to our table just before."""
    table = policy.placement.table
    before = rules[: rules.index(rule)]
    if any((r.mark, r.mask, r.table) == (rule.mark, rule.mask, table) for r in before):
        return  # they come to main only while our table is empty
    family = "-6 " * (rule.family is Family.IPV6)
    mark = f"{rule.mark:#x}/{rule.mask:#x}"
    place = max(rule.preference - 1, 1)
    text = (
        f"packets with mark {mark} always leave by main's default route ({best.interface}), also"
        f" when that line is dead: rule '{rule}'"
    )
    yield _MARK_TO_MAIN.found(
        str(rule.family),
        text,
        f"ip {family}rule add fwmark {mark} lookup main suppress_prefixlength 0 pref {place}",
        f"ip {family}rule add fwmark {mark} lookup {table} pref {place}",
    )


def _some_packets(rule: RoutingRule) -> tuple[Fault, str] | None:
    """Whose packets it matches, if these cannot be asked about; None: they are asked about."""
    if rule.inverted:
        return None  # it matches the packets that were asked about
    if rule.mark:
        return _MARK, f"packets with mark {rule.mark:#x}"
    if rule.uids is not None and rule.uids[0] > 0:
        first, last = rule.uids
        users = f"user {first}" if first == last else f"users {first} to {last}"
        return _USER, f"packets of {users}"
    if rule.unknown or rule.ip_protocol is not None:
        return _OTHER, "packets of some ports, protocols or tunnels"
    return None


def _half(policy: Policy, family: Family, rules: Sequence[RoutingRule]) -> Iterator[Finding]:
    """A rule of ours leads all packets to our table, and none before it to the networks in main:
    so those of the LAN go to the provider."""
    leading = [
        rule
        for rule in rules
        if rule.ours and rule.source is None and rule.out_interface is None and not rule.inverted
    ]
    kept = any(rule.ours and rule.suppress_prefixlength == 0 for rule in rules)
    if leading and not kept:
        text = (
            "our rule stands, but not the one before it: what is for the LAN goes to the provider"
        )
        yield _HALF.found(str(family), text, *(rule_deletion(rule) for rule in leading))


CHECK = Check(_NAME, _judge, (_MARK_TO_MAIN, _MARK, _USER, _OTHER, _HALF))
