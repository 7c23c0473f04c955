"""The demo: the real engine in the lab, its preferred uplink broken and mended, a stream beside it.

Nothing here knows the engine from within: it is a process, and what it did is read from the
router's routing table.
"""

import json
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from select import select
from subprocess import PIPE, STDOUT, Popen
from typing import TypeAlias

from route_switcher.core.vocabulary.uplinks import DEMOTION
from route_switcher.lab.addresses import ROUTER, LabUplink
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.stream import Outage, PacketStream
from route_switcher.lab.topology import Lab

LASTING_FAULTS = ("blackhole", "carrier", "dead-gateway", "admin-down", "interface-removed")
"""The faults that surely lead to a failover; the others come and go, or the engine mends them."""

INTERVAL, FAILURES, STABLE = 0.5, 3, 5
"""What the demo's policy asks for: seconds, rounds, seconds."""

_POLICY = """\
version: 1
uplinks:
{uplinks}
probes:
  internet:
    type: icmp
    targets: [{targets}]
    interval: {interval}s
    timeout: {interval}s
rules:
  - name: no-internet
    probe: internet
    fail: {{failures: {failures}}}
    recover: {{stable: {stable}s}}
  - name: unplugged
    fail: {{carrier: down}}
    recover: {{stable: {stable}s}}
"""

# Seconds. Together with the pauses they keep the whole demo under a minute, whatever happens.
_SELECTION, _FAILOVER, _FAIL_BACK = 12.0, 12.0, 20.0
_PAUSE = 1.5
_LOOK = 0.1
_LAST_LINES = 12


class LineStyle(Enum):
    """Who speaks."""

    STEP = auto()
    ENGINE = auto()


Tell: TypeAlias = Callable[[LineStyle, str], None]
"""Receives each line as it comes."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """How the demo went. `missing` names what did not happen, if anything."""

    failover: Outage | None = None
    fail_back: Outage | None = None
    missing: str = ""
    last_lines: tuple[str, ...] = ()
    """The engine's, for when something is missing."""


class _Missing(Exception):  # noqa: N818 - the name of what did not happen
    pass


def engine_command(policy: Path) -> list[str]:
    """The engine as everybody runs it, and no code from the current folder."""
    safe = "-I" if sys.flags.isolated else "-P"
    return [sys.executable, "-u", safe, "-m", "route_switcher", "run", str(policy)]


def run(
    fault: str, tell: Tell, command: Callable[[Path], Sequence[str]] = engine_command
) -> DemoResult:
    """Break the first uplink by the fault of that name, and mend it; about 15 seconds, at most 60.

    To be called in a sandbox. `command` gives the engine's command line for a policy file.
    Raises `LabError`.
    """
    with Lab() as lab, tempfile.TemporaryDirectory(prefix="route-switcher-demo-") as folder:
        policy = Path(folder, "policy.yaml")
        policy.write_text(policy_text(lab))
        process = lab.start(ROUTER, command(policy), stdout=PIPE, stderr=STDOUT)
        with PacketStream(lab) as stream:
            show = _Show(lab, process, tell)
            try:
                broken, mended, over = show.play(fault)
            except _Missing as missing:
                return DemoResult(missing=str(missing), last_lines=tuple(show.last_lines))
        return DemoResult(stream.outage(broken, mended), stream.outage(mended, over))


def policy_text(lab: Lab) -> str:
    """The policy that the demo's engine runs: every uplink of the lab, IPv4."""
    uplinks = (
        f"  {u.name}: {{interface: {u.interface}, gateway: {u.gateway}, metric: {u.metric}}}"
        for u in lab.uplinks
    )
    return _POLICY.format(
        uplinks="\n".join(uplinks),
        targets=", ".join(map(str, lab.targets_v4[:2])),
        interval=INTERVAL,
        failures=FAILURES,
        stable=STABLE,
    )


class _Show:
    def __init__(self, lab: Lab, engine: Popen[str], tell: Tell) -> None:
        self._lab = lab
        self._engine = engine
        self._tell = tell
        assert engine.stdout is not None
        self._output = engine.stdout.fileno()
        self._unfinished = b""
        self._said_all = False
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)

    def play(self, fault: str) -> tuple[float, float, float]:
        """When it broke, when it was mended, and the end, by `time.monotonic`."""
        primary, secondary = self._lab.uplinks
        broken = FAULTS[fault]
        self._await(primary, _SELECTION, "the selection at the start")
        self._step(f"traffic leaves through {primary.name}")
        self._listen(_PAUSE)
        self._step(f"{primary.name} breaks ({fault}): {broken.description}")
        broken_at = time.monotonic()
        broken.inject(self._lab, primary)
        self._await(secondary, _FAILOVER, "the failover")
        self._step(f"failover: traffic leaves through {secondary.name}")
        self._listen(_PAUSE)
        self._step(f"{primary.name} is mended; it must be stable for {STABLE} s")
        mended_at = time.monotonic()
        broken.heal(self._lab, primary)
        self._await(primary, _FAIL_BACK, "the fail-back")
        self._step(f"fail-back: traffic leaves through {primary.name} again")
        self._listen(_PAUSE)
        return broken_at, mended_at, time.monotonic()

    def _step(self, text: str) -> None:
        self._tell(LineStyle.STEP, text)

    def _await(self, uplink: LabUplink, patience: float, what: str) -> None:
        deadline = time.monotonic() + patience
        while self._active() != uplink.interface:
            if self._engine.poll() is not None:
                self._catch_up()
                raise _Missing(f"{what}: the engine ended with exit code {self._engine.returncode}")
            if time.monotonic() > deadline:
                raise _Missing(f"{what}: not within {patience:g} s")
            self._listen(_LOOK)
        self._catch_up()

    def _active(self) -> str:
        """The interface of the best default route, unless that one is demoted."""
        text = self._lab.run(ROUTER, "ip", "-j", "-4", "route", "show", "default")
        routes = [(int(r.get("metric", 0)), str(r.get("dev", ""))) for r in json.loads(text)]
        metric, interface = min(routes, default=(DEMOTION, ""))
        return interface if metric < DEMOTION else ""

    def _listen(self, seconds: float) -> None:
        """Pass on what the engine says meanwhile."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._said_all:
                time.sleep(left)
            elif select([self._output], [], [], left)[0]:
                self._hear(os.read(self._output, 1 << 16))

    def _catch_up(self) -> None:
        """Pass on what the engine has said already: it speaks before it moves a route, and before
        it ends."""
        while not self._said_all and select([self._output], [], [], 0)[0]:
            self._hear(os.read(self._output, 1 << 16))

    def _hear(self, said: bytes) -> None:
        self._said_all = not said
        *lines, self._unfinished = (self._unfinished + said).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace")
            self.last_lines.append(text)
            self._tell(LineStyle.ENGINE, text)
