"""`route-switcher run` in the lab's router, as a process that is measured; its log is a file."""

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab

DEADLINE = 15.0
"""Seconds that anything may take; far more than it does, for machines that are busy."""

MINIMAL = Path(__file__).parents[2] / "examples" / "minimal.yaml"
"""Two uplinks, one ping a second through each, the rules that there are by default."""

_LOOK = 0.02


class NotMeasuredError(Exception):
    """Something that was to be measured did not happen; the message says what."""


def eventually(true: Callable[[], bool], what: str, patience: float = DEADLINE) -> None:
    """Return as soon as `true()` is. Raises NotMeasuredError after `patience` seconds."""
    end = time.monotonic() + patience
    while not true():
        if time.monotonic() > end:
            raise NotMeasuredError(f"not within {patience:g} s: {what}")
        time.sleep(_LOOK)


def cpu_seconds(process: int) -> float:
    """User and system time of a process, of all its threads, in steps of a nanosecond.

    What clock_getcpuclockid(3) makes of a process's number; Python has it for threads only.
    """
    return time.clock_gettime(~process << 3 | 2)


def policy_text(
    lab: Lab,
    *,
    interval: str = "50ms",
    fast: str | None = None,
    timeout: str | None = None,
    stable: str = "150ms",
    swapped: bool = False,
    ignore_linkdown: bool = False,
) -> str:
    """A policy of the lab's uplinks and one target, 3 failures; timeout = interval unless said."""
    uplinks = lab.uplinks[::-1] if swapped else lab.uplinks
    lines = [
        f"  {u.name}: {{interface: {u.interface}, gateway: {u.gateway}, metric: {metric}}}"
        for u, metric in zip(uplinks, (10, 20), strict=True)
    ]
    pace = (
        f"interval: {interval}, fast_interval: {fast or interval}, timeout: {timeout or interval}"
    )
    # Not the target of the stream, so that a probe is told from it.
    probe = f"  internet: {{type: icmp, targets: [{lab.targets_v4[1]}], {pace}}}"
    rules = [
        f"  - {{name: no-internet, fail: {{failures: 3}}, recover: {{stable: {stable}}}}}",
        f"  - {{name: unplugged, fail: {{carrier: down}}, recover: {{stable: {stable}}}}}",
    ]
    head = ["version: 1", f"ignore_linkdown: {str(ignore_linkdown).lower()}", "uplinks:"]
    return "\n".join([*head, *lines, "probes:", probe, "rules:", *rules, ""])


class Engine:
    """The process, from `__enter__` to `__exit__`. `policy` may be rewritten, and `reload`ed."""

    def __init__(self, lab: Lab, policy: str) -> None:
        self._lab = lab
        self._folder = tempfile.TemporaryDirectory(prefix="route-switcher-bench-")
        self._policy = Path(self._folder.name, "policy.yaml")
        self._log = Path(self._folder.name, "log")
        self._policy.write_text(policy)
        with self._log.open("w") as log:
            words = ["run", "--log-format", "json", "--log-level", "info", str(self._policy)]
            self._process = lab.start(ROUTER, program(*words), stderr=log)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lab.stop(f"process {self._process.pid}")
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def said(self, event: str) -> list[dict[str, Any]]:
        """The lines of the log about this event, up to now.

        Raises NotMeasuredError if the engine has ended.
        """
        text = self._log.read_text()
        if (code := self._process.poll()) is not None:
            raise NotMeasuredError(f"the engine ended with exit code {code}: {text[-2000:]}")
        lines = text[: text.rfind("\n") + 1].splitlines()
        try:
            return [said for line in lines if (said := json.loads(line))["event"] == event]
        except json.JSONDecodeError as error:  # a refused policy, or a traceback
            raise NotMeasuredError(f"the engine says: {text[-2000:]}") from error

    def wait_until_healthy(self, rules: int, patience: float = DEADLINE) -> None:
        """Wait until so many rules (of all uplinks) have said that they are ok."""
        eventually(
            lambda: sum(told(said) for said in self.said("rule") if said["after"] == "ok") >= rules,
            f"{rules} rules ok",
            patience,
        )

    def reload(self, policy: str) -> None:
        """Give it another policy."""
        self._policy.write_text(policy)
        os.kill(self.pid, signal.SIGHUP)


def told(said: dict[str, Any]) -> int:
    """For how many lines this one of the log stands: the log has a limit for each cause."""
    return 1 + int(said.get("more", 0))


def program(*words: str) -> Sequence[str]:
    """The program with these arguments."""
    return [sys.executable, "-P", "-m", "route_switcher", *words]
