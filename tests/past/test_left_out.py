"""A history says the same, whether its reader leaves out what it does not need or not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.core.vocabulary.conditions import Beyond, Measure, Within
from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.journal.encoding import Encoder, grid_for
from route_switcher.journal.framing import file_header
from route_switcher.journal.reading import Entry, Journal, Span
from route_switcher.journal.records import Ended, Lost, Record
from route_switcher.journal.summary import Summing
from route_switcher.past.history import History, read_history
from support.journalled import DAY, WALL, RecordedWorld, written
from support.world import policy, uplink

LOSSY = Rule(
    "brown-out",
    Beyond(Measure.LOSS, "internet", 0.2, 30.0),
    Recover(20.0, Within(Measure.LOSS, "internet", 0.02, 20.0)),
)
RULES = {
    "two": policy(stable=20.0),
    "three": policy(*(uplink(name, number) for number, name in enumerate("abc")), stable=20.0),
    "brown-outs": replace(policy(), rules=(*policy().rules, LOSSY)),
}
BLOCK = 12.0
"""Seconds."""


class Everything(Journal):
    """Gives each record of a time, whatever the reader wants."""

    def entries(self, *time: float, **wishes: Any) -> Iterator[Entry]:
        return super().entries(*time)

    def rounds(self, spans: Sequence[Span]) -> Iterator[Entry]:
        every = super().entries()
        return (entry for entry in every if isinstance(entry.record, Round | Answers))


def lived_through(rules: Policy, seed: int) -> RecordedWorld:
    """Lines that are cut, mended, lossy, unknown, unplugged, and policies and orders."""
    random, world = Random(seed), RecordedWorld(rules, start=1000.0)
    names = rules.names
    deeds: list[Callable[[], object]] = [
        lambda: world.cut(random.choice(names)),
        lambda: world.mend(*names),
        lambda: world.mend(*names),
        lambda: world.silence(random.choice(names), random.random() < 0.5),
        lambda: world.link(random.choice(names), carrier=random.random() < 0.3),
        lambda: world.reload(rules),
        lambda: world.switch(random.choice(names), seconds=60, force=random.random() < 0.5),
    ]
    for _ in range(12):
        world.run(world.now + random.choice((1.5, 4, 30, 120)))
        random.choice(deeds)()
    return world


def content(world: RecordedWorld, seed: int) -> bytes:
    """Its journal in blocks of twelve seconds, with sums of each minute. Now and then the machine
    sleeps, the clock is set, or the journal lacks a part; and single rounds are lost."""
    random = Random(seed)
    encoder, blocks, wall = Encoder(1, grid_for(1000.0)), [], WALL - 1000.0
    asleep, minute, summing = 0.0, 1000.0, Summing(1000.0)
    records: list[Record] = list(world.records)
    for number, record in enumerate([*records, Ended(world.now)]):
        at = getattr(record, "at", 1000.0)
        if encoder.is_open and at > encoder.began_at + BLOCK:
            blocks.append(encoder.finish())
            if random.random() < 0.05:
                asleep += 100.0
                wall += 100.0
            if random.random() < 0.02:
                wall += random.choice((-40.0, 40.0))
        if not encoder.is_open:
            encoder.begin(at, wall + at, asleep)
        if at > minute + 60 and (summary := summing.take(at)):
            encoder.add(summary)
            minute = at
        if isinstance(record, Round):
            if record.outcome is RoundOutcome.GOOD and random.random() < 0.02:
                lost = tuple(Answer(a.target, None, "no answer") for a in record.answers)
                record = replace(record, outcome=RoundOutcome.FAILED, answers=lost)
            summing.add(record)
        encoder.add(record)
        if number and random.random() < 0.0005:
            encoder.add(Lost(at, 3, "the disk was full"))
    blocks.append(encoder.finish())
    return file_header(DAY) + b"".join(blocks)


def story(history: History) -> list[object]:
    """All of it but the sums, in which nothing may be counted twice."""
    return [history.account, history.switches, history.sums]


@settings(max_examples=20)
@given(st.sampled_from(sorted(RULES)), st.integers(0, 10_000), st.booleans())
def test_what_is_left_out_changes_nothing(
    tmp_path_factory: Any, which: str, seed: int, later: bool
) -> None:
    world = lived_through(RULES[which], seed)
    folder = written(tmp_path_factory.mktemp("state") / "journal", content(world, seed))
    begins = WALL + 200 if later else WALL - 10
    until = WALL + world.now - 900
    quick = read_history(Journal(folder), begins, until, world.policies.get)
    slow = read_history(Everything(folder), begins, until, world.policies.get)
    assert story(quick) == story(slow)
