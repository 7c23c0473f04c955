"""Where the kernel takes long to answer, it is asked more rarely, and the engine goes on."""

from collections.abc import Iterable, Sequence

import trio

from route_switcher.core.vocabulary.lookups import Lookup
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.core.vocabulary.ways import Findings, LocalNetwork
from route_switcher.daemon.asking import RESTS, SHORTEST_REST, Asking


class Slow:
    """A kernel that takes so many seconds to answer."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def follow(self, uplinks: Sequence[Uplink]) -> None:
        pass

    async def networks(self) -> tuple[LocalNetwork, ...]:
        await trio.sleep(self._seconds)
        return ()

    async def findings(self, lookups: Iterable[Lookup]) -> Findings:
        return Findings({})

    async def changed(self) -> None:
        await trio.sleep_forever()


async def test_a_question_that_takes_long_is_followed_by_a_long_pause(
    autojump_clock: trio.testing.MockClock,
) -> None:
    took = SHORTEST_REST
    found: list[float] = []
    asking = Asking(Slow(took), lambda *_, **__: (), lambda _: found.append(trio.current_time()))
    began = trio.current_time()
    with trio.move_on_after((1 + RESTS) * took * 3):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(asking.run)
            while True:
                asking.ask()
                await trio.sleep(0.1)
    ends = [began + took + number * (1 + RESTS) * took for number in range(3)]
    assert [round(at - end, 1) for at, end in zip(found, ends, strict=True)] == [0.0] * 3
