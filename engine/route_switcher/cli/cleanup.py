"""Remove all routes and routing rules of route-switcher, and nothing else.

It looks in all tables. It removes the rules first, then the routes. Routes of
other programs stay. Then it asks the kernel which way traffic leaves now, and
says so for IPv4 and for IPv6. It does not work while an engine runs here, and
it needs root (CAP_NET_ADMIN).

Exit code: 0 done, 1 it cannot, 2 wrong usage.
"""

import argparse
import sys
from contextlib import ExitStack

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS
from route_switcher.core.vocabulary.uplinks import Family
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
    from route_switcher.daemon.taking_back import take_back, ways_out
    from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
    from route_switcher.kernel.rtnetlink.oracle import NetlinkOracle

    with NetlinkKernel() as kernel, NetlinkOracle(kernel.discarded) as oracle:
        taken = await take_back(kernel, tuple(Family), "cleanup")
        ways = await ways_out(kernel, oracle, Family)
    return EXIT_OK if taken.complete else EXIT_PROBLEMS, [*taken.lines, *ways]
