"""The engine on this machine's kernel: what must hold first, and the line if it does not."""

import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import asdict
from functools import partial
from platform import python_version

import trio

from route_switcher import __version__
from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, on_trio
from route_switcher.cli.first_reading import AskedToEnd, read_in_time
from route_switcher.control.document import Program
from route_switcher.core.routing.reconcile import Action
from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Uplink, UplinkId
from route_switcher.daemon.connections import Connections
from route_switcher.daemon.control.listener import Listener
from route_switcher.daemon.control.observer import Control
from route_switcher.daemon.control.on_trial import OnTrial
from route_switcher.daemon.control.trial_file import First
from route_switcher.daemon.dropped_packets import DroppedPackets
from route_switcher.daemon.dry_run import DryRunTable
from route_switcher.daemon.hooks.kept import KeptHooks
from route_switcher.daemon.hooks.programs import Programs
from route_switcher.daemon.in_order import InOrder
from route_switcher.daemon.interfaces import Interfaces
from route_switcher.daemon.leaving import leave
from route_switcher.daemon.line_writer import LineWriter
from route_switcher.daemon.metrics.observer import Metrics
from route_switcher.daemon.metrics.reading import Build, Sources
from route_switcher.daemon.metrics.tally import Tally
from route_switcher.daemon.metrics.unix_time import UnixTime
from route_switcher.daemon.observers import LogObserver
from route_switcher.daemon.recording.recorder import Recorder
from route_switcher.daemon.reloading import Reloading
from route_switcher.daemon.report import lines_lost, say, set_up_log
from route_switcher.daemon.serve import CannotStart, serve
from route_switcher.daemon.service import Service
from route_switcher.daemon.thread_start import NoThread
from route_switcher.daemon.track_file import TrackFile
from route_switcher.kernel.host.lock import AlreadyRunning, Lock
from route_switcher.kernel.host.privileges import NET_ADMIN, missing_capabilities
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from route_switcher.kernel.rtnetlink.oracle import NetlinkOracle
from route_switcher.kernel.rtnetlink.scarcity import NoSocket
from route_switcher.policy.load import Written
from route_switcher.policy.problems import PolicyProblems
from route_switcher.printable import printable
from route_switcher.probes import registry
from route_switcher.probes.prober import Egress, OpenedProber, ProbeNotPermitted
from route_switcher.probes.resolvers import RESOLV_CONF, lacking_resolvers
from route_switcher.probes.source_address import LinkAddresses

_TURN = 0.0005
"""Seconds for which another thread may compute while the loop wants to go on. Python's 5 ms come
after each system call of the loop: while the journal's thread wrote 5,000 routes, a route that
somebody had taken away was put back after up to 530 ms, instead of 150 to 360."""


def run(
    first: First,
    load: Callable[[], Written],
    doubts: Callable[[], Sequence[str]],
    doubted: Sequence[str],
    *,
    origin: str,
    dry_run: bool,
    log_level: str,
    log_format: str,
) -> int:
    """Run `first` until a signal ends it; returns the exit code.

    `load` reads the policy again, and `doubts` says what to warn of then; `doubted` of this one,
    whose file or name is `origin`.
    """
    sys.setswitchinterval(_TURN)
    policy = first.written.policy
    set_up_log(log_level, log_format)
    try:
        missing = missing_capabilities(_needed_capabilities(policy, dry_run))
    except OSError as error:
        return _cannot(str(CannotStart(error)))
    if missing:
        return _cannot(f"missing privileges ({', '.join(missing)}): run it as root")
    try:
        lacking = read_in_time(partial(lacking_resolvers, policy), "", what=str(RESOLV_CONF))
    except AskedToEnd as signalled:
        print(f"route-switcher run: stopped by {signalled}", file=sys.stderr)
        return EXIT_OK
    except PolicyProblems as error:
        return _cannot(error.problems[0].message)
    if lacking:
        return _cannot("; ".join(lacking))
    with ExitStack() as held:
        notes: list[str] = []
        if not dry_run:
            try:
                notes = held.enter_context(Lock()).notes
            except AlreadyRunning as error:
                return _cannot(f"{error}: stop that one first")
            except OSError as error:
                return _cannot(str(CannotStart(error)))
        mode = ", dry run: nothing is written" if dry_run else ""
        uplinks = ", ".join(
            f"{policy.label(u.id)} ({u.interface} via {u.gateway})" for u in policy.uplinks
        )
        say(logging.INFO, "start", f"route-switcher {__version__}{mode}: {uplinks}")
        for note in notes:
            say(logging.WARNING, "lock", note)
        for line in (*first.lines, *doubted):
            say(logging.WARNING, "policy", line)
        ended_by: list[BaseException] = []
        try:
            listener = None if dry_run else held.enter_context(_listener())
            on_trio.run(_serve, first, origin, load, doubts, listener, dry_run)
        except* (ProbeNotPermitted, CannotStart, NoSocket, NoThread, _OutputLost) as group:
            ended_by = _leaves(group)
    match ended_by:
        case [_OutputLost() as lost, *_]:
            raise lost.error
        case [NoSocket() as scarce, *_]:
            return _cannot(f"{scarce}; the routes stay as they are")
        case [refused, *_]:
            return _cannot(str(refused))
        case _:
            return EXIT_OK


def _listener() -> Listener:
    """The control socket; and a line, if there can be none."""
    listener = Listener()
    if listener.trouble:
        say(logging.WARNING, "control", listener.trouble)
    return listener


