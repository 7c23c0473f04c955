"""Who wants no good rounds does not read blocks that have nothing else."""

from pathlib import Path

from route_switcher.core.vocabulary.events import Answer, Round
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.journal.reading import Journal
from route_switcher.journal.records import Record
from support.journalled import content_of, written
from support.pinging import target

UPLINK = UplinkId("fibre", Family.IPV4)
TARGET = target("203.0.113.1")


def _round(at: float, outcome: RoundOutcome) -> Round:
    rtt = 0.02 if outcome is RoundOutcome.GOOD else None
    return Round(at + 0.1, UPLINK, "internet", at, outcome, (Answer(TARGET, rtt),))


def _journal(folder: Path) -> Journal:
    """Good rounds for an hour, but one that failed and one of which nothing is known."""
    outcomes = dict.fromkeys(range(1000, 4600), RoundOutcome.GOOD)
    outcomes |= {2000: RoundOutcome.FAILED, 3000: RoundOutcome.UNKNOWN}
    rounds = [_round(float(at), outcome) for at, outcome in outcomes.items()]
    return Journal(written(folder, content_of(rounds, size=64)))


def test_blocks_of_good_rounds_are_left_out_while_all_is_calm(tmp_path: Path) -> None:
    read = [entry.record for entry in _journal(tmp_path).entries(calm=lambda: True)]
    assert len(read) < 50
    outcomes = [record.outcome for record in read if isinstance(record, Round)]
    assert {RoundOutcome.FAILED, RoundOutcome.UNKNOWN} <= set(outcomes)


def test_all_is_read_from_the_moment_on_in_which_the_reader_wants_it(tmp_path: Path) -> None:
    read: list[Record] = []
    failed: list[Record] = []
    for entry in _journal(tmp_path).entries(calm=lambda: not failed):
        read.append(entry.record)
        if isinstance(entry.record, Round) and entry.record.outcome is RoundOutcome.FAILED:
            failed.append(entry.record)
    times = [record.sent_at for record in read if isinstance(record, Round)]
    assert times[times.index(2000.0) :] == [float(at) for at in range(2000, 4600)]
