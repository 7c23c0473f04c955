"""One round that has been sent and has not ended yet."""

import trio

from route_switcher.core.probing.round import AnyRequest, RoundTally


class OpenRound(RoundTally[AnyRequest]):
    """A tally whose certainty can be waited for."""

    def __init__(self, requests: tuple[AnyRequest, ...], needed: int, timeout: float) -> None:
        super().__init__(requests, needed, timeout)
        self.decided = trio.Event()

    def answer(self, request: AnyRequest, took: float) -> bool:
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
