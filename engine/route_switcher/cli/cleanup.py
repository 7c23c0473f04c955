"""Remove every default route and every routing rule of ours, and nothing else.

They are looked for in all tables. The rules go first, each before the routes
that it leads to. What other programs added stays. If no default route is left
in the main table then, it says so. It does not work while an engine runs here,
and it needs root (CAP_NET_ADMIN).

Exit code: 0 done, 1 it cannot, 2 wrong usage.
"""

import argparse
import sys
from contextlib import ExitStack

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS
from route_switcher.core.routing.rule_list import rule_changes
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.routes import Change, RouteAction
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.base import Kernel
from route_switcher.kernel.host.privileges import NET_ADMIN, missing_capabilities


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`cleanup` takes none."""


def execute(arguments: argparse.Namespace) -> int:
    """Remove our routes."""
    # Here and not above: the completion of all commands is made without trio and pyroute2.
    from route_switcher.cli import on_trio
    from route_switcher.daemon.serve import CannotStart
    from route_switcher.kernel.host.lock import AlreadyRunning, Lock

    with ExitStack() as held:
        try:
            if missing_capabilities({NET_ADMIN}):
                return _cannot(f"missing privileges ({NET_ADMIN}): run it as root")
            lock = held.enter_context(Lock())
        except AlreadyRunning as error:
            return _cannot(f"{error}: stop it first")
        except OSError as error:
            return _cannot(f"the kernel refused it: {error}")
        for note in lock.notes:
            print(f"route-switcher cleanup: {note}", file=sys.stderr)
        try:
            code, told = on_trio.run(_clean)
        except CannotStart as error:
            return _cannot(str(error))
    for line in told:
        print(line)
    return code


def _cannot(message: str) -> int:
    print(f"route-switcher cleanup: {message}", file=sys.stderr)
    return EXIT_PROBLEMS


async def _clean() -> tuple[int, list[str]]:
    """The exit code, and what to say then: one who does not read it must not stop this half-way."""
    from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel

    with NetlinkKernel() as kernel:
        return await _remove_ours(kernel)


async def _remove_ours(kernel: Kernel) -> tuple[int, list[str]]:
    code, told = EXIT_OK, []
    kernel.follow((), await kernel.tables_of_ours() | {MAIN_TABLE})
    rules = await kernel.our_rules()
    for family in Family:
        for action in rule_changes((), [rule for rule in rules if rule.family is family]):
            refused = await kernel.apply_rule(action)
            what = f"{family} rule {action.rule}"
            told.append(f"not removed: {what}: {refused}" if refused else f"removed: {what}")
            if refused is not None:
                code = EXIT_PROBLEMS
                break  # the rules that come next belong behind this one
    left = {rule.table for rule in await kernel.our_rules()}
    # From the highest metric down: the best route is the last to go.
    for route in sorted(await kernel.default_routes(ours_only=True), key=lambda r: -r.metric):
        if route.table != MAIN_TABLE and route.table in left:
            told.append(f"not removed: {route}: a rule still leads to it")
            continue
        refused = await kernel.apply(RouteAction(Change.DELETE, route, "cleanup"))
        if refused is not None:
            code = EXIT_PROBLEMS
        told.append(f"not removed: {route}: {refused}" if refused else f"removed: {route}")
    if not await kernel.default_routes():
        told.append("no default route is left on this machine")
    return code, told
