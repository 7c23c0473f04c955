"""A journal for the page about it: a day in March, and the days before 2026-11-27, 12:00 UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from route_switcher.core.vocabulary.events import Event
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.daemon.recording.clocks import Clocks
from route_switcher.daemon.recording.writing import Header, Writing
from route_switcher.journal.records import PolicyText
from route_switcher.policy.load import load_text
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.schedule import on_grid
from support.world import World

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
BEGAN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC).timestamp()
MARCH = datetime(2026, 3, 14, 6, 0, tzinfo=UTC).timestamp()

TEXT = """\
version: 1
uplinks:
  fibre: {interface: eth0, gateway: 198.51.100.1}
  lte: {interface: eth1, gateway: 203.0.113.1}
probes:
  internet: {type: icmp, targets: [198.51.100.200], interval: 20s, fast_interval: 1s, timeout: 1s}
"""
_USUAL = {"fibre": 12, "lte": 45}
"""Milliseconds."""


@dataclass
class Wall:
    """Clocks that a test sets."""

    engine: float
    wall: float
    asleep: float = 0.0

    def __call__(self) -> Clocks:
        """What they say."""
        return Clocks(self.engine, self.wall, self.asleep)


class UsualWorld(World):
    """Answers take as long as they usually do, and now and then one is lost."""

    def __init__(self, rules: Policy, start: float) -> None:
        self._random = Random(1)
        super().__init__(rules, start=start)

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> Fate:
        """See `virtual.internet.Internet`."""
        fate = super().answer(uplink, probe, target, sent_at)
        lost = self._random.random() < (0.001 if uplink.name == "fibre" else 0.02)
        if not isinstance(fate, float) or lost:
            return None
        usual = _USUAL[uplink.name]
        return on_grid(round(self._random.uniform(usual, 1.6 * usual) * 1000) * 1000)


def recorded(
    state: Path, heard: Sequence[Event | Output], start: float, wall: float, until: float
) -> None:
    """Write a journal into the state folder as an engine does that began at `start`, when the wall
    clock was `wall`, and is at work at `until`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATE_DIRECTORY", str(state))
        _record(heard, Wall(start, wall), until)


def _record(heard: Sequence[Event | Output], clocks: Wall, until: float) -> None:
    text = PolicyText("1" * 64, TEXT)
    header = Header("0.1.0", "boot", 0.0, clocks, lambda _: text)
    writing = Writing(clocks.engine, header, text, began=False)
    writing.files.bound = 64_000_000
    for record in heard:
        if record.at > clocks.engine + 10:
            writing.look()
            clocks.wall += record.at - clocks.engine
            clocks.engine = record.at
        writing.put(record)
    clocks.wall += until - clocks.engine
    clocks.engine = until
    writing.hurry()
    writing.look()
    writing.files.close()


def remember(state: Path) -> None:
    """Write the journal of the page."""
    rules = load_text(TEXT, "policy")
    march = UsualWorld(rules, 5000.0).run(5000.0 + 3 * 3600)
    march.outage("lte", march.now + 600)
    march.run(5000.0 + 12 * 3600)
    recorded(state, march.heard, 5000.0, MARCH, march.now)
    start = 20_000.0
    world = UsualWorld(rules, start).run(start + 18 * 3600 + 727)
    world.outage("fibre", world.now + 184)
    world.run(start + 50 * 3600 + 1111)
    world.link("fibre", carrier=False)
    world.run(world.now + 95)
    world.link("fibre")
    world.run(start + NOW.timestamp() - BEGAN)
    recorded(state, world.heard, start, BEGAN, world.now)
