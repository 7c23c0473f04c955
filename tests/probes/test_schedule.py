from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from route_switcher.core.probing.pace import Pace
from route_switcher.core.probing.round import RoundResult
from route_switcher.core.probing.schedule import next_slot
from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.probes import Probe, Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.probes.late_replies import OnLate
from route_switcher.probes.schedule import repeat
from route_switcher.probes.timing import Timing
from support.keys import v4
from support.pinging import pinging, target
from support.written_probers import FatedProber

TARGET = target("198.51.100.1")
UPLINK = Uplink("primary", "up0", IPv4Address("203.0.113.1"), 10, Family.IPV4)
PROBE = pinging("internet", TARGET, target("2001:db8::1"))


def steady(probe: Probe, spread: float = 0.0) -> Timing:
    """No rule has anything to confirm."""
    return Timing(Pace(probe, []), spread)


class ScriptedProber:
    """Rounds that take as long as the script says, then half a second each."""

    def __init__(self, durations: Iterable[float] = ()) -> None:
        self.sent_at: list[float] = []
        self.asked: list[tuple[tuple[Target, ...], int, float]] = []
        self.busy = False
        self._durations = iter(durations)

    async def run(self) -> None:
        """Nothing comes by itself."""

    async def ask(
        self,
        targets: tuple[Target, ...],
        needed: int,
        timeout: float,  # noqa: ASYNC109 (the Prober protocol)
        on_late: OnLate | None = None,
    ) -> RoundResult:
        assert not self.busy
        self.busy = True
        self.asked.append((targets, needed, timeout))
        sent_at = trio.current_time()
        self.sent_at.append(sent_at)
        await trio.sleep(next(self._durations, 0.5))
        self.busy = False
        answers = (Answer(TARGET, None, "no answer within 1 s"),)
        return RoundResult(sent_at, RoundOutcome.FAILED, answers, "no answer within 1 s")


async def ignore(told: Round | Answers) -> None:
    await trio.lowlevel.checkpoint()


async def run_until(
    time: float,
    line: ScriptedProber,
    *,
    probe: Probe = PROBE,
    spread: float = 0.0,
    urgent_at: Iterable[float] = (),
) -> None:
    timing = steady(probe, spread)
    with trio.move_on_at(time):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(repeat, UPLINK, probe, line, ignore, timing)
            for at in urgent_at:
                await trio.sleep_until(at)
                timing.ask()


async def test_rounds_are_sent_at_once_and_then_every_interval(autojump_clock: MockClock) -> None:
    line = ScriptedProber()
    await run_until(4.5, line)
    assert line.sent_at == [0, 1, 2, 3, 4]


async def test_a_long_schedule_does_not_drift(autojump_clock: MockClock) -> None:
    line = ScriptedProber([0.0137] * 1000)
    await run_until(100.05, line, probe=replace(PROBE, interval=0.1, timeout=0.1))
    assert line.sent_at == [n * 0.1 for n in range(1001)]


async def test_spread_shifts_the_whole_schedule(autojump_clock: MockClock) -> None:
    line = ScriptedProber()
    await run_until(3.0, line, spread=0.25)
    assert line.sent_at == [0.25, 1.25, 2.25]


async def test_rounds_as_long_as_the_interval_skip_no_slot(autojump_clock: MockClock) -> None:
    line = ScriptedProber([1.0, 1.0, 1.0])
    await run_until(3.5, line)
    assert line.sent_at == [0, 1, 2, 3]


async def test_a_round_that_ends_just_after_the_next_is_due_delays_only_that(
    autojump_clock: MockClock,
) -> None:
    line = ScriptedProber([1.125])
    await run_until(3.5, line)
    assert line.sent_at == [0, 1.125, 2, 3]


@pytest.mark.parametrize(("stall", "then"), [(15.25, 15.25), (15.75, 16.0)])
async def test_after_a_long_stall_missed_slots_are_skipped(
    autojump_clock: MockClock, stall: float, then: float
) -> None:
    line = ScriptedProber([stall])
    await run_until(18.25, line)
    assert line.sent_at == [0, then, *([16.0] if then < 16 else []), 17.0, 18.0]


