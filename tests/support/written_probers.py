"""Probers whose answers are written by the test, in virtual time."""

from typing import Self

import trio

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.events import Answer
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.probes.late_replies import OnLate

RTT = 0.02


class WrittenProber:
    """Every target answers after RTT seconds, while the line works."""

    def __init__(self) -> None:
        self.works = True
        self.opened = 0
        """How many have entered it and not left."""
        self.rounds: list[tuple[float, tuple[Target, ...]]] = []
        """When each was sent, and to whom."""
        self.rest: tuple[float, OnLate] | None = None
        """When the latest round was sent that wants to know of the rest, and whom to tell."""

    def __enter__(self) -> Self:
        self.opened += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.opened -= 1

    async def run(self) -> None:
        await trio.sleep_forever()

    async def ask(
        self,
        targets: tuple[Target, ...],
        needed: int,
        timeout: float,  # noqa: ASYNC109 (the Prober protocol)
        on_late: OnLate | None = None,
    ) -> RoundResult:
        sent_at = trio.current_time()
        self.rounds.append((sent_at, targets))
        if on_late is not None:
            self.rest = (sent_at, on_late)
        if not self.works:
            await trio.sleep(timeout)
            silent = tuple(Answer(target, None, "no answer") for target in targets)
            return RoundResult(sent_at, RoundOutcome.FAILED, silent, "no answer")
        await trio.sleep(RTT)
        return RoundResult(sent_at, RoundOutcome.GOOD, tuple(Answer(t, RTT) for t in targets))


class FatedProber:
    """Its rounds come to these, in the order of sending: seconds to the answer, None for none in
    time, or the outcome that it has at once. After them, none is answered."""

    def __init__(self, *fates: float | RoundOutcome | None) -> None:
        self.sent_at: list[float] = []
        self.most_open = 0
        """Rounds under way at one time."""
        self._open = 0
        self._left = iter(fates)

    async def run(self) -> None:
        """Nothing comes by itself."""

    async def ask(
        self,
        targets: tuple[Target, ...],
        needed: int,
        timeout: float,  # noqa: ASYNC109 (the Prober protocol)
        on_late: OnLate | None = None,
    ) -> RoundResult:
        sent_at = trio.current_time()
        self.sent_at.append(sent_at)
        fate = next(self._left, None)
        if isinstance(fate, RoundOutcome):
            return RoundResult(sent_at, fate, ())
        self._open += 1
        self.most_open = max(self.most_open, self._open)
        in_time = fate is not None and fate <= timeout
        await trio.sleep(fate if fate is not None and in_time else timeout)
        self._open -= 1
        return RoundResult(sent_at, RoundOutcome.GOOD if in_time else RoundOutcome.FAILED, ())
