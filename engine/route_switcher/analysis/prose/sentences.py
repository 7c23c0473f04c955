"""A policy in plain sentences, with its numbers."""

from collections.abc import Iterator
from math import floor

from route_switcher.analysis.figures.false_alarms import LOSSES
from route_switcher.analysis.figures.policy_figures import RuleFigures, figures_of, slowest
from route_switcher.analysis.monitoring import Fault, Times
from route_switcher.analysis.prose.asking import asking, every
from route_switcher.analysis.prose.clauses import any_of, clause
from route_switcher.analysis.prose.figures_in_words import failing_in_words
from route_switcher.analysis.prose.hooks import hooks_in_words
from route_switcher.analysis.prose.paragraphs import item, paragraph
from route_switcher.analysis.prose.placement import (
    WHEN_NONE_ANSWERS,
    about_rules,
    all_down,
    also,
    at_the_end,
    by_what,
    next_hops,
    rules,
    tables,
)
from route_switcher.core.health.suspect_targets import WITNESSES
from route_switcher.core.probing.pace import apart
from route_switcher.core.vocabulary.conditions import AnyOf
from route_switcher.core.vocabulary.conntrack import Conntrack
from route_switcher.core.vocabulary.policy import (
    ABSENCE,
    Damping,
    FailBack,
    FamiliesMove,
    Policy,
    Recover,
    Rule,
)
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.text.durations import seconds
from route_switcher.text.quantities import counted, listed, number, share

_SEEN = {
    Fault.SILENT: "a silent outage",
    Fault.UNPLUGGED: "a lost carrier",
    Fault.SLOW: "slow answers",
}

_CONNECTIONS = {
    Conntrack.PREVIOUS: (
        "After a switch, the engine ends connections whose source was translated (NAT) to an"
        " address of the old uplink; they start again through the new one. It also ends connections"
        " with an address that the active uplink has lost. Connections with a connmark stay"
        " (conntrack: previous)."
    ),
    Conntrack.ALL: (
        "After a switch, and when the active uplink gets another address, the engine ends all"
        " connections of the family whose source was translated (NAT); they start again through the"
        " active uplink. Connections with a connmark stay (conntrack: all)."
    ),
    Conntrack.NONE: (
        "The engine ends no connections after a switch: those whose source was translated by"
        " `snat to` keep the address of the old uplink (conntrack: none)."
    ),
}


def explain(policy: Policy) -> Iterator[str]:
    """Lines that say what a policy does; they are Markdown, and read well as they are."""
    yield "## Which uplink carries the traffic"
    yield ""
    yield from _ways(policy)
    yield "## Next hops and tables"
    yield ""
    yield from _next_hops(policy)
    yield "## Probes"
    yield ""
    for probe in policy.probes:
        yield from paragraph(asking(policy, probe))
    yield "## When an uplink fails, and when it is healthy again"
    yield ""
    for rule in policy.every_rule:
        yield from _rule(policy, rule)
    ignoring = list(dict.fromkeys(u.name for u in policy.uplinks if u.ignore_carrier))
    if ignoring:
        yield from paragraph(
            f"The engine ignores the carrier of {listed(ignoring, 'and')}. An interface that is"
            " down or missing still fails its uplink."
        )
    yield from paragraph(
        "An uplink has failed as soon as one of its rules has. It is healthy when all its rules"
        " are ok."
    )
    yield "## What happens then"
    yield ""
    for text in _moves(policy):
        yield from paragraph(text)
    if policy.hooks:
        yield "## Hooks"
        yield ""
        yield from hooks_in_words(policy)
    yield "## False failures"
    yield ""
    yield from _wrong(policy)


# Which way.


def _ways(policy: Policy) -> Iterator[str]:
    alike: dict[tuple[str, ...], list[str]] = {}
    for family in policy.families:
        places = tuple(_place(uplink) for uplink in policy.uplinks_of(family))
        alike.setdefault(places, []).append(str(family))
    for places, families in alike.items():
        whose = listed(families)
        if len(places) == 1:
            other = "uplink" if len(families) > 1 else f"{whose} uplink"
            yield from paragraph(
                f"{whose} traffic leaves through {places[0]}. There is no other {other}: the log"
                " reports its outages, but no traffic moves."
            )
            continue
        yield f"{whose} traffic leaves through the first of these that is healthy:"
        yield ""
        for position, place in enumerate(places, 1):
            yield from item(place, f"{position}. ")
        yield ""
    if len(policy.families) > 1:
        yield from paragraph(_FAMILIES_MOVE[policy.families_move])


