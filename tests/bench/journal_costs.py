"""What the engine's journal costs: to write each round, in memory, and to read it again."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench.figures import Table, first_paragraph, goal
from bench.observing import echo_requests
from bench.running import Engine, cpu_seconds, policy_text
from route_switcher.core.vocabulary.events import Answer, Round, Start
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.daemon.recording.clocks import Clocks
from route_switcher.daemon.recording.writing import Header, Writing
from route_switcher.journal.reading import Journal
from route_switcher.journal.records import PolicyText
from route_switcher.lab.addresses import INTERNET
from route_switcher.lab.topology import Lab
from route_switcher.past.history import read_history
from support.pinging import target

MOST = 5
"""Percent of the round that the journal may cost."""
MOST_BYTES = 20
"""Bytes of a round at the default policy."""
MOST_SECONDS = 2
"""To read a day at the default policy."""
MOST_SECONDS_A_MONTH = 10
"""To read 31 days of it: whoever asks has an answer in ten seconds."""

_WINDOW = 5.0
"""Seconds that an engine is measured."""
_DAY = 86_400.0
_WALL = 1_795_780_800.0
_TWENTY = [f"203.0.113.{number}" for number in range(205, 225)]
_MANY = 60_000
"""Rounds of twenty targets that are written."""


def measure() -> Table:
    """A round: CPU time of an engine without a journal, with two uplinks and one target (twenty), a
    round each 50 ms (100 ms) through both, divided by the rounds. Writing it: CPU time of all that
    the journal does with 20,000 rounds (60,000, through three uplinks), in this process; the memory
    that the last two thirds of these took. Reading: `history` of a day at the default policy, and
    of 31 days in which one round of fifty through the second uplink failed; `report` reads the
    same.
    """
    with Lab() as lab:
        more = "".join(f"address add {address}/32 dev lo\n" for address in _TWENTY)
        lab.run(INTERNET, "ip", "-batch", "-", given=more)
        alone = _round(lab, policy_text(lab), 1)
        twenty = _round(lab, _twenty(lab), 20)
    one = _written(_rounds(1, 2, 0.05, 20_000))
    many = _written(_rounds(20, 3, 0.1, _MANY))
    day = _written(_rounds(1, 2, 1.0, 2 * int(_DAY)), read=True)
    month = _written(_rounds(1, 2, 1.0, 62 * int(_DAY), lossy=True), read=True)
    rows = (
        ("a round of one target", f"{alone:.0f} µs", ""),
        ("writing it", f"{one.each:.1f} µs", _of(one.each, alone)),
        ("a round of twenty targets", f"{twenty:.0f} µs", ""),
        ("writing it", f"{many.each:.1f} µs", _of(many.each, twenty)),
        ("memory, after a third of them and after all", f"{many.grown:+.1f} MB", ""),
        (
            "a round at the default policy",
            f"{day.bytes_each:.1f} bytes",
            goal(day.bytes_each, MOST_BYTES, "bytes"),
        ),
        ("a day at the default policy", f"{day.size / 1e6:.2f} MB", goal(day.size / 1e6, 4, "MB")),
        ("`history` of it", f"{day.read:.2f} s", goal(day.read, MOST_SECONDS, "s")),
        (
            f"`history` of 31 days, {month.size / 1e6:.0f} MB",
            f"{month.read:.1f} s",
            goal(month.read, MOST_SECONDS_A_MONTH, "s"),
        ),
    )
    return Table("The journal", first_paragraph(measure.__doc__), ("what", "cost", "goal"), rows)


def _of(cost: float, whole: float) -> str:
    share = 100 * cost / whole
    return f"{share:.1f} % of the round: {goal(share, MOST, '%')}"


def _twenty(lab: Lab) -> str:
    one = str(lab.targets_v4[1])
    named = f"targets: [{', '.join(_TWENTY)}], quorum: all"
    return policy_text(lab, interval="100ms").replace(f"targets: [{one}]", named)


def _round(lab: Lab, policy: str, targets: int) -> float:
    """Microseconds of CPU of a round, without a journal."""
    with Engine(lab, policy + "journal: {size: none}\n") as engine:
        engine.wait_until_healthy(rules=4)
        asked, cpu = echo_requests(lab, Family.IPV4), cpu_seconds(engine.pid)
        time.sleep(_WINDOW)
        cpu = cpu_seconds(engine.pid) - cpu
        return 1e6 * cpu * targets / max(echo_requests(lab, Family.IPV4) - asked, 1)


def _rounds(
    targets: int, uplinks: int, interval: float, count: int, *, lossy: bool = False
) -> Iterator[Round]:
    random = Random(1)
    ids = [UplinkId(f"uplink{number}", Family.IPV4) for number in range(uplinks)]
    asked: list[Target] = [target(f"203.0.113.{number}") for number in range(1, targets + 1)]
    at = 500_000.0
    for number in range(count // uplinks):
        at = 500_000.0 + number * interval
        for its in ids:
            sent = at + random.random() / 1000
            answers = []
            for each in asked:
                arrived = sent + random.uniform(0.01, 0.03)
                answers.append(Answer(each, arrived - sent))
            told = sent + 0.03 + random.random() / 1000
            if lossy and its is ids[-1] and random.random() < 0.02:
                lost = tuple(Answer(each, None, "no answer within 1 s") for each in asked)
                yield Round(told + 1, its, "internet", sent, RoundOutcome.FAILED, lost)
                continue
            yield Round(told, its, "internet", sent, RoundOutcome.GOOD, tuple(answers))


@dataclass
class _Clock:
    engine: float

    def __call__(self) -> Clocks:
        return Clocks(self.engine, _WALL + self.engine - 500_000.0, 0.0)


@dataclass
class _Cost:
    each: float
    """Microseconds of CPU of a round."""
    grown: float
    """Megabytes."""
    size: float
    bytes_each: float
    read: float = 0.0


@contextmanager
def _state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="route-switcher-bench-") as folder:
        before = os.environ.get("STATE_DIRECTORY")
        os.environ["STATE_DIRECTORY"] = folder
        try:
            yield Path(folder)
        finally:
            if before is None:
                del os.environ["STATE_DIRECTORY"]
            else:
                os.environ["STATE_DIRECTORY"] = before


def _written(events: Iterator[Round], *, read: bool = False) -> _Cost:
    clock = _Clock(500_000.0)
    text = PolicyText("0", "")
    writing = Writing(clock.engine, Header("0", "0", 0.0, clock, lambda _: text), text, began=False)
    writing.files.bound = 1_000_000_000
    with _state() as state:
        writing.put(Start(clock.engine, (), ()))
        cpu, count, early = 0.0, 0, 0.0
        while batch := [event for event, _ in zip(events, range(1000), strict=False)]:
            began = time.process_time()
            for event in batch:
                if event.at > clock.engine + 1:
                    clock.engine = event.at
                    writing.look()
                writing.put(event)
            cpu += time.process_time() - began
            count += len(batch)
            if count == _MANY // 3:
                early = _resident()
        grown = _resident() - early if early else 0.0
        clock.engine += 100
        writing.look()
        writing.files.close()
        size = sum(file.stat().st_size for file in (state / "journal").iterdir())
        cost = _Cost(1e6 * cpu / count, grown, size, size / count)
        if read:
            began = time.process_time()
            end = _WALL + clock.engine - 500_000.0
            history = read_history(Journal(state / "journal"), _WALL - 10, end, lambda _: None)
            assert history.sums
            cost.read = time.process_time() - began
        return cost


def _resident() -> float:
    """Megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
