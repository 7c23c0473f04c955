"""Probers that ask each target of a round by itself: a connection, a query, a program."""

import socket
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

import trio

from route_switcher.core.probing.round import Request, RequestFault, RoundResult
from route_switcher.core.vocabulary.probes import Target
from route_switcher.probes.interface import named_by_link
from route_switcher.probes.late_replies import LateReplies, OnLate
from route_switcher.probes.open_round import OpenRound
from route_switcher.probes.pinned_socket import check_pinning
from route_switcher.probes.prober import Egress
from route_switcher.probes.reasons import fault_of


class SeparateRequests(ABC):
    """Asks targets through one egress, each in a task of its own. Use as a context manager.

    A subclass says in `_ask_one` how one target is asked. Nothing of a round goes on after the
    timeout of its targets, so there are no late answers.
    """

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._late_replies: LateReplies[Request] = LateReplies(_forget, trio.lowlevel.checkpoint)
        self._nursery: trio.Nursery | None = None
        self._running = trio.Event()

    def __enter__(self) -> Self:
        check_pinning(self._egress)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running, self._nursery = trio.Event(), None

    @abstractmethod
    async def _ask_one(self, request: Request, deadline: float) -> float | RequestFault | None:
        """Ask the target of `request`, which has an address, and return at `deadline` (trio's
        clock) at the latest, with nothing left open.

        Returns the seconds that the answer took; or why the target is not good; or None where no
        answer came in time: `request.awaited` says of what, and `request.layer`. An OSError that it
        raises counts by `probes.reasons`.
        """

    async def run(self) -> None:
        """Let rounds ask, and tell of rounds what is known of them later, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self._running.set()
            await self._late_replies.run()

    async def ask(
        self,
        targets: tuple[Target, ...],
        needed: int,
        timeout: float,  # noqa: ASYNC109 (it is part of what is measured, and cancels nothing)
        on_late: OnLate | None = None,
    ) -> RoundResult:
        """See `Prober`."""
        await self._running.wait()
        # Whoever waited has been woken, and both may have been cancelled since: then `run` may be
        # over, and its nursery takes nothing more.
        await trio.lowlevel.checkpoint_if_cancelled()
        assert self._nursery is not None
        requests = tuple(map(Request, targets))
        open_round = OpenRound(requests, needed, timeout)
        left = len(requests)

        async def await_answer(request: Request) -> None:
            nonlocal left
            await self._await_answer(open_round, request)
            left -= 1
            if not left:
                open_round.decided.set()

        now = trio.current_time()
        for request in requests:
            request.sent_at = now
        for request in requests:
            self._nursery.start_soon(await_answer, request)
        await open_round.decided.wait()
        result = open_round.result(trio.current_time())
        if on_late is not None:
            await self._late_replies.tell_due()
            self._late_replies.follow(open_round, result, on_late)
        if self._egress.interface is None or not result.failed_entirely:
            return result
        try:
            with socket.socket() as sock:
                return named_by_link(result, sock, self._egress.interface)
        except OSError:  # no descriptor is to be had: the round keeps its own reason
            return result

    async def _await_answer(self, open_round: OpenRound[Request], request: Request) -> None:
        came: float | RequestFault | None
        try:
            came = await self._ask_one(request, open_round.deadline)
        except OSError as error:
            came = fault_of(error)
        if isinstance(came, RequestFault):
            request.fault = came
            open_round.sent()
        elif came is not None:
            open_round.answer(request, came)
            self._late_replies.answered(open_round, request)


def _forget(_: OpenRound[Request]) -> None:
    """Every request ends by itself."""
