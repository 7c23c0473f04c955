"""From the rules that the kernel has to the desired ones: the rule actions, in a safe order.

All rules of ours have one preference, and the kernel puts a new rule behind those of equal
preference. So the list is changed from its end: the longest beginning that agrees is kept, what
follows is taken out from last to first, and the rest is added.

Two things must hold at every step. A rule that leads all traffic to a table of ours never stands
without the rule about main before it: the neighbours of this machine would be looked for at the
provider. And while the rule about main stands, traffic never loses the way that it has: meanwhile
another rule of the same meaning (`bridge`) leads it there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import (
    PREFERENCE,
    RoutingRule,
    RoutingRuleAction,
    RuleAction,
    deleted,
)
from route_switcher.core.vocabulary.routes import Change

DELETIONS = 16
"""Rules of a family that are deleted at most before others get a turn. A policy needs few."""
_LEAST, _READ = 2, 4096
"""Fewer go where there are so many rules that more than `_READ` would be read meanwhile: the kernel
cannot be told exactly which rule to delete, so all of them are read before and after each."""

UNUSED_MARK = 0x73737373
"""A firewall mark that no packet has."""


def most_deletions(rules: int) -> int:
    """How many of so many rules of ours are deleted before others get a turn."""
    return max(_LEAST, min(DELETIONS, _READ // max(rules, 1)))


def leads_all(rule: RoutingRule) -> bool:
    """Whether all traffic that comes to `rule` looks in a table other than main."""
    selectors = (
        rule.source,
        rule.destination,
        rule.in_interface,
        rule.out_interface,
        rule.uids,
        rule.ip_protocol,
        rule.suppress_prefixlength,
    )
    return (
        rule.action is RuleAction.LOOKUP
        and rule.table != MAIN_TABLE
        and all(selector is None for selector in selectors)
        and (rule.mark is None or rule.inverted)
        and not rule.unknown
    )


def leaves_defaults_out(rule: RoutingRule) -> bool:
    """Whether `rule` is the one that looks in main, but not at its default routes."""
    return rule.table == MAIN_TABLE and rule.suppress_prefixlength == 0


def lacks_main(rules: Iterable[RoutingRule]) -> bool:
    """Whether all traffic comes to a table of our own before the rule about main. `rules` are those
    of ours of one family, in the kernel's order."""
    first = next((r for r in rules if leads_all(r) or leaves_defaults_out(r)), None)
    return first is not None and leads_all(first)


def bridge(lookup: RoutingRule) -> RoutingRule:
    """A rule of the same meaning as `lookup`, and another for the kernel. It takes one of its
    preference and table only once, and can tell the two apart."""
    return replace(lookup, mark=UNUSED_MARK, inverted=True)


def rule_changes(
    desired: Sequence[RoutingRule], seen: Iterable[RoutingRule]
) -> tuple[RoutingRuleAction, ...]:
    """The actions after which the rules of ours are `desired`, where `seen` are there.

    `seen` are of one family, in the kernel's order. Rules of others are not touched. With
    `most_deletions` deletions among the actions, more may be left to do.
    """
    return _Changes(desired, [rule for rule in seen if rule.ours]).made()


class _Changes:
    """The rules as they are after each action. They are told apart by identity: one with parts that
    we do not know equals another."""

    def __init__(self, desired: Sequence[RoutingRule], ours: list[RoutingRule]) -> None:
        self._desired = tuple(desired)
        self._rules = ours
        self._most = most_deletions(len(ours))
        self._actions: list[RoutingRuleAction] = []
        lookup = next((rule for rule in self._desired if leads_all(rule)), None)
        self._bridge = bridge(lookup) if lookup is not None else None

    def made(self) -> tuple[RoutingRuleAction, ...]:
        if len(self._rules) == len(self._desired) == len(self._agreeing(self._rules)):
            return ()
        standing = self._standing_bridge
        if standing is not None and self._useless(standing):
            self._take_out(standing)  # an engine ended in the middle of a change
        kept = self._kept()
        if not self._clear(kept):
            return tuple(self._actions)
        for rule in self._desired[len(kept) :]:
            self._add(rule, "is to stand here")
        standing = self._standing_bridge
        if standing is not None:
            self._take_out(standing)
        return tuple(self._actions)

    def _useless(self, standing: RoutingRule) -> bool:
        """Whether traffic has another way, or comes to this one without the rule about main."""
        before = self._rules[: next(n for n, r in enumerate(self._rules) if r is standing)]
        others = any(leads_all(rule) for rule in self._rules if rule is not standing)
        return others or not any(map(leaves_defaults_out, before))

    def _clear(self, kept: Sequence[RoutingRule]) -> bool:
        """Take out what does not stay where it is; whether that was all."""
        sound = bool(kept) and leaves_defaults_out(kept[0])
        leading = [rule for rule in self._rules if leads_all(rule) and not _is_in(rule, kept)]
        standing = self._standing_bridge
        if sound and self._bridge is not None and leading and standing is None:
            self._add(self._bridge, "keeps the way of the traffic while rules change")
        stays = [*kept, *(rule for rule in [self._standing_bridge] if sound and rule is not None)]
        gone = [rule for rule in self._rules if not _is_in(rule, stays)]
        gone.sort(key=leads_all)  # from the last to the first: these go first
        for rule in reversed(gone):
            if sum(action.change is Change.DELETE for action in self._actions) >= self._most:
                return False
            self._take_out(rule)
        return True

    def _kept(self) -> Sequence[RoutingRule]:
        """The beginning that stays. A rule of it that a deletion would take does not."""
        standing = self._standing_bridge
        others = [rule for rule in self._rules if rule is not standing]
        kept = self._agreeing([rule for rule in others if rule.preference == PREFERENCE])
        while kept:
            before = self._rules[: next(n for n, r in enumerate(self._rules) if r is kept[-1]) + 1]
            gone = [deleted(rule, before) for rule in others if not _is_in(rule, kept)]
            taken = next((n for n, rule in enumerate(kept) if _is_in(rule, gone)), None)
            if taken is None:
                return kept
            kept = kept[:taken]
        return kept

    def _agreeing(self, rules: Sequence[RoutingRule]) -> Sequence[RoutingRule]:
        pairs = enumerate(zip(rules, self._desired, strict=False))
        end = next((n for n, (one, other) in pairs if one != other or one.unknown), None)
        return rules[: min(len(rules), len(self._desired)) if end is None else end]

    @property
    def _standing_bridge(self) -> RoutingRule | None:
        return next((r for r in self._rules if r == self._bridge and not r.unknown), None)

    def _add(self, rule: RoutingRule, reason: str) -> None:
        behind = sum(each.preference <= rule.preference for each in self._rules)
        self._rules.insert(behind, rule)
        self._actions.append(RoutingRuleAction(Change.ADD, rule, reason))

    def _take_out(self, rule: RoutingRule) -> None:
        """Take out `rule`, and before it what the kernel would take in its place."""
        while _is_in(rule, self._rules):
            taken = deleted(rule, self._rules)
            assert taken is not None
            self._rules = [each for each in self._rules if each is not taken]
            self._actions.append(RoutingRuleAction(Change.DELETE, taken, "is not to stand here"))


def _is_in(rule: RoutingRule, rules: Iterable[RoutingRule | None]) -> bool:
    return any(each is rule for each in rules)
