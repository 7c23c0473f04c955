"""Rules that the kernel refused to add or to delete, and when each may be asked for again."""

from collections.abc import Iterable
from math import inf

from route_switcher.core.routing.refusals import FIRST_PAUSE, LONGEST_PAUSE
from route_switcher.core.routing.rule_list import leaves_defaults_out
from route_switcher.core.vocabulary.policy_rules import RoutingRule, RoutingRuleAction
from route_switcher.core.vocabulary.routes import Change


class RuleRefusals:
    """What was refused in one family. A pause doubles with each refusal of the same rule."""

    def __init__(self) -> None:
        self._until: dict[tuple[Change, RoutingRule], float] = {}
        self._pauses: dict[tuple[Change, RoutingRule], float] = {}
        self._told: dict[tuple[Change, RoutingRule], str] = {}

    @property
    def none(self) -> bool:
        """Whether nothing is refused now."""
        return not self._until

    def add(self, at: float, action: RoutingRuleAction, reason: str) -> bool:
        """The kernel refused `action`. Returns whether that is news, worth telling a person."""
        key = (action.change, action.rule)
        pause = self._pauses.get(key, FIRST_PAUSE)
        self._pauses[key] = min(2 * pause, LONGEST_PAUSE)
        self._until[key] = at + pause
        before, self._told[key] = self._told.get(key), reason
        return reason != before

    def see(self, rules: Iterable[RoutingRule]) -> None:
        """Take what the kernel has now: what has come about was not refused for good."""
        there = frozenset(rules)
        for key in list(self._told):
            change, rule = key
            if (change is Change.ADD) == (rule in there):
                self._until.pop(key, None)
                self._pauses.pop(key, None)
                del self._told[key]

    def expire(self, at: float) -> None:
        """Forget those whose pause is over."""
        self._until = {key: until for key, until in self._until.items() if until > at}

    def forget(self) -> None:
        """A person has changed the policy: everything is tried again."""
        self._until, self._pauses, self._told = {}, {}, {}

    def deadline(self) -> float:
        """When the next pause is over; inf: never."""
        return min(self._until.values(), default=inf)

    def possible(self, rules: tuple[RoutingRule, ...]) -> tuple[RoutingRule, ...]:
        """Those of `rules` that may stand: not one that was refused, and none at all without the
        one about main."""
        refused = {rule for change, rule in self._until if change is Change.ADD}
        if any(leaves_defaults_out(rule) for rule in refused):
            return ()
        return tuple(rule for rule in rules if rule not in refused)

    @property
    def refused(self) -> frozenset[tuple[Change, RoutingRule]]:
        """What may not be asked for now."""
        return frozenset(self._until)

    @property
    def undeletable(self) -> frozenset[RoutingRule]:
        """Rules of ours whose deletion may not be asked for now."""
        return frozenset(rule for change, rule in self._until if change is Change.DELETE)