async def test_an_urgent_round_is_sent_at_once_and_the_schedule_starts_anew(
    autojump_clock: MockClock,
) -> None:
    line = ScriptedProber()
    await run_until(4.0, line, urgent_at=[1.75])
    assert line.sent_at == [0, 1, 1.75, 2.75, 3.75]


async def test_an_urgent_round_waits_for_the_one_under_way(autojump_clock: MockClock) -> None:
    line = ScriptedProber()
    await run_until(3.0, line, urgent_at=[1.125, 1.25])
    assert line.sent_at == [0, 1, 1.5, 2.5]


async def test_an_urgent_round_does_not_wait_for_the_spread(autojump_clock: MockClock) -> None:
    line = ScriptedProber()
    await run_until(2.0, line, spread=0.75, urgent_at=[0.25])
    assert line.sent_at == [0.25, 1.25]


async def test_an_urgent_round_asked_for_before_the_start_is_the_first(
    autojump_clock: MockClock,
) -> None:
    line = ScriptedProber()
    timing = steady(PROBE, 0.5)
    timing.ask()
    with trio.move_on_at(2.25):
        await repeat(UPLINK, PROBE, line, ignore, timing)
    assert line.sent_at == [0, 1, 2]


async def test_each_round_is_told_with_what_it_came_to(autojump_clock: MockClock) -> None:
    told: list[Round | Answers] = []

    async def report(event: Round | Answers) -> None:
        await trio.lowlevel.checkpoint()
        told.append(event)

    line = ScriptedProber()
    with trio.move_on_at(1.75):
        await repeat(UPLINK, PROBE, line, report, steady(PROBE))
    reason = "no answer within 1 s"
    answers = (Answer(TARGET, None, reason),)
    assert told == [
        Round(at, v4("primary"), "internet", sent, RoundOutcome.FAILED, answers, reason)
        for sent, at in ((0.0, 0.5), (1.0, 1.5))
    ]


async def test_only_targets_of_the_family_are_asked_and_the_quorum_counts_them(
    autojump_clock: MockClock,
) -> None:
    line = ScriptedProber()
    await run_until(0.5, line, probe=replace(PROBE, quorum="all"))
    assert line.asked == [((TARGET,), 1, 1.0)]


async def test_a_probe_without_a_target_of_the_family_is_a_mistake(
    autojump_clock: MockClock,
) -> None:
    probe = replace(PROBE, targets=(target("2001:db8::1"),))
    with pytest.raises(ValueError, match="probe internet has no IPv4 target for primary"):
        await repeat(UPLINK, probe, ScriptedProber(), ignore, steady(probe))


async def test_a_slow_report_holds_back_the_next_round(autojump_clock: MockClock) -> None:
    async def slow(event: Round | Answers) -> None:
        await trio.sleep(1.5)

    line = ScriptedProber()
    with trio.move_on_at(4.25):
        await repeat(UPLINK, PROBE, line, slow, steady(PROBE))
    assert line.sent_at == [0, 2, 4]


@given(st.integers(0, 10**6), st.floats(0, 1e6))
def test_a_slot_follows_the_last_and_lies_at_most_half_an_interval_back(
    last: int, elapsed: float
) -> None:
    slot = next_slot(last, elapsed)
    assert slot > last
    assert elapsed - slot <= 0.5
    assert slot == last + 1 or slot - elapsed <= 0.5


async def test_a_failure_is_confirmed_at_the_fast_interval(autojump_clock: MockClock) -> None:
    probe = replace(PROBE, timeout=0.25, fast_interval=0.25)
    rule = Rule("no-internet", ConsecutiveFailures("internet", 3), Recover(60))
    line = ScriptedProber([0.25] * 10)
    with trio.move_on_at(3):
        await repeat(UPLINK, probe, line, ignore, Timing(Pace(probe, [rule])))
    # The third failure fails the rule, and the normal pace goes on from there.
    assert line.sent_at == [0, 0.25, 0.5, 1.5, 2.5]


# Rounds beside each other.

SLOW = replace(PROBE, interval=20.0, timeout=20.0, fast_interval=20.0)


