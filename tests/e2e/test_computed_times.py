"""The times that `validate` computes, against the real engine on the real kernel."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Self

import pytest

from route_switcher.analysis.figures.detection import time_to_fail
from route_switcher.analysis.figures.recovery import time_to_return
from route_switcher.analysis.monitoring import Fault, monitoring_of
from route_switcher.core.vocabulary.policy import Family
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from route_switcher.policy.load import load_text
from support.running import Start

pytestmark = pytest.mark.kernel

RUNS = 2

LATE = 0.3
"""Seconds by which the fault and the log line may be late on a quiet machine."""

WAKINGS = 4
"""How often a busy machine may be late on the way to one verdict: at each of three rounds, and at
the log line."""

LINK_WATCH = 1.0
"""Seconds that the kernel may wait before it takes up a carrier that is back, if it has dealt with
another change just before (net/core/link_watch.c)."""


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


@pytest.fixture
def lateness() -> Iterator[Lateness]:
    with Lateness() as measured:
        yield measured


def policy_of(lab: Lab) -> str:
    targets = ", ".join(f"'{target}'" for target in lab.targets(Family.IPV4)[:1])
    uplinks = "".join(
        f"  {u.name}: {{interface: {u.interface}, gateway: {u.gateway_of(Family.IPV4)}}}\n"
        for u in lab.uplinks
    )
    return (
        f"version: 1\nuplinks:\n{uplinks}probes:\n"
        f"  internet: {{type: icmp, targets: [{targets}], interval: 400ms, timeout: 150ms,"
        " fast_interval: 200ms, down_interval: 600ms}\n"
        "rules:\n"
        "  - {name: no-internet, fail: {failures: 3}, recover: {stable: 1s}}\n"
        "  - {name: unplugged, fail: {carrier: down, for: 300ms}, recover: {stable: 1s}}\n"
        "  - {name: lossy, fail: {loss: 50%, over: 2s}, recover: {stable: 500ms}}\n"
    )


@pytest.mark.parametrize(
    ("fault", "name", "seen_by"),
    [
        (Fault.SILENT, "blackhole", ("no-internet",)),
        (Fault.UNPLUGGED, "carrier", ("no-internet", "unplugged")),
    ],
)
def test_rules_fail_and_return_within_the_computed_times(
    lab: Lab,
    start: Start,
    lateness: Lateness,
    fault: Fault,
    name: str,
    seen_by: tuple[str, ...],
) -> None:
    text = policy_of(lab)
    policy = load_text(text, "policy.yaml")
    watch = monitoring_of(policy, "primary")
    engine = start(text)
    engine.wait_for_health("primary", "secondary")
    for _ in range(RUNS):
        took: dict[tuple[str, str], float] = {}
        for act, after in ((FAULTS[name].inject, "failed"), (FAULTS[name].heal, "ok")):
            since, began = engine.now, time.time()
            act(lab, lab.uplinks[0])
            for rule in watch.rules:
                if time_to_fail(watch, rule, fault) is None:
                    continue
                told = engine.wait_for(
                    "rule", since=since, uplink="primary", rule=rule.name, after=after
                )
                at = datetime.fromisoformat(told.fields["time"]).timestamp()
                took[rule.name, after] = at - began
        for rule in watch.rules:
            fails = time_to_fail(watch, rule, fault)
            returns = time_to_return(watch, rule, fault)
            if fails is None or returns is None:
                continue
            late = LATE + WAKINGS * lateness.worst
            link_watch = LINK_WATCH if fault is Fault.UNPLUGGED else 0.0
            assert took[rule.name, "ok"] <= returns.worst + late + link_watch
            if rule.name in seen_by:  # before another rule makes the rounds slower
                # The least is as much below the mean as the worst is above it.
                assert 2 * fails.typical - fails.worst - 0.05 <= took[rule.name, "failed"]
                assert took[rule.name, "failed"] <= fails.worst + late