async def _serve(
    first: First,
    origin: str,
    load: Callable[[], Written],
    doubts: Callable[[], Sequence[str]],
    listener: Listener | None,
    dry_run: bool,
) -> None:
    policy = first.written.policy
    try:
        connected = NetlinkKernel()
        asked = NetlinkOracle(connected.discarded)
    except OSError as error:
        raise CannotStart(error) from None
    with connected as kernel, asked as oracle:
        interfaces = Interfaces(writes=not dry_run, do=InOrder().do)
        addresses = LinkAddresses()

        def look(policy: Policy, links: Iterable[LinkState]) -> None:
            links = tuple(links)
            addresses.see(links)
            interfaces.look(policy, links)

        log = LogObserver(policy)

        def next_hop(uplink: UplinkId) -> NextHop | None:
            return service.next_hop(uplink)

        open_prober = partial(_open_prober, log.dropped, addresses, next_hop)
        if listener is not None:
            tally, connections = Tally(policy), Connections()
            service = Service(
                policy,
                kernel,
                open_prober,
                look_at_links=look,
                observers=[log],
                oracle=oracle,
                run_program=Programs().run,
                end_connections=connections.end,
                remembers=True,
                open_unbound=registry.open_unbound,
                tell_delay=tally.sent,
            )
            before = first.trial.before if first.trial is not None else first.written
            recorder = Recorder(first.written, before)

            def load_and_remember() -> Written:
                written = load()
                recorder.knows(written)
                return written

            service.observe(recorder)
            service.observe(KeptHooks(service, hooks=bool(policy.hooks)))
            trial = OnTrial(first, service.submit, service.status)
            reloading = Reloading(service.submit, load_and_remember, doubts, trial)
            program = Program(__version__, origin, trio.current_time())
            control = Control(
                service,
                listener,
                program,
                policy,
                reloading.reload,
                trial,
                lambda: (*recorder.troubles, *metrics.troubles),
            )
            service.observe(control)
            service.observe(TrackFile(service, policy))
            sources = Sources(
                minutes=lambda its: control.minutes.of(its, trio.current_time()),
                packets=lambda: log.dropped.counted,
                connections_ended=connections.ended,
                sweeps_failed=connections.unfinished,
                messages_discarded=lambda: asdict(connected.discarded),
                log_lost=lines_lost,
                journal_lost=lambda: recorder.lost,
                journal_fails=lambda: bool(recorder.troubles),
                reloads=reloading.reloads,
                build=Build(__version__, python_version(), os.uname().release),
                started_at=program.began,
                unix_time=UnixTime().of,
            )
            metrics = Metrics(service, tally, sources)
            service.observe(metrics)
            await serve(service, reloading, partial(leave, service, kernel, oracle))
            return
        printed = _Printed()
        async with printed.watched():
            table = DryRunTable(kernel, printed.show)
            service = Service(
                policy,
                kernel,
                open_prober,
                table=table,
                look_at_links=look,
                observers=[log],
            )
            # Nobody asks it or orders it: another engine may be running.
            await serve(service, Reloading(service.submit, load, doubts))


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves


def _needed_capabilities(policy: Policy, dry_run: bool) -> frozenset[str]:
    """Those to send the probes, and to change routes."""
    probing = registry.needed_capabilities(policy.probes)
    return probing if dry_run else probing | {NET_ADMIN}


def _open_prober(
    dropped: DroppedPackets,
    addresses: LinkAddresses,
    next_hop: Callable[[UplinkId], NextHop | None],
    uplink: Uplink,
    check: Check,
) -> OpenedProber:
    def warn(trouble: str) -> None:
        say(logging.WARNING, "flood", f"{uplink.name}: {trouble}", uplink=uplink.name)

    egress = Egress(
        interface=uplink.interface,
        family=uplink.family,
        uplink=uplink.name,
        addresses=addresses,
        next_hop=partial(next_hop, uplink.id),
        counters=dropped.of(uplink.id),
        warn=warn,
    )
    return registry.open_prober(egress, check)


class _OutputLost(Exception):  # noqa: N818 - a condition, which the command line knows how to tell
    """What a dry run prints cannot be written."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class _Printed:
    """Standard output of a dry run, which goes on though nobody reads it.

    Ends what is done in it, with `_OutputLost`, when it cannot be written.
    """

    def __init__(self) -> None:
        self._error: OSError | None = None
        self._failed = trio.Event()
        self._token = trio.lowlevel.current_trio_token()
        self._writer = LineWriter(sys.stdout.fileno(), _unread, self._fail)

    def show(self, action: Action) -> None:
        """Print it, soon."""
        line = f"{printable(str(action))}\n"
        self._writer.put(line.encode(sys.stdout.encoding, "backslashreplace"))

    def _fail(self, error: OSError) -> None:
        self._error = error
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._failed.set)

    async def _watch(self) -> None:
        await self._failed.wait()
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise _OutputLost(self._error)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch while the body runs."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch)
            try:
                yield
            finally:
                if self._error is None:
                    self._writer.drain()
            nursery.cancel_scope.cancel()
        self._check()


def _unread(count: int, since: float) -> str:
    return f"# {count} actions are not shown: nobody read them\n"


def _cannot(message: str) -> int:
    print(f"route-switcher run: {message}", file=sys.stderr)
    return EXIT_PROBLEMS
