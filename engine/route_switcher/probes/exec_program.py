"""Runs a program of the administrator's for one uplink: exit code 0 in time is an answer.

It is told by its environment through which uplink it should ask. Whether it does is its own affair.
"""

import trio

from route_switcher.core.probing.round import Request, RequestFault
from route_switcher.core.vocabulary.checks import Check, ExecProgram
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.printable import printable
from route_switcher.probes.prober import Egress, ProberKind
from route_switcher.probes.separate_requests import SeparateRequests
from route_switcher.probes.source_address import SourceAddress
from route_switcher.programs import supervised
from route_switcher.programs.output import Output

AT_ONCE = 8
"""Programs of probes that may run at a time: each has a supervisor beside it."""

_ROOM = trio.Semaphore(AT_ONCE)
_AFAR = {Family.IPV4: "8.8.8.8", Family.IPV6: "2001:4860:4860::8888"}
"""Somebody to whom the uplink leads; nothing is sent there."""
_LONGEST_LINE = 100

_BUSY = RequestFault(RoundOutcome.UNKNOWN, "too many programs of probes run at once")


class ExecProber(SeparateRequests):
    """Runs one program, with what it is told of the uplink in its environment."""

    def __init__(self, egress: Egress, check: ExecProgram) -> None:
        super().__init__(egress)
        self._run = check.run

    def environment(self) -> dict[str, str]:
        """What the program is told; what is not known is empty."""
        egress, hop = self._egress, self._egress.next_hop()
        source = None if hop is None else hop.source
        if source is None and egress.interface is not None:
            chosen = SourceAddress(egress.interface, egress.family, egress.addresses)
            source = chosen.towards(_AFAR[egress.family])
        return supervised.inherited() | {
            "UPLINK": egress.uplink,
            "INTERFACE": egress.interface or "",
            "GATEWAY": "" if hop is None or hop.gateway is None else str(hop.gateway),
            "SOURCE": "" if source is None else str(source),
            "FAMILY": str(egress.family),
        }

    async def _ask_one(self, request: Request, deadline: float) -> float | RequestFault | None:
        request.awaited = "end of the program"
        run = _Run(self._run, self.environment(), deadline)
        assert self._nursery is not None
        # It is ended beside the round, which waits for nothing beyond its deadline.
        self._nursery.start_soon(run.go)
        with trio.move_on_at(deadline):
            await run.over.wait()
        run.scope.cancel()
        if isinstance(run.result, RequestFault):
            return run.result
        return None if run.result is None else run.result - request.sent_at


class _Run:
    """One run of the program. Cancelled, it ends with all that the program has started."""

    def __init__(self, words: tuple[str, ...], environment: dict[str, str], until: float) -> None:
        self._words = words
        self._environment = environment
        self._until = until
        self.scope = trio.CancelScope()
        self.over = trio.Event()
        self.result: float | RequestFault | None = None
        """When it has ended well, or what it came to; None: it has not ended."""

    async def go(self) -> None:
        """Run it."""
        with self.scope:
            try:
                _ROOM.acquire_nowait()
            except trio.WouldBlock:
                self.result = _BUSY
            else:
                try:
                    self.result = await self._outcome()
                finally:
                    _ROOM.release()
        self.over.set()

    async def _outcome(self) -> float | RequestFault:
        output = Output()
        limit = max(0.001, self._until - trio.current_time())
        try:
            ended = await supervised.run(self._words, self._environment, b"", limit, output)
        except (OSError, RuntimeError, UnicodeEncodeError) as error:
            return RequestFault(RoundOutcome.UNKNOWN, supervised.why_not_started(error))
        if not ended.problem:
            return trio.current_time()
        if not ended.began:
            return RequestFault(RoundOutcome.UNKNOWN, ended.problem)
        said = [printable(line)[:_LONGEST_LINE] for line in output.lines()[:1]]
        words = ": ".join([ended.problem, *said])
        return RequestFault(RoundOutcome.FAILED, words)


def _open(egress: Egress, check: Check) -> ExecProber:
    assert isinstance(check, ExecProgram)
    return ExecProber(egress, check)


KIND = ProberKind(_open, asks_addresses=False)