_FAMILIES_MOVE = {
    FamiliesMove.SEPARATELY: "The engine decides for IPv4 and IPv6 separately.",
    FamiliesMove.TOGETHER: (
        "IPv4 and IPv6 move together: an uplink is as good as the worst of its families. A family"
        " that has never had a next hop does not count."
    ),
}


def _place(uplink: Uplink) -> str:
    named = "" if uplink.name == uplink.interface else f"{uplink.name}: "
    onlink = ", which is in no network of the interface," if uplink.onlink else ","
    return f"{named}{uplink.interface}, {by_what(uplink)}{onlink} at metric {uplink.metric}"


def _next_hops(policy: Policy) -> Iterator[str]:
    for text in (*next_hops(policy), *tables(policy)):
        yield from paragraph(text)
    if policy.placement.own:
        yield "Routing rules (`ip rule`, for each family) lead to these tables, in this order:"
        yield ""
        for number, text in enumerate(rules(policy), 1):
            yield from item(text, f"{number}. ")
        yield ""
        yield from paragraph(about_rules())
    for text in (*also(policy), *all_down(policy)):
        yield from paragraph(text)
    for text in at_the_end(policy):
        yield from paragraph(text)


# When it is failed.


def _rule(policy: Policy, rule: Rule) -> Iterator[str]:
    whom = any_of([name for name in policy.names if rule.judges(name)], policy.names)
    subject = f"{rule.name}: {whom} fails"
    condition = rule.fail
    if isinstance(condition, AnyOf) and len(condition.conditions) > 2 and not condition.for_seconds:
        yield from paragraph(f"{subject} when any of these holds:")
        for part in condition.conditions:
            yield from item(clause(part, policy))
        yield ""
        yield from paragraph(f"{_back(policy, rule.recover)} {_times(policy, rule)}".strip())
        return
    said = f"{subject} when {clause(condition, policy)}. {_back(policy, rule.recover)}"
    yield from paragraph(f"{said} {_times(policy, rule)}".strip())


def _back(policy: Policy, recover: Recover) -> str:
    stable = f"all rounds were good for {seconds(recover.stable)}"
    if recover.condition is None:
        return f"The rule is ok again when {stable if recover.stable else 'a round was good'}."
    condition = clause(recover.condition, policy)
    if not recover.stable:
        return f"The rule is ok again when {condition}."
    return f"The rule is ok again when {stable}, and {condition}."


def _times(policy: Policy, rule: Rule) -> str:
    told: list[str] = []
    slow: set[str | None] = set()
    known: Times | None = None
    for fault in Fault:
        found = slowest(policy, rule, fault)
        if found is None:
            continue
        # What sees silence sees that of a lost carrier too, and no sooner.
        if fault is not Fault.UNPLUGGED or found.fails != known:
            told.append(
                f"It detects {_SEEN[fault]} {_seen(found)}, and is ok again"
                f" {_typically(found.returns)} after the fault ends."
            )
            slow.add(found.slowest)
        known = found.fails
    if len(slow) == 1 and (name := slow.pop()) is not None:
        told.append(f"These are the times of {name}, the slowest uplink.")
    return " ".join(told)


def _seen(found: RuleFigures) -> str:
    fails, worst, standby = found.fails, seconds(found.fails.worst), found.fails_on_standby.worst
    if not fails.worst:
        return "at once"
    if seconds(standby) == worst:
        return f"after {_typically(fails)}"
    if fails.bound:
        return f"after at most {worst} ({seconds(standby)} on standby)"
    return f"after {seconds(fails.typical)} (at most {worst}, {seconds(standby)} on standby)"


def _typically(times: Times) -> str:
    typical, worst = seconds(times.typical), seconds(times.worst)
    if times.bound:
        return f"at most {worst}"
    return typical if typical == worst else f"{typical} (at most {worst})"


# What happens.


