"""Windows, against a reference that adds everything up again from the whole history."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from route_switcher.core.health.samples import BYTES_A_SAMPLE
from route_switcher.core.health.windows import Window
from route_switcher.core.vocabulary.conditions import Measure
from route_switcher.core.vocabulary.events import Answer
from support.pinging import target

LOSS, LATENCY, JITTER = Measure.LOSS, Measure.LATENCY, Measure.JITTER
TARGET = target("203.0.113.1")
LOST = Answer(TARGET, None, "no answer")
PENDING = Answer(TARGET, None, "not waited for", pending=True)


def heard(rtt: float) -> Answer:
    return Answer(TARGET, rtt)


def micros(seconds: float) -> Fraction:
    """Windows keep time in whole microseconds."""
    return Fraction(round(seconds * 1_000_000), 1_000_000)


@dataclass
class Seen:
    """One round: when it was sent, and what is known of it now."""

    at: Fraction
    rtt: Fraction | None = None
    """None: lost, or not known yet."""
    known: bool = True
    repaired: bool = False


class Reference:
    """All that was ever seen; everything that it says is computed again."""

    def __init__(self, over: float, gap: float) -> None:
        self.over, self.gap = micros(over), micros(gap)
        self.seen: list[Seen] = []

    def stretch(self) -> list[Seen]:
        """The latest rounds between which there is no gap."""
        begin = len(self.seen) - 1
        while begin > 0 and self.seen[begin].at - self.seen[begin - 1].at <= self.gap:
            begin -= 1
        return self.seen[begin:]

    def full(self) -> bool:
        stretch = self.stretch()
        return bool(stretch) and stretch[-1].at - stretch[0].at >= self.over

    def value(self, measure: Measure) -> Fraction | None:
        """None: nothing is known."""
        stretch = self.stretch()
        total = amount = Fraction(0)
        last_rtt: Fraction | None = None
        for before, one in zip([None, *stretch], stretch, strict=False):
            weight = one.at - before.at if before is not None else Fraction(0)
            timely = one.known and one.rtt is not None and not one.repaired
            step = None
            if timely and one.rtt is not None:
                step = abs(one.rtt - last_rtt) if last_rtt is not None else None
                last_rtt = one.rtt
            if one.at <= stretch[-1].at - self.over or not one.known:
                continue
            if measure is LOSS:
                total += weight
                amount += weight if one.rtt is None else 0
            elif measure is LATENCY and timely and one.rtt is not None:
                total += weight
                amount += weight * one.rtt
            elif measure is JITTER and step is not None:
                total += weight
                amount += weight * step
        return amount / total if total else None

    def lost(self) -> Fraction:
        """Seconds of the window that were lost."""
        stretch = self.stretch()
        return sum(
            (
                one.at - before.at
                for before, one in pairwise(stretch)
                if one.at > stretch[-1].at - self.over and one.known and one.rtt is None
            ),
            start=Fraction(0),
        )


gaps = st.one_of(
    st.sampled_from([0.25, 1.0, 1.0, 1.0, 0.1, 1 / 3, 2.9999996, 3.0, 30.0]),
    st.floats(0.001, 6.0, allow_nan=False),
)
fates = st.one_of(
    st.none(),
    st.sampled_from([0.01, 0.02, 0.25]),
    st.floats(0.0001, 1.0, allow_nan=False),
)
rounds = st.tuples(gaps, fates, st.sampled_from(["told", "told", "pending", "never", "late"]))
limits = st.sampled_from([0.0, 0.02, 0.05, 0.2, 0.25, 0.5, 0.9])


def check(window: Window, reference: Reference, limit: float) -> None:
    assert window.full == reference.full()
    for measure in Measure:
        expected = reference.value(measure)
        if expected is None:
            assert window.value(measure) == 0.0
            assert not window.beyond(measure, limit)
            continue
        assert window.value(measure) == pytest.approx(float(expected), abs=1e-12)
        if abs(expected - Fraction(limit)) < Fraction(1, 10**12):
            continue  # a float cannot tell
        above = expected > Fraction(limit)
        assert window.within(measure, limit) == (reference.full() and not above)
        if reference.full():
            assert window.beyond(measure, limit) == above
        elif measure is LOSS:
            enough = reference.lost() - Fraction(limit) * reference.over
            if abs(enough) > Fraction(1, 10**9):
                assert window.beyond(measure, limit) == (enough > 0)
        else:
            assert not window.beyond(measure, limit)
        assert not (window.within(measure, limit) and window.beyond(measure, limit))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(rounds, max_size=40),
    st.sampled_from([1.0, 5.0, 10.0, 7.3]),
    st.sampled_from([3.0, 6.0]),
    limits,
    st.floats(0, 1e7, allow_nan=False),
)
def test_a_window_says_what_adding_up_anew_says(
    steps: list[tuple[float, float | None, str]],
    over: float,
    gap: float,
    limit: float,
    start: float,
) -> None:
    window, reference = Window(over, gap), Reference(over, gap)
    now = start
    for number, (pause, rtt, how) in enumerate(steps):
        now += pause
        seen = Seen(micros(now), None if rtt is None else micros(rtt))
        reference.seen.append(seen)
        answer = Answer(TARGET, rtt)
        if how == "told":
            window.add(now, answer)
        else:
            window.add(now, PENDING)
            seen.known = False
            check(window, reference, limit)
        if how in ("pending", "late"):
            window.settle(now, answer)
            seen.known = True
        if how == "late" and number >= 2:
            # Meanwhile a round of a while ago is answered after all.
            past = reference.seen[-3]
            window.settle(float(past.at), heard(1.5))
            if past.known and past.rtt is None:
                past.rtt, past.repaired = micros(1.5), True
            elif not past.known and past in reference.stretch():
                return  # an answer told two rounds later: its step is anybody's
        check(window, reference, limit)


def fill(window: Window, rounds: Sequence[tuple[float, Answer]]) -> Window:
    for at, answer in rounds:
        window.add(at, answer)
    return window


def test_a_second_of_fast_rounds_counts_as_one_second() -> None:
    window = Window(10, 3)
    fill(window, [(float(n), heard(0.02)) for n in range(10)])
    fill(window, [(9 + n / 10, LOST) for n in range(1, 11)])
    assert window.full
    assert window.value(LOSS) == 0.1
    # Were it by rounds, half of them would be lost.
    assert window.within(LOSS, 0.1)
    assert not window.beyond(LOSS, 0.1)


def test_nothing_drifts_however_long_it_slides() -> None:
    window, reference = Window(30, 3), Reference(30, 3)
    for n in range(60_000):
        at = 0.1 * n + (0.037 if n % 3 else 0.0)
        rtt = None if n % 7 == 0 else 0.02 + (n % 11) / 1000
        window.add(at, Answer(TARGET, rtt))
        if n >= 60_000 - 400:
            reference.seen.append(Seen(micros(at), None if rtt is None else micros(rtt)))
    for measure in Measure:
        # To the last digit: all sums are of whole numbers.
        expected = float(reference.value(measure) or 0)
        assert window.value(measure) == pytest.approx(expected, rel=1e-15)
    for n in range(400):
        window.add(6100 + n / 10, heard(0.02))
    assert window.value(LOSS) == 0.0
    assert window.value(LATENCY) == 0.02
    assert window.value(JITTER) == 0.0
    assert window.steady


def test_a_gap_starts_it_anew() -> None:
    window = fill(Window(5, 3), [(float(n), LOST) for n in range(8)])
    assert window.full
    window.add(10.0, LOST)
    assert (window.full, window.value(LOSS)) == (True, 1.0)
    window.add(13.001, heard(0.02))
    assert (window.full, window.value(LOSS)) == (False, 0.0)


def test_it_is_full_when_it_covers_its_time_and_no_sooner() -> None:
    window = fill(Window(5, 3), [(float(n), heard(0.02)) for n in range(5)])
    assert not window.full
    assert not window.within(LOSS, 1.0)
    window.add(5.0, heard(0.02))
    assert window.full


def test_a_loss_that_a_full_window_must_exceed_is_known_before_it_is_full() -> None:
    window = fill(Window(30, 3), [(float(n), LOST) for n in range(7)])
    assert not window.beyond(LOSS, 0.2)  # six seconds of thirty are not above 20 %
    window.add(7.0, LOST)
    assert window.beyond(LOSS, 0.2)
    assert not window.full


def test_a_full_window_is_not_beyond_a_limit_that_it_keeps() -> None:
    # Rounds every 3 s: a window of 10 s sees four of them, which stand for 12 s.
    window = fill(Window(10, 7), [(3.0 * n, heard(0.02) if n % 2 else LOST) for n in range(20)])
    assert window.value(LOSS) == 0.5
    assert window.within(LOSS, 0.5)
    assert not window.beyond(LOSS, 0.5)


def test_a_late_answer_repairs_the_loss_and_says_nothing_of_the_latency() -> None:
    window = fill(Window(4, 3), [(float(n), heard(0.02)) for n in range(4)])
    window.add(4.0, LOST)
    assert window.value(LOSS) == 0.25
    window.settle(4.0, heard(1.8))
    assert window.value(LOSS) == 0.0
    assert window.value(LATENCY) == 0.02
    window.settle(4.0, heard(1.8))
    assert window.value(LOSS) == 0.0
    fill(window, [(float(n), heard(0.02)) for n in range(5, 9)])
    assert window.value(LOSS) == 0.0
    assert window.value(LATENCY) == 0.02


def test_what_is_told_of_a_round_that_the_window_does_not_hold_is_past() -> None:
    window = fill(Window(3, 3), [(float(n), LOST) for n in range(8)])
    for past in (0.0, 3.5, 4.0, 99.0):
        window.settle(past, heard(0.5))
    assert window.value(LOSS) == 1.0


def test_what_is_pending_counts_neither_way() -> None:
    window = fill(Window(4, 3), [(0.0, LOST), (1.0, LOST), (2.0, PENDING), (3.0, heard(0.02))])
    assert window.value(LOSS) == 0.5
    window.settle(2.0, heard(0.3))
    assert window.value(LOSS) == pytest.approx(1 / 3)


def test_two_rounds_sent_at_one_instant_are_no_gap() -> None:
    window = fill(Window(5, 3), [(float(n), LOST) for n in range(8)])
    window.add(7.0, LOST)  # asked for at once, just when one was due
    assert window.full
    assert window.value(LOSS) == 1.0


def test_a_window_of_which_nothing_is_known_keeps_no_limit() -> None:
    window = fill(Window(1, 3), [(float(n), PENDING) for n in range(5)])
    assert not window.within(LOSS, 0.02)
    assert not window.beyond(LOSS, 0.02)


@settings(max_examples=100, deadline=None)
@example(4.0, [(1.0, 0.02)] * 6, 1, 3, [(0.25, None)])
@example(1.0, [(1.0, None)], 5, 26, [(0.25, 0.5)])
@given(
    st.sampled_from([0.25, 0.3, 1.0, 4.0]),
    st.lists(st.tuples(st.sampled_from([0.25, 1.0, 3.0]), fates), max_size=12),
    st.integers(1, 50),
    st.integers(1, 40),
    st.lists(st.tuples(st.sampled_from([0.25, 1.0]), fates), max_size=12),
)
def test_a_steady_window_that_leaps_is_as_if_it_had_been_fed(
    period: float,
    before: list[tuple[float, float | None]],
    calm: int,
    fast_forward: int,
    after: list[tuple[float, float | None]],
) -> None:
    fed, leapt = Window(5, 9), Window(5, 9)
    now = 100.0
    for pause, rtt in before:
        now += pause
        for window in (fed, leapt):
            window.add(now, Answer(TARGET, rtt))
    for _ in range(calm):
        now += period
        for window in (fed, leapt):
            window.add(now, heard(0.02))
    if not leapt.steady:
        return
    for n in range(fast_forward):
        fed.add(now + (n + 1) * period, heard(0.02))
    leapt.fast_forward(fast_forward * period)
    now += fast_forward * period
    for pause, rtt in after:
        now += pause
        for window in (fed, leapt):
            window.add(now, Answer(TARGET, rtt))
        assert fed.full == leapt.full
        for measure in Measure:
            assert leapt.value(measure) == pytest.approx(fed.value(measure), abs=1e-5)


def test_what_a_sample_takes_is_bounded() -> None:
    window = Window(72.0, 0.6)
    tracemalloc.start()
    try:
        for n in range(40_000):
            window.add(n * 0.01, heard(0.02) if n % 9 else LOST)
            if n == 20_000:
                first, _ = tracemalloc.get_traced_memory()
        last, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most / 7_200 < BYTES_A_SAMPLE
    assert last < 1.2 * first
