"""Figures in words."""

from math import inf

import pytest

from route_switcher.text.durations import seconds
from route_switcher.text.quantities import counted, how_often, listed, number, share, volume


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0 s"),
        (0.25, "250 ms"),
        (0.0125, "12.5 ms"),
        (1, "1 s"),
        (3.5, "3.5 s"),
        (62, "62 s"),
        (120, "2 min"),
        (182, "3 min 2 s"),
        (3600, "60 min"),
        (7260, "2 h 1 min"),
        (86400 * 3, "3 days"),
    ],
)
def test_times(value: float, words: str) -> None:
    assert seconds(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (88, "88 bytes"),
        (2e3, "2 kB"),
        (7.6e6, "7.6 MB"),
        (228_096_000, "228 MB"),
        (1.3e9, "1.3 GB"),
    ],
)
def test_volumes(value: float, words: str) -> None:
    assert volume(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (inf, "all the time"),
        (293.7, "294 times a month"),
        (2.566, "2.6 times a month"),
        (1, "once a month"),
        (0.26, "once in 3.8 months"),
        (0.04, "once in 2.1 years"),
        (1e-9, "never in 1,000 years"),
        (0, "never in 1,000 years"),
    ],
)
def test_how_often(value: float, words: str) -> None:
    assert how_often(value) == words


def test_numbers_shares_and_lists() -> None:
    assert [number(v) for v in (0.02, 3.5, 228.1, 25659)] == ["0.02", "3.5", "228", "25,700"]
    assert [share(v) for v in (0.2, 0.005, 1)] == ["20 %", "0.5 %", "100 %"]
    assert [counted(n, "rule") for n in (1, 2)] == ["1 rule", "2 rules"]
    assert counted(2, "switch", "switches") == "2 switches"
    assert [listed("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