def _moves(policy: Policy) -> Iterator[str]:
    several = any(len(policy.uplinks_of(family)) > 1 for family in policy.families)
    if several:
        damped = " otherwise to a damped one;" if policy.hold_back.damping else ""
        yield (
            "When the active uplink fails, the traffic goes at once to the most preferred healthy"
            f" one that answers now;{damped} otherwise to one that is recovering; otherwise to any"
            " that answers."
        )
        damped = " damped, then" if policy.hold_back.damping else ""
        yield (
            "If it fails because its link is lost (no carrier, down or missing), or because it"
            f" has had no next hop or no address for {seconds(ABSENCE)}, the engine does not wait"
            " for an answer. The traffic goes at once to the best of the others that have a link:"
            f" healthy, then{damped} recovering, then unknown, then failed"
            " but answering. The engine probes that one at once; if it is dead, the traffic moves"
            " on as after any failure."
        )
        yield (
            f"If none answers, {WHEN_NONE_ANSWERS[policy.placement.when_all_down]}, and the engine"
            " probes each uplink that has a link at least"
            f" {every(max(map(apart, policy.probes)))}, even before earlier rounds have ended."
            " The first that answers is used at once, before its stable time is over."
        )
        yield _comes_back(policy)
    else:
        yield "There is no other uplink: no traffic moves."
    yield _CONNECTIONS[policy.conntrack]
    if any(_may_be_suspect(policy, probe) for probe in policy.probes):
        yield (
            f"A target that answers through none of the uplinks that work (at least {WITNESSES}) is"
            " suspect: its outage is not that of a line, and it does not count until it answers"
            " again."
        )
    if policy.hold_back.damping is not None:
        yield _damping(policy.hold_back.damping)
    if policy.ignore_linkdown:
        yield (
            "When a carrier is lost, the kernel itself uses the next route at once, and the engine"
            " then confirms it (ignore_linkdown)."
        )


def _comes_back(policy: Policy) -> str:
    hold_back = policy.hold_back
    if hold_back.fail_back is FailBack.MANUAL:
        return (
            "When a more preferred uplink that had failed is healthy again, the traffic stays where"
            " it is. It returns when an operator orders it (`route-switcher release`, or `switch`),"
            " or when the active uplink fails."
        )
    unless = []
    if hold_back.min_stay:
        unless.append(f"within {seconds(hold_back.min_stay)} of the latest move, or of the start")
    if hold_back.switches_per_hour is not None:
        limit = counted(hold_back.switches_per_hour, "switch", "switches")
        unless.append(f"while the last hour had {limit} or more")
    if hold_back.damping is not None:
        unless.append("while that uplink is damped")
    back = "When a more preferred uplink is healthy again, the traffic returns to it"
    if not unless:
        return f"{back} at once."
    return (
        f"{back}, but not {', and not '.join(unless)}. This never delays a move away from a failed"
        " uplink."
    )


def _damping(damping: Damping) -> str:
    failures = floor(damping.suppress) + 1
    return (
        "An uplink that flaps is damped. Each failure adds 1 to its penalty, which halves every"
        f" {seconds(damping.half_life)}. Above {number(damping.suppress)}"
        f" ({counted(failures, 'failure')} in a short time) it is damped until the penalty is below"
        f" {number(damping.reuse)}, for {seconds(damping.max_hold)} at most. A damped uplink is"
        " used only if no other is healthy."
    )


def _may_be_suspect(policy: Policy, probe: Probe) -> bool:
    """Whether two uplinks of a family ask several targets: less proves nothing of a target."""
    families = [u.family for u in policy.uplinks if probe.goes_through(u.name)]
    return any(families.count(f) >= WITNESSES and len(probe.targets_for(f)) > 1 for f in Family)


# How often it is wrong.


def _wrong(policy: Policy) -> Iterator[str]:
    figures = figures_of(policy).uplinks
    alike = {figure.false_failures for figure in figures}
    losses = listed([share(loss) for loss in LOSSES], "or")
    yield from paragraph(
        f"If {losses} of the packets are lost at random, independently of each other, the rules"
        " fail a working uplink:"
    )
    for figure in figures[: 1 if len(alike) == 1 else len(figures)]:
        whom = f"{policy.label(figure.id)}: " if len(alike) > 1 else ""
        often = [f"{failing_in_words(f)} at {share(loss)}" for loss, f in figure.false_failures]
        yield from item(f"{whom}{', '.join(often)}")
    yield ""
