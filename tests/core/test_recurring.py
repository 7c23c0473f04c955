"""What comes and goes again and again is told once, then ever more rarely, and when it is over."""

from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.recurring import OVER, Recurring

HOUR = 3600.0


def test_the_first_time_is_told_as_it_is_and_so_is_its_end() -> None:
    recurring: Recurring[str] = Recurring()
    coming = recurring.comes(0.0, "route")
    assert (coming.first, coming.tell) == (True, True)
    assert recurring.goes(1000.0, "route")
    assert recurring.comes(1000.0 + OVER, "route").first


def test_the_second_time_in_a_minute_is_told_once_with_how_often() -> None:
    recurring: Recurring[str] = Recurring()
    recurring.comes(0.0, "route")
    assert recurring.goes(0.5, "route")
    second = recurring.comes(1.0, "route")
    assert (second.first, second.tell, second.words) == (False, True, "2 times in 1 s")
    assert not recurring.goes(1.5, "route")
    assert not recurring.comes(2.0, "route").tell


def test_its_end_is_told_when_it_has_stayed_away_for_a_minute() -> None:
    recurring: Recurring[str] = Recurring()
    for at in range(10):
        recurring.comes(at, "route")
        recurring.goes(at + 0.5, "route")
    assert recurring.deadline() == 9.5 + OVER
    assert recurring.ended(9.4 + OVER) == []
    assert recurring.ended(9.5 + OVER) == ["route"]
    assert recurring.ended(HOUR) == []


def test_what_came_again_and_stayed_long_is_told_like_the_first_time() -> None:
    recurring: Recurring[str] = Recurring()
    recurring.comes(0.0, "route")
    recurring.goes(1.0, "route")
    recurring.comes(2.0, "route")
    recurring.comes(2.0 + OVER, "another")
    assert recurring.goes(HOUR, "route")


@given(st.lists(st.floats(0.001, OVER - 0.001), min_size=1, max_size=300))
def test_however_often_it_comes_lines_are_few_and_none_is_told_of_nothing(
    pauses: list[float],
) -> None:
    """At the first and the second time, then after 1, 2, 4 … minutes, and at last once an hour."""
    recurring: Recurring[str] = Recurring()
    at = told = 0.0
    for pause in pauses:
        told += recurring.comes(at, "route").tell
        told += recurring.goes(at, "route")
        at += pause
    assert told <= 2 + 1 + 7 + at / HOUR


@given(st.lists(st.tuples(st.floats(0, 200), st.sampled_from("abc"), st.booleans()), max_size=60))
def test_things_are_told_apart(steps: list[tuple[float, str, bool]]) -> None:
    together: Recurring[str] = Recurring()
    alone: dict[str, Recurring[str]] = {name: Recurring() for name in "abc"}
    at = 0.0
    for pause, name, comes in steps:
        at += pause
        for one in (together, alone[name]):
            one.ended(at)
        if comes:
            assert together.comes(at, name) == alone[name].comes(at, name)
        else:
            assert together.goes(at, name) == alone[name].goes(at, name)
