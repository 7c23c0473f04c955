"""What a probe costs, and whether answers go missing, when there are many; beside fping."""

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.figures import Table, first_paragraph, goal
from bench.observing import echo_requests
from bench.running import DEADLINE, Engine, NotMeasuredError, cpu_seconds, eventually, told
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import INTERNET, ROUTER
from route_switcher.lab.topology import Lab

ROUND = 50
SIZES = (2, 100, 1000, 4000)
GOAL_AT = 1000
_MOST_SINGLE = 1000
"""With more probes than that a policy file is refused: it has too many keys."""
_REPEATS = {GOAL_AT: 3}
_WINDOW = 2.8
"""Seconds that are measured at least; then to the next pause, so that it comes to three."""
_PAUSE = 0.3
"""Seconds without a request by which the pause is known between one second's and the next's."""
_SPREAD = 500
"""Milliseconds over which fping spreads its requests: over a whole second, a busy machine makes it
fall behind."""

_PREFIX_V6 = "2001:db8:300:"
_V4 = [f"198.51.100.{n}" for n in range(65, 115)] + [f"203.0.113.{n}" for n in range(205, 255)]


@dataclass(frozen=True, slots=True)
class _Cost:
    """What one program came to in one window."""

    microseconds: float
    """CPU time for each probe."""
    sent: float
    """Of the probes that were due, how many came to the internet."""
    lost: int
    """Answers (fping) or rounds (the engine) that were missed though the internet had answered."""


def measure() -> Table:
    """One uplink; every target once a second; timeout 1 s, quorum `all`; IPv4 up to 100 targets,
    IPv6 beyond. CPU is user and system time of the whole process over three seconds (so with its
    part of the kernel's work on the packets), divided by the requests that came to the internet;
    sent are those, of all that were due. fping asks the same in the same lab, in turn with the
    engine (1,000 targets: medians of three turns), its requests spread over half a second; and once
    more with all in a burst (`-i 0`), as the engine sends a round. Lost are fping's answers, failed
    the engine's rounds: nothing was lost on the way.
    """
    if shutil.which("fping") is None:
        raise NotMeasuredError("fping is missing: apt install fping")
    with Lab() as lab:
        lab.run(INTERNET, "ip", "-6", "route", "add", "local", f"{_PREFIX_V6}:/64", "dev", "lo")
        more = "".join(f"address add {address}/32 dev lo\n" for address in _V4)
        lab.run(INTERNET, "ip", "-batch", "-", given=more)
        rows = tuple(row for size in SIZES for row in _rows(lab, size))
    columns = ("targets", "program", "CPU a probe", "÷ fping", "sent", "failed or lost", "goal")
    return Table("Probes", first_paragraph(measure.__doc__), columns, rows)


def _rows(lab: Lab, size: int) -> Iterator[tuple[str, ...]]:
    family, targets = _targets(size)
    by_round = min(size, ROUND)
    in_rounds, spread = [], []
    for _ in range(_REPEATS.get(size, 1)):
        in_rounds.append(_engine(lab, family, targets, by_round))
        spread.append(_fping(lab, family, targets, _SPREAD / size))
    measured = {f"engine, rounds of {by_round}": in_rounds}
    if size <= _MOST_SINGLE:
        measured["engine, rounds of 1"] = [_engine(lab, family, targets, 1)]
    measured["fping, spread"] = spread
    measured["fping, in a burst"] = [_fping(lab, family, targets, 0)]
    beside = median(cost.microseconds for cost in spread)
    for program, costs in measured.items():
        cpu = median(cost.microseconds for cost in costs)
        lost = sum(cost.lost for cost in costs)
        aims = [goal(lost, 0, "lost")] if program.startswith("engine") else []
        if size == GOAL_AT and costs is in_rounds:
            aims.append(goal(cpu / beside, 1, "x fping"))
        yield (
            f"{size:,}",
            program,
            f"{cpu:.0f} µs",
            f"{cpu / beside:.2f}",
            f"{median(cost.sent for cost in costs):.0%}",
            str(lost),
            "; ".join(aims),
        )


def _targets(size: int) -> tuple[Family, list[str]]:
    if size <= len(_V4):
        return Family.IPV4, _V4[:size]
    return Family.IPV6, [f"{_PREFIX_V6}:{number:x}" for number in range(1, size + 1)]


