"""A thing is told once, and again when there is something new to say."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.notices import Notices
from route_switcher.core.vocabulary.outputs import Level, Notice

SAID = Notice(0.0, Level.INFO, "said")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2))))
def test_of_each_subject_a_value_is_told_unless_it_was_the_last(
    told: Iterable[tuple[str, int]],
) -> None:
    notices, last = Notices(), dict[str, int]()
    for subject, value in told:
        news = [] if last.get(subject) == value else [SAID]
        assert notices.once(subject, value, SAID) == news
        last[subject] = value
