"""The times that `validate` computes, against the real engine on the real kernel."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Self

import pytest

from route_switcher.analysis.figures.detection import time_to_fail
from route_switcher.analysis.figures.recovery import time_to_return
from route_switcher.analysis.monitoring import Fault, monitoring_of
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.faults import FAULTS, Act
from route_switcher.lab.topology import Lab
from route_switcher.policy.load import load_text
from support.machine_cost import waited
from support.running import Engine, Record, Start

pytestmark = pytest.mark.kernel

RUNS = 2
"""Measurements that must agree with the figures."""

TRIES = 12
"""Measurements that may be made for that: the figures are of a machine that loses no answers, and
a busy one does at times."""

LATE = 0.3
"""Seconds by which the fault and the log line may be late on a quiet machine."""

WAKINGS = 4
"""How often a busy machine may be late on the way to one verdict: at each of three rounds, and at
the log line."""

LINK_WATCH = 1.0
"""Seconds that the kernel may wait before it takes up a carrier that is back, if it has dealt with
another change just before (net/core/link_watch.c)."""

TIMEOUT = 0.15
DOWN_INTERVAL = 0.6
"""Of the policy below, in seconds."""


class Lateness:
    """Measures, from `__enter__` to `__exit__`, how late this machine wakes who sleeps."""

    def __init__(self) -> None:
        self.worst = 0.0
        """Seconds, up to now."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _measure(self) -> None:
        while not self._over.is_set():
            due = time.monotonic() + 0.01
            time.sleep(0.01)
            self.worst = max(self.worst, time.monotonic() - due)


def policy_of(lab: Lab) -> str:
    targets = ", ".join(f"'{target}'" for target in lab.targets(Family.IPV4)[:1])
    uplinks = "".join(
        f"  {u.name}: {{interface: {u.interface}, gateway: {u.gateway_of(Family.IPV4)}}}\n"
        for u in lab.uplinks
    )
    return (
        f"version: 1\nuplinks:\n{uplinks}probes:\n"
        f"  internet: {{type: icmp, targets: [{targets}], interval: 400ms, timeout: {TIMEOUT:g}s,"
        f" fast_interval: 200ms, down_interval: {DOWN_INTERVAL:g}s}}\n"
        "rules:\n"
        "  - {name: no-internet, fail: {failures: 3}, recover: {stable: 1s}}\n"
        "  - {name: unplugged, fail: {carrier: down, for: 300ms}, recover: {stable: 1s}}\n"
        "  - {name: lossy, fail: {loss: 50%, over: 2s}, recover: {stable: 500ms}}\n"
    )


@dataclass(frozen=True, slots=True)
class Span:
    """Of something done to the line, from before it was begun until it had been done: seconds since
    1970, and the number of the next line of the log."""

    since: int
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def spent(engine: Engine, act: Act, lab: Lab) -> Span:
    since, began = engine.now, time.time()
    act(lab, lab.uplinks[0])
    return Span(since, began, time.time())


def disturbance(rounds: Sequence[Record], fault: Span, healed: Span, watched: float) -> str | None:
    """What the machine did to a measurement, by the rounds of the uplink, from the last before the
    fault on; None: nothing. It knows the policy only, none of the figures.

    A round that was sent while the line was whole must be good, and the next one must come in time.
    `watched` is for how many seconds the kernel may see the line as cut after that.
    """
    for this in rounds:
        if this.fields["outcome"] == "good":
            continue
        awaited = TIMEOUT if "no answer" in this.fields["reason"] else 0.0
        sent = this.at - awaited
        if sent < fault.began:
            return f"a round of {fault.began - sent:.3f} s before the fault was lost"
        if sent > healed.ended + watched:
            return f"a round of {sent - healed.ended:.3f} s after the mending was lost"
    gap = max((after.at - before.at for before, after in pairwise(rounds)), default=0.0)
    if gap > DOWN_INTERVAL + TIMEOUT + LATE:
        return f"for {gap:.3f} s no round came"
    return None


