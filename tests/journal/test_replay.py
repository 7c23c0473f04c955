"""What the core decided comes of the journal once more, bit for bit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from route_switcher.core.vocabulary.conditions import Beyond, Measure, Within
from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.policy import FamiliesMove, Policy, Recover, Rule
from route_switcher.journal.framing import file_header
from route_switcher.journal.reading import Journal
from route_switcher.journal.records import Lost, Record
from route_switcher.journal.replay import Step, replay
from support.journalled import DAY, RecordedWorld, blocks_of, content_of, same, written
from support.two_families import BOTH
from support.world import policy, uplink

HOUR = 3600.0
SEED = policy()
THREE = policy(*(uplink(name, number) for number, name in enumerate("abc")), fast=1.0)
POLICIES = {
    "the seed's": SEED,
    "three": THREE,
    "two families": replace(BOTH, families_move=FamiliesMove.TOGETHER),
}


def lived_through(rules: Policy, seed: int, seconds: float, start: float = 0.0) -> RecordedWorld:
    """A world in which now and then something breaks, is mended, or is ordered."""
    random, world = Random(seed), RecordedWorld(rules, start=start)
    names = rules.names
    other = replace(rules, hold_back=replace(rules.hold_back, min_stay=30.0))

    def route() -> None:
        ours = [each for each in world.table if each.ours]
        if ours:
            world.take_away(random.choice(ours))

    deeds: list[Callable[[], object]] = [
        lambda: world.cut(random.choice(names)),
        lambda: world.mend(*names),
        lambda: world.silence(random.choice(names), random.random() < 0.5),
        lambda: world.link(random.choice(names), carrier=random.random() < 0.5),
        lambda: world.link(random.choice(names)),
        lambda: world.reload(random.choice((rules, other))),
        lambda: world.switch(random.choice(names), seconds=60, force=random.random() < 0.5),
        lambda: world.release(random.choice(names)),
        route,
    ]
    while world.now < start + seconds:
        world.run(world.now + random.uniform(1, 120))
        random.choice(deeds)()
    return world


def replayed(folder: Path, world: RecordedWorld) -> list[Step]:
    return list(replay(Journal(folder).entries(), world.policies.__getitem__))


@pytest.mark.parametrize("which", POLICIES)
def test_an_hour_with_faults_gives_the_same_decisions_once_more(tmp_path: Path, which: str) -> None:
    seconds = HOUR if which == "the seed's" else HOUR / 4
    world = lived_through(POLICIES[which], 1, seconds)
    steps = replayed(written(tmp_path / "journal", content_of(world.records)), world)
    for step in steps:
        assert same(step.now, step.then), step.event
    decisions = [o for step in steps for o in step.now if isinstance(o, Decision)]
    assert decisions == world.decisions()
    assert len(decisions) > 3
    assert [o for step in steps for o in step.now] == world.outputs


def test_windows_come_out_the_same(tmp_path: Path) -> None:
    brown = Rule(
        "brown-out",
        Beyond(Measure.LOSS, "internet", 0.2, 30.0),
        Recover(20.0, Within(Measure.LOSS, "internet", 0.02, 20.0)),
    )
    rules = replace(SEED, rules=(*SEED.rules, brown))
    world = lived_through(rules, 2, 1800)
    steps = replayed(written(tmp_path / "journal", content_of(world.records)), world)
    assert [o for step in steps for o in step.now] == world.outputs
    assert any("brown-out" in rule for o in world.decisions() for rule in o.rules)


def test_a_round_takes_twenty_bytes_and_a_day_four_megabytes(tmp_path: Path) -> None:
    """At the default policy: two uplinks, one target each, asked once a second. On a machine whose
    clock shows any time."""
    # A clock of trio shows 10000 or more.
    for start in (10_000.0, 150_000.0, 900_000.0, 9_000_000.0):
        random = Random(1)
        world = RecordedWorld(SEED, start=start).run(start + HOUR)
        records = [jittered(record, random) for record in world.records]
        rounds = sum(isinstance(record, Round) for record in records)
        assert rounds == 7200
        # Blocks of twelve seconds.
        length = len(content_of(records, at=start, size=420))
        assert length / rounds <= 20
        assert 24 * length < 4_000_000


def jittered(record: Record, random: Random) -> Record:
    """The round as it would be on a machine: at no round time."""
    if not isinstance(record, Round):
        return record
    sent_at = record.sent_at + random.random() / 1000
    arrived = sent_at + random.uniform(0.02, 0.08)
    answers = tuple(replace(a, rtt=arrived - sent_at) for a in record.answers if a.rtt is not None)
    return replace(record, sent_at=sent_at, at=arrived + random.random() / 1000, answers=answers)


def test_after_a_loss_nothing_is_replayed(tmp_path: Path) -> None:
    """What was decided on what is missing cannot be known."""
    world = lived_through(SEED, 3, 600)
    middle = len(world.records) // 2
    records = [
        *world.records[:middle],
        Lost(300.0, 5, "the disk was full"),
        *world.records[middle:],
    ]
    steps = replayed(written(tmp_path / "journal", content_of(records)), world)
    assert 0 < len(steps) < middle
    for step in steps[:-1]:
        assert same(step.now, step.then)


def test_a_damaged_block_ends_the_replay(tmp_path: Path) -> None:
    world = lived_through(SEED, 3, 600)
    blocks = blocks_of(world.records, size=512)
    content = file_header(DAY) + b"".join(blocks[:3] + blocks[4:])
    steps = replayed(written(tmp_path / "journal", content), world)
    assert steps
    for step in steps[:-1]:
        assert same(step.now, step.then)


def test_a_run_whose_beginning_is_gone_is_not_replayed(tmp_path: Path) -> None:
    world = lived_through(SEED, 3, 600)
    content = content_of(world.records[len(world.records) // 2 :])
    assert replayed(written(tmp_path / "journal", content), world) == []
