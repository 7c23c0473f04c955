"""A limit for each cause: a burst, then counts; never silence, never more memory."""

from hypothesis import given
from hypothesis import strategies as st

from route_switcher.daemon.log_limit import BURST, CAUSES, LONGEST_SPAN, SPAN, WINDOW, LogLimit


class Log:
    """What a log with a limit would show, at each time."""

    def __init__(self) -> None:
        self.limit: LogLimit[str] = LogLimit()
        self.shown: list[tuple[float, str, int]] = []

    def say(self, at: float, line: str, cause: str = "war") -> None:
        self.look(at)
        if self.limit.passes("event", cause, line, at):
            self.shown.append((at, line, 0))

    def look(self, at: float) -> None:
        self.shown += [(at, held.latest, held.more) for held in self.limit.due(at)]


def test_a_war_without_end_writes_a_burst_and_then_a_line_from_time_to_time() -> None:
    log = Log()
    for number in range(20 * 600):
        log.say(number / 20, f"{number}")
    assert [line for _, line, _ in log.shown[:BURST]] == [str(number) for number in range(BURST)]
    counts = log.shown[BURST:]
    assert len(counts) <= 2 + 600 / LONGEST_SPAN + 1
    assert counts[0][0] <= SPAN + 1
    assert counts[0][2] > 150
    shown = len(log.shown) + sum(more for _, _, more in log.shown)
    assert 20 * (600 - LONGEST_SPAN) <= shown <= 20 * 600


def test_the_last_of_a_war_is_told_soon_though_nothing_follows() -> None:
    log = Log()
    for number in range(20 * 100):
        log.say(number / 20, f"{number}")
    for second in range(100, 100 + int(SPAN) + 1):
        log.look(second)
    assert log.shown[-1][1] == f"{20 * 100 - 1}"


def test_after_calm_lines_pass_again() -> None:
    log = Log()
    for number in range(100):
        log.say(number / 20, f"{number}")
    log.say(5 + SPAN, "later")
    assert [line for _, line, _ in log.shown[-2:]] == ["99", "later"]


def test_what_is_rare_is_never_held_back() -> None:
    log = Log()
    for number in range(100):
        log.say(number * WINDOW / BURST * 1.01, f"{number}")
    assert [line for _, line, _ in log.shown] == [str(number) for number in range(100)]


def test_one_cause_does_not_hide_another() -> None:
    log = Log()
    for number in range(100):
        log.say(number / 20, f"{number}")
    log.say(5, "the other", "another cause")
    assert log.shown[-1][1] == "the other"


def test_causes_without_number_are_limited_together() -> None:
    log = Log()
    for number in range(10_000):
        log.say(number / 1000, f"{number}", f"cause {number}")
    assert len(log.shown) <= CAUSES + BURST


@given(st.lists(st.tuples(st.floats(0, 40), st.sampled_from("abc")), max_size=60))
def test_no_line_is_forgotten_and_the_latest_of_each_cause_is_shown(
    said: list[tuple[float, str]],
) -> None:
    log, at, latest = Log(), 0.0, {}
    for number, (pause, cause) in enumerate(said):
        at += pause / 10
        latest[cause] = f"{cause}{number}"
        log.say(at, latest[cause], cause)
    log.look(float("inf"))
    assert sum(1 + more for _, _, more in log.shown) == len(said)
    shown = [line for _, line, _ in log.shown]
    assert set(latest.values()) <= set(shown)
