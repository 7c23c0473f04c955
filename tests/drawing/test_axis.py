"""Where the time is written below a picture."""

import pytest

from route_switcher.drawing.axis import since_the_start
from route_switcher.text.durations import DAY, HOUR


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (7 * DAY, ["0 s", "1 day", "2 days", "3 days", "4 days", "5 days", "6 days", "7 days"]),
        (30 * DAY, ["0 s", "5 days", "10 days", "15 days", "20 days", "25 days", "30 days"]),
        (HOUR, ["0 s", "10 min", "20 min", "30 min", "40 min", "50 min", "1 h"]),
        (10.0, ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s"]),
        (1.0, ["0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1 s"]),
    ],
)
def test_the_marks_of_an_axis_are_whole_steps(seconds: float, words: list[str]) -> None:
    assert [mark.words for mark in since_the_start(seconds)] == words


def test_a_picture_of_ten_years_has_few_marks() -> None:
    assert len(list(since_the_start(3650 * DAY))) <= 8
