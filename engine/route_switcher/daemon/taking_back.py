"""Takes back the routes and rules of ours, and says what carries the traffic then."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from route_switcher.core.routing.rule_list import rule_changes
from route_switcher.core.vocabulary.lookups import Answer, Refused
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.routes import Change, RouteAction
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.core.ways.way_out import describe_way_out, leads_out, no_default, question_of
from route_switcher.kernel.base import Kernel, Oracle


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What came of it, a line for each thing."""

    lines: tuple[str, ...]
    complete: bool
    """The kernel refused nothing."""


async def take_back(kernel: Kernel, families: Collection[Family], reason: str) -> TakenBack:
    """Remove every rule and route of ours in `families`, in all tables.

    The rules go first, each before the routes that it leads to, and the best route is the last to
    go. What the kernel refuses stays, and the rest goes all the same.
    """
    lines, complete = [], True
    kernel.follow((), await kernel.tables_of_ours() | {MAIN_TABLE})
    for family in [family for family in Family if family in families]:
        told, whole = await _take_back_rules(kernel, family)
        lines += told
        complete = complete and whole
    left = {(rule.family, rule.table) for rule in await kernel.our_rules()}
    ours = [r for r in await kernel.default_routes(ours_only=True) if r.family in families]
    # From the highest metric down: the best route is the last to go.
    for route in sorted(ours, key=lambda route: -route.metric):
        if route.table != MAIN_TABLE and (route.family, route.table) in left:
            lines.append(f"not removed: {route}: a rule still leads to it")
            continue
        refused = await kernel.apply(RouteAction(Change.DELETE, route, reason))
        complete = complete and refused is None
        lines.append(f"not removed: {route}: {refused}" if refused else f"removed: {route}")
    return TakenBack(tuple(lines), complete)


async def _take_back_rules(kernel: Kernel, family: Family) -> tuple[list[str], bool]:
    """What became of each, in words, and whether all are gone. After one that the kernel refuses,
    the others stay: they belong behind it."""
    lines: list[str] = []
    while actions := rule_changes((), [r for r in await kernel.our_rules() if r.family is family]):
        for action in actions:
            refused = await kernel.apply_rule(action)
            what = f"{family} rule {action.rule}"
            lines.append(f"not removed: {what}: {refused}" if refused else f"removed: {what}")
            if refused is not None:
                return lines, False
    return lines, True


async def ways_out(kernel: Kernel, oracle: Oracle, families: Iterable[Family]) -> tuple[str, ...]:
    """By what the traffic of each family leaves now, as the kernel says."""
    families = tuple(families)
    questions = {family: question_of(family) for family in families}
    findings = await oracle.findings(tuple(questions.values()))
    defaults = {route.family for route in await kernel.default_routes() if leads_out(route)}
    return tuple(
        describe_way_out(family, findings.answers[question])
        if family in defaults or not _refused(findings.answers[question])
        else no_default(family)
        for family, question in questions.items()
    )


def _refused(answer: Answer) -> bool:
    return isinstance(answer, Refused)
