"""What metrics cost: to count each round, and to be scraped."""

import time

from bench.figures import Table, first_paragraph, goal
from bench.running import Engine, cpu_seconds, eventually, policy_text
from route_switcher.core.vocabulary.events import Answer, Round
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.daemon.metrics.tally import Tally
from route_switcher.lab.topology import Lab
from route_switcher.policy.load import load
from support.pinging import target
from support.scraping import LISTEN, scrape, value

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
    """
    with Lab() as lab, Engine(lab, policy_text(lab) + LISTEN) as engine:
        engine.wait_until_healthy(rules=4)
        eventually(lambda: bool(scrape(lab)), "metrics")
        each = _round(lab, engine.pid)
        scraped = _scrape(lab, engine.pid)
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
    policy = load("dual-wan")
    tally = Tally(policy)
    answers = (Answer(target("203.0.113.200"), 0.02),)
    its = policy.uplinks[0].id
    event = Round(1.02, its, policy.probes[0].name, 1.0, RoundOutcome.GOOD, answers)
    began = time.process_time()
    for _ in range(_COUNTED):
        tally.event(event)
        tally.sent(0.0007)
    return 1e6 * (time.process_time() - began) / _COUNTED
