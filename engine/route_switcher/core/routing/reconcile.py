"""Bringing the kernel to the plan, so that there is never a moment without a default route.

Nothing here touches a kernel: `reconcile` and `converge` are generators that ask for one thing at a
time, and are sent what came of it. The daemon and the virtual world drive them.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from route_switcher.core.routing.diff import additions, deletions, deletions_elsewhere
from route_switcher.core.routing.plan import Plan
from route_switcher.core.routing.rule_list import lacks_main, most_deletions
from route_switcher.core.routing.rule_plan import rule_actions
from route_switcher.core.vocabulary.policy_rules import RoutingRule, RoutingRuleAction
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction

ATTEMPTS = 5
"""Times in a row after one event: a refusal may change the plan, but not for ever."""

DELETIONS = 32
"""Routes of a family, for each thing that they lead to, that are deleted in one reconcile at most.
A policy needs a few; more are ours only if somebody else adds them, and everything waits for a
reconcile. 32 take about 5 ms."""


@dataclass(frozen=True, slots=True)
class ReadRoutes:
    """Wants the default routes, as `Reply`; of all, or only ours."""

    ours_only: bool


@dataclass(frozen=True, slots=True)
class ReadRules:
    """Wants the rules of ours of both families, in the kernel's order, as `Reply`."""


Action: TypeAlias = RouteAction | RoutingRuleAction
Request: TypeAlias = ReadRoutes | ReadRules | Action
Reply: TypeAlias = tuple[Route, ...] | tuple[RoutingRule, ...] | str | None
"""To `ReadRoutes` the routes, to `ReadRules` the rules; to an action None, or why it was refused,
in words."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of it: the actions that were carried out, and those refused with the reason."""

    done: tuple[RouteAction, ...]
    refused: tuple[tuple[RouteAction, str], ...]
    unfinished: bool = False
    """Whether more routes or rules should go than may in one reconcile, so that some are left."""
    rules_done: tuple[RoutingRuleAction, ...] = ()
    rules_refused: tuple[tuple[RoutingRuleAction, str], ...] = ()
    again: bool = False
    """It only put back what somebody takes away again and again; the driver asks the engine."""

    @property
    def changed(self) -> bool:
        """Whether anything was tried."""
        return bool(self.done or self.refused or self.rules_done or self.rules_refused)


@dataclass(slots=True)
class _Outcomes:
    """What was carried out so far, and what was refused."""

    done: list[Action] = field(default_factory=list)
    refused: list[tuple[Action, str]] = field(default_factory=list)
    rules_left: bool = False
    """Whether more rules may have to go."""

    def take_refused_routes(self) -> list[RouteAction]:
        """The routes that were refused, to be tried once more."""
        taken = [action for action, _ in self.refused if isinstance(action, RouteAction)]
        self.refused = [each for each in self.refused if each[0] not in taken]
        return taken

    def reconciled(self) -> Reconciled:
        done, refused = self.done, self.refused
        return Reconciled(
            tuple(a for a in done if isinstance(a, RouteAction)),
            tuple((a, why) for a, why in refused if isinstance(a, RouteAction)),
            rules_done=tuple(a for a in done if isinstance(a, RoutingRuleAction)),
            rules_refused=tuple((a, w) for a, w in refused if isinstance(a, RoutingRuleAction)),
        )


def reconcile(plans: Iterable[Plan]) -> Generator[Request, Reply, Reconciled]:
    """Make all additions of every plan, read back, and only then delete what should go.

    The deletions follow from what was read back: while nothing carries the traffic of the active
    uplink, or an uplink's other route is not there, its old one stays. At most `DELETIONS` go of
    each family. One refused action does not stop the others. Rules are added when the routes that
    they lead to were seen, and deleted before those; after a refused one its list is left as it is.
    """
    outcomes = _Outcomes()
    plans = tuple(plans)
    # Where a foreign route carries the traffic, it must be seen as well.
    look = ReadRoutes(all(plan.active is None or plan.active.ours for plan in plans))
    seen = _routes((yield look))
    to_add = [action for plan in plans for action in additions(plan, seen)]
    yield from _carry_out(to_add, outcomes)
    if to_add:
        seen = _routes((yield look))
    if outcomes.refused and (yield from _main_in_front(plans, seen, outcomes)):
        yield from _carry_out(outcomes.take_refused_routes(), outcomes)
        seen = _routes((yield look))
    to_delete = [deletions(plan, seen) for plan in plans]
    most = max((DELETIONS * len(plan.destinations) for plan in plans), default=DELETIONS)
    for actions in to_delete:
        yield from _carry_out(actions[:most], outcomes)
    rules: tuple[RoutingRule, ...] = ()
    if any(plan.looks_at_rules for plan in plans):
        rules = yield from _rules_in_order(plans, seen, outcomes)
    elsewhere = [deletions_elsewhere(plan, seen, rules) for plan in plans]
    for actions in elsewhere:
        yield from _carry_out(actions[:most], outcomes)
    left = any(len(actions) > most for actions in (*to_delete, *elsewhere))
    reconciled = outcomes.reconciled()
    return replace(reconciled, unfinished=left or outcomes.rules_left)