def _engine(lab: Lab, family: Family, targets: Sequence[str], per_round: int) -> _Cost:
    rounds = [targets[n : n + per_round] for n in range(0, len(targets), per_round)]
    with Engine(lab, _policy(lab, family, rounds)) as engine:
        # The log tells of so many rules at once with a count, after a while.
        engine.wait_until_healthy(rules=len(rounds), patience=60.0)
        before = len(engine.said("rule"))
        microseconds, sent = _window(lab, family, engine.pid, len(targets))
        later = engine.said("rule")[before:]
        failed = sum(told(said) - (said["after"] != "failed") for said in later)
        return _Cost(microseconds, sent, failed)


def _policy(lab: Lab, family: Family, rounds: Sequence[Sequence[str]]) -> str:
    """Every failed round makes a rule fail, and so a line in the log."""
    uplink = lab.uplinks[0]
    gateway = uplink.gateway_of(family)
    lines = [
        "version: 1",
        "uplinks:",
        f"  primary: {{interface: {uplink.interface}, gateway: '{gateway}'}}",
        "probes:",
    ]
    for number, targets in enumerate(rounds):
        quorum = ", quorum: all" if len(targets) > 1 else ""
        listed = ", ".join(f"'{target}'" for target in targets)
        lines.append(f"  p{number}: {{type: icmp, targets: [{listed}]{quorum}}}")
    lines.append("rules:")
    lines += [
        f"  - {{name: r{number}, probe: p{number}, fail: {{failures: 1}}}}"
        for number in range(len(rounds))
    ]
    return "\n".join([*lines, ""])


def _fping(lab: Lab, family: Family, targets: Sequence[str], pause: float) -> _Cost:
    uplink = lab.uplinks[0]
    words = ["fping", f"-{family.value}", "-q", "-C", "60", "-p", "1000"]
    words += ["-i", f"{pause:.3f}", "-I", uplink.interface]
    with _folder() as folder, _default_route(lab, family), ExitStack() as closing:
        (folder / "targets").write_text("\n".join(targets) + "\n")
        report = closing.enter_context((folder / "report").open("w"))
        fping = lab.start(ROUTER, [*words, "-f", str(folder / "targets")], stderr=report)
        before = echo_requests(lab, family)
        eventually(lambda: echo_requests(lab, family) > before, "fping's first request")
        microseconds, sent = _window(lab, family, fping.pid, len(targets))
        fping.send_signal(signal.SIGINT)  # it reports what it has
        fping.wait(DEADLINE)
        answers = [line.split(" : ")[1].split() for line in _lines(folder / "report")]
    if len(answers) != len(targets):
        raise NotMeasuredError(f"fping told of {len(answers)} of {len(targets)} targets")
    return _Cost(microseconds, sent, sum(line.count("-") for line in answers))


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if " : " in line]


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="route-switcher-bench-") as name:
        yield Path(name)


@contextmanager
def _default_route(lab: Lab, family: Family) -> Iterator[None]:
    """The engine makes its own; it leaves it, at another metric than this."""
    uplink = lab.uplinks[0]
    words = ("via", str(uplink.gateway_of(family)), "dev", uplink.interface, "metric", "5")
    lab.run(ROUTER, "ip", f"-{family.value}", "route", "add", "default", *words)
    try:
        yield
    finally:
        lab.run(ROUTER, "ip", f"-{family.value}", "route", "delete", "default", *words)


def _window(lab: Lab, family: Family, process: int, targets: int) -> tuple[float, float]:
    """Microseconds of CPU for each probe, and what share of those due was sent."""
    _await_pause(lab, family)
    began, before, sent_before = time.monotonic(), cpu_seconds(process), echo_requests(lab, family)
    time.sleep(_WINDOW)
    _await_pause(lab, family)
    seconds = round(time.monotonic() - began)
    after, sent = cpu_seconds(process), echo_requests(lab, family) - sent_before
    if sent == 0:
        raise NotMeasuredError("no probe came to the internet")
    return 1e6 * (after - before) / sent, sent / (targets * seconds)


def _await_pause(lab: Lab, family: Family) -> None:
    seen, since = echo_requests(lab, family), time.monotonic()
    end = since + DEADLINE
    while (now := time.monotonic()) < end and now - since < _PAUSE:
        time.sleep(_PAUSE / 10)
        if (sent := echo_requests(lab, family)) != seen:
            seen, since = sent, time.monotonic()
