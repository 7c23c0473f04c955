"""Stretches of time, and what becomes of them in a picture."""

from hypothesis import given
from hypothesis import strategies as st

from route_switcher.drawing.stretches import LISTED, Stretches

SECONDS = 1000.0

_courses = st.lists(st.tuples(st.floats(0, 5), st.floats(0.001, 5)), max_size=300)


def _taken(course: list[tuple[float, float]], seconds: float = SECONDS) -> Stretches:
    taken, time = Stretches(seconds), 0.0
    for gap, length in course:
        taken.add(time + gap, time + gap + length)
        time += gap + length
    return taken


@given(_courses)
def test_bars_have_all_that_was_added_and_are_never_more_than_a_picture_shows(
    course: list[tuple[float, float]],
) -> None:
    taken = _taken(course)
    assert sum(run.count for run in taken.runs) == taken.count
    assert abs(sum(run.seconds for run in taken.runs) - taken.seconds) < 1e-6
    assert all(a.ends < b.begins for a, b in zip(taken.runs, taken.runs[1:], strict=False))
    assert len(taken.runs) <= 1 + 480 * (sum(map(sum, course)) / SECONDS)


@given(_courses)
def test_the_list_has_each_stretch_whole(course: list[tuple[float, float]]) -> None:
    taken = _taken(course)
    assert len(taken.first) == min(taken.count, LISTED)
    assert abs(sum(one.seconds for one in taken.first) - taken.seconds) < 1e-6
    firsts = [run.first for run in taken.runs]
    assert [taken.first[n].begins for n in firsts] == [run.begins for run in taken.runs]


def test_what_goes_on_is_one_stretch() -> None:
    taken = _taken([(10, 1), (0, 1), (0, 2), (20, 1)])
    assert [(one.begins, one.ends) for one in taken.first] == [(10, 14), (34, 35)]


def test_a_list_ends_and_the_count_goes_on() -> None:
    taken = _taken([(1.0, 1.0)] * (LISTED + 5), 1e6)
    taken.add(2.0 * (LISTED + 5), 2.0 * (LISTED + 5) + 7)
    assert len(taken.first) == LISTED
    assert taken.first[-1].seconds == 1.0
    assert taken.count == LISTED + 5
