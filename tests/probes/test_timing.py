"""When rounds are sent while their speed changes."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from route_switcher.core.probing.pace import Pace, interval_at
from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.states import RoundOutcome, Speed
from route_switcher.probes.timing import Timing
from support.pinging import pinging, target

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN
NORMAL, STANDBY, DOWN = Speed.NORMAL, Speed.STANDBY, Speed.DOWN
PROBE = pinging("internet", target("198.51.100.1"), timeout=0.25, fast=0.25, down=4.0, standby=16.0)
RULE = Rule("no-internet", ConsecutiveFailures("internet", 3), Recover(60))
INTERVALS = [PROBE.fast_interval, *(interval_at(PROBE, speed) for speed in Speed)]
RTT = 0.125


async def sendings(
    until: float,
    changes: Iterable[tuple[float, Speed]] = (),
    outcomes: Sequence[RoundOutcome] = (),
    *,
    reports: Sequence[float] = (),
    spread: float = 0.0,
    intervals: list[tuple[float, float]] | None = None,
) -> list[float]:
    """When rounds are sent that come to `outcomes`, then good ones; `changes` are of the speed.

    A report of a round takes as long as `reports` say, or no time. `intervals` gets the interval
    that is in force from each moment on at which it may change.
    """
    pace = Pace(PROBE, [RULE])
    timing = Timing(pace, spread)
    sent: list[float] = []

    def note() -> None:
        if intervals is not None:
            intervals.append((trio.current_time(), pace.interval))

    async def repeat() -> None:
        while True:
            await timing.due()
            number = len(sent)
            sent.append(trio.current_time())
            note()
            outcome = outcomes[number] if number < len(outcomes) else GOOD
            await trio.sleep(RTT if outcome is GOOD else PROBE.timeout)
            await trio.sleep(reports[number] if number < len(reports) else 0)
            timing.ended(outcome)
            note()

    with trio.move_on_at(until):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(repeat)
            for at, speed in changes:
                await trio.sleep_until(at)
                timing.set_speed(speed)
                note()
    return sent


@pytest.mark.parametrize("told_at", [1 + RTT / 2, 1.5])
@pytest.mark.parametrize("speed", [STANDBY, DOWN])
async def test_a_slower_speed_counts_from_the_last_sending(
    autojump_clock: MockClock, speed: Speed, told_at: float
) -> None:
    """Whether it is told during the round or after it."""
    slow = interval_at(PROBE, speed)
    assert await sendings(2 * slow + 2, [(told_at, speed)]) == [0, 1, 1 + slow, 1 + 2 * slow]


@pytest.mark.parametrize("speed", [STANDBY, DOWN])
async def test_a_faster_speed_counts_from_the_last_sending(
    autojump_clock: MockClock, speed: Speed
) -> None:
    slowly = [(RTT / 2, speed), (0.5, NORMAL)]
    assert await sendings(3.5, slowly) == [0, 1, 2, 3]


@pytest.mark.parametrize("speed", [STANDBY, DOWN])
async def test_a_faster_speed_sends_at_once_what_it_finds_overdue_and_only_one(
    autojump_clock: MockClock, speed: Speed
) -> None:
    slowly = [(RTT / 2, speed), (3.25, NORMAL)]
    assert await sendings(6, slowly) == [0, 3.25, 4.25, 5.25]


async def test_from_standby_to_down_to_normal(autojump_clock: MockClock) -> None:
    changes = [(RTT / 2, STANDBY), (3.0, DOWN), (8.5, STANDBY), (10.5, NORMAL)]
    assert await sendings(12, changes) == [0, 4, 8, 10.5, 11.5]


async def test_a_speed_that_is_taken_back_before_the_next_round_changes_nothing(
    autojump_clock: MockClock,
) -> None:
    assert await sendings(4, [(1.25, STANDBY), (1.5, NORMAL)]) == [0, 1, 2, 3]


async def test_the_same_speed_again_changes_nothing(autojump_clock: MockClock) -> None:
    changes = [(n * 0.3, NORMAL) for n in range(10)]
    assert await sendings(4, changes) == [0, 1, 2, 3]


async def test_a_failure_on_standby_is_confirmed_fast(autojump_clock: MockClock) -> None:
    outcomes = [GOOD, FAILED, FAILED, FAILED]
    sent = await sendings(33, [(RTT / 2, STANDBY)], outcomes)
    assert sent == [0, 16, 16.25, 16.5, 32.5]


async def test_a_new_speed_does_not_disturb_the_confirmation(autojump_clock: MockClock) -> None:
    changes = [(1.125, DOWN), (1.3, NORMAL), (1.45, DOWN)]
    sent = await sendings(6, changes, [GOOD, FAILED, FAILED, FAILED])
    assert sent == [0, 1, 1.25, 1.5, 5.5]


async def test_a_speed_told_before_the_first_round_does_not_move_it(
    autojump_clock: MockClock,
) -> None:
    assert await sendings(5, [(0, DOWN)], spread=0.5) == [0.5, 4.5]
    begin = trio.current_time()
    changes = [(begin, DOWN), (begin + 0.25, NORMAL)]
    assert await sendings(begin + 2, changes, spread=0.5) == [begin + 0.5, begin + 1.5]


async def test_a_sending_that_was_woken_late_is_not_followed_by_another_at_once(
    autojump_clock: MockClock,
) -> None:
    timing = Timing(Pace(PROBE, []))
    await timing.due()
    timing.ended(GOOD)
    await trio.sleep(1.75)  # as if the machine stood still
    await timing.due()
    timing.ended(GOOD)
    await timing.due()
    assert trio.current_time() == 3.0


SPEEDS = st.lists(st.tuples(st.floats(0.01, 20), st.sampled_from(Speed)), max_size=30)
OUTCOMES = st.lists(st.sampled_from(RoundOutcome), max_size=60)


@given(SPEEDS, OUTCOMES)
def test_between_two_sendings_there_is_half_an_interval_at_least_and_one_and_a_timeout_at_most(
    pauses: list[tuple[float, Speed]], outcomes: list[RoundOutcome]
) -> None:
    changes: list[tuple[float, Speed]] = []
    for pause, speed in pauses:
        changes.append(((changes[-1][0] if changes else 0.0) + pause, speed))
    end = (changes[-1][0] if changes else 0.0) + 40
    intervals: list[tuple[float, float]] = []

    async def main() -> list[float]:
        return await sendings(end, changes, outcomes, intervals=intervals)

    sent = trio.run(main, clock=MockClock(autojump_threshold=0))
    for before, after in pairwise(sent):
        in_force = [interval for at, interval in intervals if before <= at <= after]
        assert after - before >= min(in_force) * 0.5
        assert after - before <= max(in_force) + PROBE.timeout


@given(SPEEDS, OUTCOMES, st.lists(st.floats(0, 3), max_size=60))
def test_slow_reports_cause_no_burst(
    pauses: list[tuple[float, Speed]], outcomes: list[RoundOutcome], reports: list[float]
) -> None:
    changes: list[tuple[float, Speed]] = []
    for pause, speed in pauses:
        changes.append(((changes[-1][0] if changes else 0.0) + pause, speed))
    end = (changes[-1][0] if changes else 0.0) + 40

    async def main() -> list[float]:
        return await sendings(end, changes, outcomes, reports=reports)

    sent = trio.run(main, clock=MockClock(autojump_threshold=0))
    gaps = [after - before for before, after in pairwise(sent)]
    assert min(gaps, default=1.0) >= min(INTERVALS) * 0.5


async def test_it_is_told_how_late_a_round_is_sent(mock_clock: MockClock) -> None:
    delays: list[float] = []
    timing = Timing(Pace(PROBE, [RULE]), tell_delay=delays.append)
    await timing.due()
    timing.ended(GOOD)
    for late in (0.0, 0.5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(timing.due)
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(1.0 + late)
        timing.ended(GOOD)
    # It is not late where it was asked for only now, though it could have been sent long before.
    timing.set_speed(STANDBY)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(timing.due)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(10)
        timing.ask(again=True)
    assert delays == pytest.approx([0, 0, 0.5, 0])
