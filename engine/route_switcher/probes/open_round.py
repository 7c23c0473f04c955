"""One round of echo requests that has been sent and has not ended yet."""

from dataclasses import dataclass

import trio

from route_switcher.core.probing.round import Request, RoundTally


@dataclass(slots=True)
class EchoRequest(Request):
    """One echo request to one target. `address` is the target as recvmsg(2) will spell it."""

    address: str
    sequence: int
    token: bytes


class OpenRound(RoundTally[EchoRequest]):
    """A tally whose certainty can be waited for, and whose requests are known by their numbers."""

    def __init__(self, requests: tuple[EchoRequest, ...], needed: int, timeout: float) -> None:
        super().__init__(requests, needed, timeout)
        self.decided = trio.Event()
        self._by_sequence = {request.sequence: request for request in requests}

    def request(self, sequence: int) -> EchoRequest:
        """The request with this sequence number."""
        return self._by_sequence[sequence]

    def answer(self, request: EchoRequest, took: float) -> bool:
        """As `RoundTally.answer`, and `decided` where that makes it certain."""
        in_time = super().answer(request, took)
        self._decide()
        return in_time

    def sent(self) -> None:
        """As `RoundTally.sent`, and `decided` where that makes it certain."""
        super().sent()
        self._decide()

    def _decide(self) -> None:
        if self.certain:
            self.decided.set()