@pytest.mark.parametrize(
    ("fault", "name", "seen_by"),
    [
        (Fault.SILENT, "blackhole", ("no-internet",)),
        (Fault.UNPLUGGED, "carrier", ("no-internet", "unplugged")),
    ],
)
def test_rules_fail_and_return_within_the_computed_times(
    lab: Lab, start: Start, fault: Fault, name: str, seen_by: tuple[str, ...]
) -> None:
    text = policy_of(lab)
    policy = load_text(text, "policy.yaml")
    watch = monitoring_of(policy, "primary")
    times = {
        rule.name: (fails, returns)
        for rule in watch.rules
        if (fails := time_to_fail(watch, rule, fault))
        and (returns := time_to_return(watch, rule, fault))
    }
    link_watch = LINK_WATCH if fault is Fault.UNPLUGGED else 0.0
    engine = start(text, "--log-level", "debug")
    disturbed: list[str] = []
    measured = 0
    while measured < RUNS:
        assert measured + len(disturbed) < TRIES, f"this machine is too busy: {disturbed}"
        engine.wait_for_health("primary", "secondary", rules=[r.name for r in policy.rules])
        before = waited(engine.process.pid)
        with Lateness() as lateness:
            broken = spent(engine, FAULTS[name].inject, lab)
            failed = {rule: verdict(engine, broken, rule, "failed") for rule in times}
            mended = spent(engine, FAULTS[name].heal, lab)
            returned = {rule: verdict(engine, mended, rule, "ok") for rule in times}
        wait_for_verification(engine, mended)
        rounds = engine.said("round", uplink="primary")
        earlier = sum(each.number < broken.since for each in rounds)
        rounds = rounds[max(0, earlier - 1) :]
        if found := disturbance(rounds, broken, mended, link_watch):
            disturbed.append(found)
            continue
        measured += 1
        late = LATE + WAKINGS * lateness.worst + max(0.0, waited(engine.process.pid) - before)
        for rule, (fails, returns) in times.items():
            assert returned[rule] <= returns.worst + mended.seconds + late + link_watch
            if rule in seen_by:  # before another rule makes the rounds slower
                # The least is as much below the mean as the worst is above it.
                assert 2 * fails.typical - fails.worst - 0.05 <= failed[rule]
                assert failed[rule] <= fails.worst + broken.seconds + late


def wait_for_verification(engine: Engine, mended: Span) -> None:
    """A fault that begins while the switch back is verified would have it undone."""
    back = engine.wait_for("decision", since=mended.since, selected="primary")
    engine.wait_for("verify", since=back.number)
    for _ in range(2):
        engine.wait_for("round", uplink="primary", outcome="good")


def verdict(engine: Engine, act: Span, rule: str, after: str) -> float:
    """Seconds from the beginning of `act` until the rule of the uplink was told to be so."""
    told = engine.wait_for("rule", since=act.since, uplink="primary", rule=rule, after=after)
    return told.at - act.began


FAULT, HEALED = Span(0, 100.0, 100.1), Span(9, 102.0, 102.1)


def told(at: float, reason: str = "") -> Record:
    time_of = datetime.fromtimestamp(at, UTC).isoformat()
    outcome = "failed" if reason else "good"
    return Record(0, "round", "debug", "", {"time": time_of, "outcome": outcome, "reason": reason})


@pytest.mark.parametrize(
    ("at", "reason", "said"),
    [
        (100.3, "no answer within 0.15 s", None),
        (100.1, "no answer within 0.15 s", "a round of 0.050 s before the fault was lost"),
        (100.05, "no carrier", None),
        (102.2, "no answer within 0.15 s", None),
        (102.3, "no answer within 0.15 s", "a round of 0.050 s after the mending was lost"),
        (102.3, "", None),
    ],
)
def test_an_answer_lost_by_the_machine_disturbs(at: float, reason: str, said: str | None) -> None:
    ends = told(at - 0.5), told(at + 0.5)
    assert disturbance([ends[0], told(at, reason), ends[1]], FAULT, HEALED, 0.0) == said


def test_rounds_that_do_not_come_disturb() -> None:
    assert disturbance([told(102.5), told(103.5)], FAULT, HEALED, 0.0) is None
    found = disturbance([told(102.5), told(103.75)], FAULT, HEALED, 0.0)
    assert found == "for 1.250 s no round came"
