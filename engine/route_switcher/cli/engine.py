"""The engine on this machine's kernel: what must hold first, and the line if it does not."""

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import trio

from route_switcher import __version__
from route_switcher.cli import FINE, PROBLEMS
from route_switcher.core.model import Policy, Uplink
from route_switcher.core.routes import RouteAction
from route_switcher.daemon.dry_run import DryRunTable
from route_switcher.daemon.interfaces import Interfaces
from route_switcher.daemon.report import say, set_up_log
from route_switcher.daemon.serve import serve
from route_switcher.daemon.service import Service
from route_switcher.kernel.lock import AlreadyRunning, Lock
from route_switcher.kernel.netlink import NetlinkKernel
from route_switcher.kernel.privileges import missing_capabilities
from route_switcher.probes.echo import EchoLine, ProbeNotPermitted


def run(
    policy: Policy,
    load: Callable[[], Policy],
    doubts: Callable[[], Sequence[str]],
    doubted: Sequence[str],
    *,
    dry_run: bool,
    log_level: str,
    log_format: str,
) -> int:
    """Run until a signal ends it; returns the exit code.

    `load` reads the policy anew, and `doubts` says what to warn of then; `doubted` of this one.
    """
    set_up_log(log_level, log_format)
    missing = [c for c in missing_capabilities() if not (dry_run and c == "CAP_NET_ADMIN")]
    if missing:
        return _cannot(f"missing privileges ({', '.join(missing)}): run it as root")
    with ExitStack() as held:
        notes: list[str] = []
        if not dry_run:
            try:
                notes = held.enter_context(Lock()).notes
            except AlreadyRunning as error:
                return _cannot(f"{error}: stop that one first")
        mode = ", dry run: nothing is written" if dry_run else ""
        uplinks = ", ".join(f"{u.name} ({u.interface} via {u.gateway})" for u in policy.uplinks)
        say(logging.INFO, "start", f"route-switcher {__version__}{mode}: {uplinks}")
        for note in notes:
            say(logging.WARNING, "lock", note)
        for line in doubted:
            say(logging.WARNING, "policy", line)
        ended_by: list[BaseException] = []
        try:
            trio.run(_serve, policy, load, doubts, dry_run)
        except* (ProbeNotPermitted, _OutputLost) as group:
            ended_by = _leaves(group)
    match ended_by:
        case [_OutputLost() as lost, *_]:
            raise lost.error
        case [refused, *_]:
            return _cannot(str(refused))
    return FINE


async def _serve(
    policy: Policy,
    load: Callable[[], Policy],
    doubts: Callable[[], Sequence[str]],
    dry_run: bool,
) -> None:
    with NetlinkKernel() as kernel:
        table = DryRunTable(kernel, _show) if dry_run else None
        look = Interfaces(writes=not dry_run).look
        service = Service(policy, kernel, _line, table=table, look_at_links=look)
        await serve(service, load, doubts)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves


def _line(uplink: Uplink) -> EchoLine:
    def warn(trouble: str) -> None:
        say(logging.WARNING, "flood", f"{uplink.name}: {trouble}", uplink=uplink.name)

    return EchoLine(uplink.interface, uplink.family, warn)


class _OutputLost(Exception):  # noqa: N818 - a condition, which the command line knows how to tell
    """What a dry run prints cannot be written."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def _show(action: RouteAction) -> None:
    try:
        print(action, flush=True)
    except OSError as error:
        raise _OutputLost(error) from None


def _cannot(message: str) -> int:
    print(f"route-switcher run: {message}", file=sys.stderr)
    return PROBLEMS
