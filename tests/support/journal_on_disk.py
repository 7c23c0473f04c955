"""A journal in a folder, as an engine leaves it, of what happened in a world of tests."""

from pathlib import Path

from route_switcher.core.vocabulary.events import Reload
from route_switcher.journal.records import Began, Ended, PolicyText, Record
from route_switcher.policy.load import load_text
from support.journalled import content_of, written
from support.world import World

POLICY = """\
version: 1
uplinks:
  fibre: {interface: eth0, gateway: 198.51.100.1}
  lte: {interface: eth1, gateway: 203.0.113.1}
"""


def world() -> World:
    """An engine with that policy, at its start."""
    return World(load_text(POLICY, "policy.yaml"))


def keep(folder: Path, lived: World, *, wall: float, policy: str = POLICY) -> Path:
    """Write what happened, as if the wall clock had been `wall` at the start, and the engine was
    stopped at the end. Returns `folder`."""
    records: list[Record] = [PolicyText("1", policy), Began(0.0, "1.0", "boot", 0.0, "1")]
    records += [each for each in lived.heard if not isinstance(each, Reload)]
    records.append(Ended(lived.now))
    return written(folder, content_of(records, at=0.0, size=4096, wall=wall))
