import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.bench import bench, start_engine, wait_until
from faults.policy import Settings
from faults.row import A_MOMENT
from faults.table import Line
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Engine
from support.tables import Recorder

pytestmark = pytest.mark.kernel

KILLS = 100
SEED = 20
MEASURED = 10
"""One in so many lives shows how long a start takes now."""
UPLINKS = {"eth0": "primary", "eth1": "secondary"}
_LONG_ENOUGH = 0.5
"""Seconds after the start in which a failover or a fail-back may end."""
_LOOK = 0.001


class Life:
    """The primary breaks and is mended, again and again, each time once the traffic has moved."""

    def __init__(self, lab: Lab, recorder: Recorder) -> None:
        self._lab = lab
        self._recorder = recorder
        self._broken = False
        self.turns = 0

    @property
    def best(self) -> str | None:
        """The interface of the best default route now."""
        return self._recorder.best_interfaces()[-1]

    def go_on(self) -> None:
        """Break or mend the line, if the traffic is where it should be."""
        if self._moved():
            blackhole, primary = FAULTS["blackhole"], self._lab.uplinks[0]
            (blackhole.heal if self._broken else blackhole.inject)(self._lab, primary)
            self._broken = not self._broken
            self.turns += 1

    def end(self) -> None:
        """Mend the line, and wait until the traffic has moved back."""
        wait_until(self._moved, "the latest move")
        if self._broken:
            self.go_on()
            wait_until(self._moved, "the last fail-back")

    def _moved(self) -> bool:
        return self.best == ("eth1" if self._broken else "eth0")


def live_until_killed(
    engine: Engine, life: Life, recorder: Recorder, longest: float, chance: random.Random
) -> None:
    """Kill it at a random moment, or (one time in two) at one around its first route message."""
    end = time.monotonic() + chance.uniform(0, longest)
    told = len(recorder.messages()) if chance.random() < 0.5 else None
    if told is not None:
        end = time.monotonic() + longest
    while time.monotonic() < end:
        life.go_on()
        if told is not None and len(recorder.messages()) > told:
            time.sleep(chance.uniform(0, 0.005))
            break
        time.sleep(_LOOK)
    engine.end(signal.SIGKILL)


def test_a_restart_costs_no_packet(tmp_path: Path, report: Callable[[Line], None]) -> None:
    with bench(tmp_path, Settings()) as running, Recorder(running.lab) as recorder:
        began = time.monotonic()
        running.engine.end(signal.SIGKILL)
        with start_engine(running.lab, running.policy_file) as engine:
            engine.wait_for_health("primary", "secondary")
            over = time.monotonic()
        assert recorder.messages() == []
        running.stream.stop()
        outage = running.stream.outage(began, over)
    assert outage.lost <= A_MOMENT
    report(Line("SIGKILL and restart", "stays", outage))


@pytest.mark.slow
def test_an_engine_that_is_killed_at_any_moment_leaves_a_route_that_works(
    tmp_path: Path, report: Callable[[Line], None]
) -> None:
    chance = random.Random(SEED)
    settings = Settings(interval="50ms", stable="200ms")
    with bench(tmp_path, settings) as running, Recorder(running.lab) as recorder:
        life = Life(running.lab, recorder)
        running.engine.end(signal.SIGKILL)
        for number in range(KILLS):
            found = life.best
            started = time.monotonic()
            with start_engine(running.lab, running.policy_file) as engine:
                if number % MEASURED == 0:  # a start may take longer than the ones before
                    engine.wait_for("decision")
                    longest = time.monotonic() - started + _LONG_ENOUGH
                live_until_killed(engine, life, recorder, longest, chance)
            for decision in engine.said("decision")[:1]:
                assert decision.fields["cause"] == "restart"
                assert decision.fields["selected"] == UPLINKS[str(found)]
        with start_engine(running.lab, running.policy_file):
            life.end()
        # Never without a route, and never a move that the state of the lines did not demand.
        path = recorder.best_interfaces()
    assert path == ["eth0", *(life.turns // 2 * ["eth1", "eth0"])]
    assert life.turns > KILLS / 10
    switches = f"{life.turns} failovers and fail-backs"
    then = f"always a default route that works; a restart moves nothing ({switches})"
    report(Line(f"SIGKILL at {KILLS} random moments", then, None))
