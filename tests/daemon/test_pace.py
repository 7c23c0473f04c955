"""Clients get a share of the loop's time, and never wait for long."""

import trio

from route_switcher.daemon.control.pace import Pace


async def test_the_others_have_three_times_as_long_as_turns_take(
    autojump_clock: trio.testing.MockClock,
) -> None:
    pace, began = Pace(rests=3), trio.current_time()
    for _ in range(100):
        async with pace.turn():
            await trio.sleep(0.01)
    assert 99 * 0.04 < trio.current_time() - began < 100 * 0.05


async def test_after_a_stop_in_the_middle_of_a_turn_the_next_one_comes_soon(
    autojump_clock: trio.testing.MockClock,
) -> None:
    pace = Pace(rests=9)
    async with pace.turn():
        await trio.sleep(600)  # as the clock sees a process that somebody stopped
    ended = trio.current_time()
    async with pace.turn():
        assert trio.current_time() - ended < 2