def _main_in_front(
    plans: Iterable[Plan], seen: tuple[Route, ...], outcomes: _Outcomes
) -> Generator[Request, Reply, bool]:
    """Put the rules of each family right where the one about main is missing: without it the kernel
    looks for a gateway in the table of the traffic, and refuses IPv6 routes (ip6_route_check_nh in
    net/ipv6/route.c). Returns whether any was."""
    plans = [plan for plan in plans if plan.looks_at_rules]
    rules = _rules((yield ReadRules())) if plans else ()
    acted = False
    for plan in plans:
        if not lacks_main(rule for rule in rules if rule.family is plan.family):
            continue
        acted |= yield from _bring_rules(plan, seen, rules, outcomes)
    return acted


def _rules_in_order(
    plans: Iterable[Plan], seen: tuple[Route, ...], outcomes: _Outcomes
) -> Generator[Request, Reply, tuple[RoutingRule, ...]]:
    """Bring the rules to the plans; returns those that are there then."""
    rules = _rules((yield ReadRules()))
    acted = False
    for plan in plans:
        acted |= yield from _bring_rules(plan, seen, rules, outcomes)
    return _rules((yield ReadRules())) if acted else rules


def _bring_rules(
    plan: Plan, seen: tuple[Route, ...], rules: tuple[RoutingRule, ...], outcomes: _Outcomes
) -> Generator[Request, Reply, bool]:
    """Change those of one family, up to the first that is refused. Returns whether any was to be
    changed."""
    actions = rule_actions(plan, seen, rules)
    gone = 0
    for action in actions:
        if not (yield from _carry_out_one(action, outcomes)):
            break
        gone += action.change is Change.DELETE
    ours = sum(rule.ours and rule.family is plan.family for rule in rules)
    outcomes.rules_left |= gone >= most_deletions(ours)
    return bool(actions)


class Convergence:
    """Follows the plans of an engine as they change. `plans` gives those of now."""

    def __init__(self, plans: Callable[[], tuple[Plan, ...]]) -> None:
        self._plans = plans
        self._planned: tuple[Plan, ...] = ()
        self._asked = False

    @property
    def due(self) -> bool:
        """Whether the kernel is to be brought to the plan: it changed, or somebody asked."""
        return self._asked or self._plans() != self._planned

    def ask(self) -> None:
        """Bring the kernel to the plan, though that has not changed."""
        self._asked = True

    def steps(self) -> Generator[Request | Reconciled, Reply, None]:
        """All that is to be done after one event. For each `Reconciled` the driver tells the engine
        what came of it, which may change the plan."""
        for _ in range(ATTEMPTS):
            self._asked = False
            self._planned = self._plans()
            yield (yield from reconcile(self._planned))
            # What was refused is out of the new plan, or (a deletion) would be refused again.
            if not self.due:
                break


def _carry_out(actions: Iterable[Action], outcomes: _Outcomes) -> Generator[Request, Reply, None]:
    for action in actions:
        yield from _carry_out_one(action, outcomes)


def _carry_out_one(action: Action, outcomes: _Outcomes) -> Generator[Request, Reply, bool]:
    """Returns whether it was carried out."""
    why = yield action
    if isinstance(why, str):
        outcomes.refused.append((action, why))
        return False
    outcomes.done.append(action)
    return True


def _routes(reply: Reply) -> tuple[Route, ...]:
    assert isinstance(reply, tuple)
    return tuple(each for each in reply if isinstance(each, Route))


def _rules(reply: Reply) -> tuple[RoutingRule, ...]:
    assert isinstance(reply, tuple)
    return tuple(each for each in reply if isinstance(each, RoutingRule))
