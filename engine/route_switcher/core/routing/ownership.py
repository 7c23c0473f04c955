"""Which routes of ours the kernel should have, what went missing, and when it is put back.

What somebody else took away is put back at once, and what somebody added as ours is deleted at
once. Where that happens again and again, somebody is fighting for these routes, and it is done only
now and then. More than a reconcile deletes are deleted bit by bit, and soon where any of them leads
traffic astray.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import TypeAlias

from route_switcher.core.routing.diff import lead_astray
from route_switcher.core.routing.losses import Losses
from route_switcher.core.routing.plan import Plan
from route_switcher.core.vocabulary.effects import Reconcile
from route_switcher.core.vocabulary.events import Applied, LinkState
from route_switcher.core.vocabulary.outputs import (
    Level,
    Notice,
    Output,
    RouteLost,
    RoutingRuleLost,
)
from route_switcher.core.vocabulary.policy_rules import RoutingRule, RoutingRuleAction
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction, under_new_names

Links: TypeAlias = Mapping[str, LinkState]
"""The links of interfaces, by name."""

RESTORATIONS = 5
RESTORATION_SPAN = 0.5
"""How often in how many seconds routes are put back at once, and as often are others deleted.
Beyond that, it is done once in that span."""

REMOVAL_PAUSE = 0.1
"""Seconds until more are deleted, where they were too many for one time (`reconcile.DELETIONS`):
rounds and news have their turn meanwhile."""

REMOVAL_RESTS = 3
"""On a slow machine the pause is so many times as long as the deletion took. That is known only of
one that was asked for here. After any other the pause is `REMOVAL_PAUSE`."""

LONGEST_REMOVAL_PAUSE = 5.0
"""Seconds. The pause is never longer, however long the deletion took."""

_SOMEBODY = "somebody else"
_KERNEL = "the kernel, with its interface or address"


class _Allowance:
    """So often in so many seconds something may be done at once."""

    def __init__(self) -> None:
        self._done: deque[float] = deque([-inf] * RESTORATIONS, RESTORATIONS)

    def take(self, at: float) -> float:
        """When to do what is wanted at `at`: then, or when it may be done again."""
        if self._done[0] > at - RESTORATION_SPAN:
            return self._done[0] + RESTORATION_SPAN
        self._done.append(at)
        return at


class Ownership:
    """Remembers what the kernel has acknowledged. Times are seconds."""

    def __init__(self) -> None:
        self._expected: frozenset[Route] = frozenset()
        self._seen: frozenset[Route] = frozenset()
        self._rules: tuple[RoutingRule, ...] = ()
        """Those that should be there, in the kernel's order."""
        self._restorations = _Allowance()
        self._removals = _Allowance()
        self._route_losses: Losses[Route] = Losses("routes")
        self._rule_losses: Losses[RoutingRule] = Losses("rules")
        self._asked_at: float | None = None
        """Since when a reconcile is asked for, if one is."""
        self._rest_until = -inf
        """Until when nothing more is deleted, even if it leads traffic astray."""
        self.restore_at = inf
        """When to bring the kernel to the plan again, though that has not changed; inf: never."""

    def begin(self, routes: Iterable[Route], rules: Iterable[RoutingRule]) -> None:
        """Take what is there of ours as it is: at a start, and after a reload."""
        self._expected = self._seen = _ours(routes)
        self._rules = tuple(rules)

    def rename(self, routes: Iterable[Route]) -> None:
        """Interfaces may be called otherwise now: our routes stay where they are."""
        self._expected = under_new_names(self._expected, _ours(routes))

    def on_applied(self, event: Applied, links: Links) -> list[Output]:
        """The kernel was brought to the plan. A route that had to be added once more had been taken
        away."""
        self.restore_at = event.at + self._removal_pause(event.at) if event.unfinished else inf
        self._rest_until = event.at + REMOVAL_PAUSE if event.unfinished else -inf
        self._asked_at = None
        for action in event.rules:
            others = tuple(rule for rule in self._rules if rule != action.rule)
            self._rules = (*others, *([action.rule] if action.change is Change.ADD else []))
        actions = event.actions
        added = frozenset(a.route for a in actions if a.change is not Change.DELETE)
        again = added & self._expected
        replaced = {_key(a.route) for a in actions if a.change is Change.REPLACE}
        deleted = {a.route for a in actions if a.change is Change.DELETE}
        deleted |= {route for route in self._expected if _key(route) in replaced}
        self._expected = self._expected - deleted | added
        return self._lost(event.at, again, links)

    def see(
        self, at: float, routes: Iterable[Route], links: Links, plans: Callable[[], Iterable[Plan]]
    ) -> list[Output]:
        """Take what the kernel has now. Returns what went missing, and whether to put it back.
        `plans` gives those of now."""
        ours, before = _ours(routes), self._seen
        self._seen = ours
        self._expected = under_new_names(self._expected, ours)
        missing = self._expected - ours
        surplus = ours - self._expected if ours != before else frozenset()
        self._expected -= missing
        if missing:
            self.restore_at = self._restorations.take(at)
        elif surplus and self.restore_at == inf:
            self.restore_at = self._removals.take(at)
        if surplus and self.restore_at > at and any(lead_astray(p, surplus) for p in plans()):
            soon = max(self._removals.take(at), self._rest_until)
            self.restore_at = min(self.restore_at, soon)
        return [*self._lost(at, missing, links), *self.on_time(at)]

    def see_rules(self, at: float, rules: tuple[RoutingRule, ...]) -> list[Output]:
        """The same of the rules; also their order is put right."""
        before, self._rules = self._rules, rules
        there = frozenset(rules)
        missing = [rule for rule in before if rule not in there]
        if missing:
            self.restore_at = min(self.restore_at, self._restorations.take(at))
        elif _by_family(before) != _by_family(rules):
            self.restore_at = min(self.restore_at, self._removals.take(at))
        again, text = self._rule_losses.see(at, missing)
        lost = [RoutingRuleLost(at, rule, rule in again) for rule in missing]
        return [*lost, *_warning(at, text), *self.on_time(at)]

    def on_time(self, at: float) -> list[Output]:
        """Whether to put routes back now."""
        if self.restore_at > at:
            return []
        if self._asked_at is None:
            self._asked_at = at
        return [Reconcile(at)]

    def only_puts_back(
        self, at: float, actions: Iterable[RouteAction], rules: Iterable[RoutingRuleAction]
    ) -> bool:
        """Whether these were done for nothing but what is taken away again and again."""
        back = (
            a.change is not Change.DELETE and self._route_losses.again(at, a.route) for a in actions
        )
        rules = tuple(rules)
        ruled = any(self._rule_losses.again(at, action.rule) for action in rules)
        return all(back) and (ruled or not rules)

    def _removal_pause(self, at: float) -> float:
        took = 0.0 if self._asked_at is None else at - self._asked_at
        return min(max(REMOVAL_PAUSE, REMOVAL_RESTS * took), LONGEST_REMOVAL_PAUSE)

    def _lost(self, at: float, routes: Iterable[Route], links: Links) -> list[Output]:
        routes = sorted(routes, key=str)
        stolen = [route for route in routes if _usable(links.get(route.interface), route)]
        again, text = self._route_losses.see(at, stolen)
        lost = [
            RouteLost(at, route, _SOMEBODY if route in stolen else _KERNEL, route in again)
            for route in routes
        ]
        return [*lost, *_warning(at, text)]


def _warning(at: float, text: str) -> list[Output]:
    return [Notice(at, Level.WARNING, text)] if text else []


def _usable(link: LinkState | None, route: Route) -> bool:
    """Whether the kernel had no reason to take it away."""
    if not route.interface:
        return True
    return link is not None and link.up and route.family in link.families


def _ours(routes: Iterable[Route]) -> frozenset[Route]:
    return frozenset(route for route in routes if route.ours)


def _key(route: Route) -> object:
    return route.family, route.table, route.destination, route.metric


def _by_family(rules: Iterable[RoutingRule]) -> list[RoutingRule]:
    return sorted(rules, key=lambda rule: rule.family.value)
