"""What metrics cost: to count each round, and to be scraped."""

import sys
import time
from subprocess import DEVNULL

from bench.figures import Table, first_paragraph, goal
from bench.running import MINIMAL, Engine, cpu_seconds, eventually, policy_text
from faults import clients
from route_switcher.core.vocabulary.events import Answer, Round
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.daemon.metrics.tally import Tally
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from route_switcher.policy.load import load
from support.pinging import target
from support.scraping import LISTEN, PORT, scrape, value

MOST = 5
"""Percent of the round that counting may cost."""

_WINDOW = 4.0
"""Seconds that each part is measured."""
_COUNTED = 100_000
_TURNS = 3
_SCRAPES = 40
_EVERY = 15
"""Seconds from one scrape to the next, as Prometheus does by default at the longest."""


def measure() -> Table:
    """An engine with two uplinks and one target, a round each 50 ms through both, that gives
    metrics. Round: CPU time of the process, divided by the rounds that it counted. Counting:
    100,000 rounds in memory, in the same run. Scrape: how much more CPU time 40 of them took, and
    what that is of the rounds of the default policy (two a second) if one comes every 15 seconds.
    Late: the rounds that were sent more than 5 ms later than planned, in four seconds of quiet, and
    in four among scrapers that come again and again, a hundred at a time, send garbage or a part
    of a request, and never read.
    """
    with Lab() as lab, Engine(lab, policy_text(lab) + LISTEN) as engine:
        engine.wait_until_healthy(rules=4)
        eventually(lambda: _answers(lab), "metrics")
        each = _round(lab, engine.pid)
        scraped = _scrape(lab, engine.pid)
        quiet, pestered = _late(lab, pestered=False), _late(lab, pestered=True)
    counting = min(_counting() for _ in range(_TURNS))
    rows = (
        ("a round", f"{each:.0f} µs", "", ""),
        (
            "counting it",
            f"{counting:.2f} µs",
            f"{100 * counting / each:.1f} %",
            goal(100 * counting / each, MOST, "% of the round"),
        ),
        ("a scrape", f"{scraped:.0f} µs", f"{100 * scraped / (each * 2 * _EVERY):.1f} %", ""),
        ("late, in quiet", "", f"{quiet:.1%}", ""),
        ("late, among bad scrapers", "", f"{pestered:.1%}", ""),
    )
    columns = ("what", "CPU", "of the rounds", "goal")
    return Table("Metrics", first_paragraph(measure.__doc__), columns, rows)


def _rounds(lab: Lab) -> float:
    text = scrape(lab)
    return sum(
        value(text, "probe_rounds_total", uplink=uplink.name, outcome="good")
        for uplink in lab.uplinks
    )


def _round(lab: Lab, process: int) -> float:
    """Microseconds of a round."""
    before, cpu_before = _rounds(lab), cpu_seconds(process)
    time.sleep(_WINDOW)
    cpu = cpu_seconds(process) - cpu_before
    return 1e6 * cpu / (_rounds(lab) - before)


def _scrape(lab: Lab, process: int) -> float:
    """Microseconds of a scrape, beyond what the rounds cost meanwhile."""
    cpu_before = cpu_seconds(process)
    time.sleep(_WINDOW)
    quiet = cpu_seconds(process) - cpu_before
    began, cpu_before = time.monotonic(), cpu_seconds(process)
    for _ in range(_SCRAPES):
        scrape(lab)
        time.sleep(_WINDOW / _SCRAPES / 2)
    seconds = time.monotonic() - began
    busy = cpu_seconds(process) - cpu_before
    return 1e6 * (busy - quiet * seconds / _WINDOW) / _SCRAPES


def _counting() -> float:
    """Microseconds to count a round."""
    policy = load(str(MINIMAL))
    tally = Tally(policy)
    answers = (Answer(target("203.0.113.200"), 0.02),)
    its = policy.uplinks[0].id
    event = Round(1.02, its, policy.probes[0].name, 1.0, RoundOutcome.GOOD, answers)
    began = time.process_time()
    for _ in range(_COUNTED):
        tally.event(event)
        tally.sent(0.0007)
    seconds = time.process_time() - began
    assert tally.probes[its, event.probe].good == _COUNTED
    return 1e6 * seconds / _COUNTED


def _late(lab: Lab, *, pestered: bool) -> float:
    """Which share of the rounds was sent late."""
    before = scrape(lab)
    words = [sys.executable, "-P", clients.__file__, f"127.0.0.1:{PORT}", "scraping", "60"]
    scrapers = lab.start(ROUTER, words, stdout=DEVNULL) if pestered else None
    time.sleep(_WINDOW)
    if scrapers is not None:
        lab.stop(f"process {scrapers.pid}")
        eventually(lambda: _answers(lab), "metrics after the scrapers")
    after = scrape(lab)
    sent, in_time = (
        value(after, f"probe_send_delay_seconds_{series}", **labels)
        - value(before, f"probe_send_delay_seconds_{series}", **labels)
        for series, labels in (("count", {}), ("bucket", {"le": "0.005"}))
    )
    return 1 - in_time / sent


def _answers(lab: Lab) -> bool:
    try:
        return bool(scrape(lab))
    except (OSError, AssertionError):
        return False