async def beside(
    line: FatedProber,
    until: float,
    asked: Iterable[float],
    *,
    probe: Probe = SLOW,
    again: bool = False,
) -> list[tuple[float, float, RoundOutcome]]:
    """When rounds were told, when they were sent, and what they came to."""
    told: list[tuple[float, float, RoundOutcome]] = []

    async def report(event: Round | Answers) -> None:
        await trio.lowlevel.checkpoint()
        assert isinstance(event, Round)
        told.append((event.at, event.sent_at, event.outcome))

    timing = steady(probe)
    with trio.move_on_at(until):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(repeat, UPLINK, probe, line, report, timing)
            for at in asked:
                await trio.sleep_until(at)
                timing.ask(again=again)
    return told


GOOD, FAILED = RoundOutcome.GOOD, RoundOutcome.FAILED


async def test_a_round_is_sent_beside_one_that_has_waited_for_a_second(
    autojump_clock: MockClock,
) -> None:
    line = FatedProber()
    await beside(line, 15, [0.25, 5.5, 5.75, 9.5])
    assert line.sent_at == [0, 1, 5.5, 6.5, 9.5]


async def test_the_schedule_goes_on_from_a_round_that_was_sent_beside_another(
    autojump_clock: MockClock,
) -> None:
    line = FatedProber()
    told = await beside(line, 46, [5.5])
    assert line.sent_at == [0, 5.5, 25.5, 45.5]
    assert told == [(20, 0, FAILED), (25.5, 5.5, FAILED), (45.5, 25.5, FAILED)]


async def test_a_good_round_is_told_at_once_and_ends_those_before_it(
    autojump_clock: MockClock,
) -> None:
    line = FatedProber(None, 19.0, 0.5, None)
    told = await beside(line, 48, [3, 5, 6])
    assert line.sent_at == [0, 3, 5, 6, 26, 46]
    # Neither the loss of the first nor the late answer to the second counts after it.
    assert told == [(5.5, 5, GOOD), (26, 6, FAILED), (46, 26, FAILED)]


async def test_what_fails_at_once_is_told_after_what_was_sent_before_it(
    autojump_clock: MockClock,
) -> None:
    line = FatedProber(8.0, FAILED, FAILED, None)
    told = await beside(line, 9, [3, 5])
    assert told == [(8, 0, GOOD), (8, 3, FAILED), (8, 5, FAILED)]


async def test_a_newer_good_round_lets_what_had_failed_before_it_be_told_first(
    autojump_clock: MockClock,
) -> None:
    line = FatedProber(None, FAILED, 0.5, None)
    told = await beside(line, 24, [3, 5])
    assert told == [(5.5, 3, FAILED), (5.5, 5, GOOD)]


async def test_after_a_good_round_the_next_is_sent_at_once_though_older_ones_wait(
    autojump_clock: MockClock,
) -> None:
    line = FatedProber(None, 0.5, 0.25, 0.25)
    await beside(line, 7, [3, 3.625, 4])
    assert line.sent_at == [0, 3, 3.625, 4]


async def test_what_was_asked_for_during_a_good_round_is_sent_as_soon_as_that_has_ended(
    autojump_clock: MockClock,
) -> None:
    line = FatedProber(None, 0.5, 0.25)
    await beside(line, 7, [3, 3.25])
    assert line.sent_at == [0, 3, 3.5]


async def test_asked_again_a_round_is_sent_a_second_after_the_latest(
    autojump_clock: MockClock,
) -> None:
    line = FatedProber(0.5, 0.5, 0.5)
    await beside(line, 9, [0.25, 0.75, 1.25, 5.5], again=True)
    assert line.sent_at == [0, 1, 2, 5.5]


async def test_at_most_sixty_rounds_are_open_however_long_the_timeout(
    autojump_clock: MockClock,
) -> None:
    probe = replace(PROBE, interval=600.0, timeout=600.0, fast_interval=600.0)
    line = FatedProber()
    await beside(line, 2000, [n * 0.5 for n in range(4000)], probe=probe)
    assert line.sent_at[:4] == [0, 10, 20, 30]
    assert line.most_open in (60, 61)  # the oldest ends at the instant at which one is sent
