"""Where the kernel takes long to answer, it is asked more rarely, and the engine goes on."""

from collections.abc import Iterable, Sequence

import trio

from route_switcher.core.vocabulary.lookups import Lookup
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.core.vocabulary.ways import Findings, LocalNetwork
from route_switcher.daemon.asking import LEAST_REST, REST, Asking


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
    took = LEAST_REST
    found: list[float] = []
    asking = Asking(Slow(took), lambda *_, **__: (), lambda _: found.append(trio.current_time()))
    began = trio.current_time()
    with trio.move_on_after((1 + REST.times) * took * 3):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(asking.run)
            while True:
                asking.ask()
                await trio.sleep(0.1)
    ends = [began + took + number * (1 + REST.times) * took for number in range(3)]
    assert [round(at - end, 1) for at, end in zip(found, ends, strict=True)] == [0.0] * 3


async def test_after_a_stop_in_the_middle_of_a_question_it_asks_again_soon(
    autojump_clock: trio.testing.MockClock,
) -> None:
    found: list[float] = []
    asking = Asking(Slow(600), lambda *_, **__: (), lambda _: found.append(trio.current_time()))
    with trio.move_on_after(2 * 600 + REST.longest + 1):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(asking.run)
            while True:
                asking.ask()
                await trio.sleep(0.1)
    assert len(found) == 2
