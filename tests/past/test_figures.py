"""Sums of hours, and what lies between them."""

from collections.abc import Iterator, Sequence

from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.journal.reading import Entry
from route_switcher.journal.records import Heard, Summary
from route_switcher.past.figures import Figures
from route_switcher.past.troubles import Span
from support.lived import NOON

FIBRE = UplinkId("fibre", Family.IPV4)


def test_hours_that_follow_each_other_leave_nothing_to_be_read_round_by_round() -> None:
    """The time of day of a block is in whole microseconds, and each block has its own."""
    figures = Figures(NOON, NOON + 30 * 3600)
    asked: list[Span] = []

    def rounds(spans: Sequence[Span]) -> Iterator[Entry]:
        asked.extend(spans)
        return iter(())

    for hour in range(1, 30):
        heard = Heard(FIBRE, "internet", 3600, 0, 0, 3600, 3600, ((5, 3600),))
        summary = Summary(3600.0 * hour, 3600.0 * (hour - 1), (heard,))
        ahead = NOON + hour % 7 * 1e-6
        figures.take(Entry(summary.at + ahead, 1, summary, ahead))
    sums = figures.close(rounds, [(NOON, NOON + 30 * 3600)])
    assert sums[FIBRE, "internet"].good == 29 * 3600
    ((begins, ends),) = asked
    assert abs(begins - (NOON + 29 * 3600)) < 0.001
    assert ends == NOON + 30 * 3600
