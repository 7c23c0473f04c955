"""What `fast_interval` costs in failovers that nobody needed, where packets are lost at random."""

import random
from ipaddress import ip_address

from bench.figures import Table, first_paragraph
from route_switcher.core.engine import Engine
from route_switcher.core.probing.pace import Pace
from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.events import LinkState, Round, Routes, Start
from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from support.keys import v4
from support.pinging import pinging, target

LOSS = 0.05
FAILURES = 3
ROUNDS = 250_000
_MONTH = 30 * 86400.0
_RTT = 0.02
_SEED = 1


def measure() -> Table:
    """Every round of the preferred uplink is lost with a chance of 5 %, each by itself; the other
    one works; one target; recovery at once, so that every run of three failed rounds is a failover.
    Computed: a run begins after a good round, with a chance of 0.95 x 0.05³ a round, and rounds
    come sooner while one is confirmed. Simulated: 250,000 rounds given to the core, seeded, ± the
    square root of the failovers seen. The last column is about losses that come together: an outage
    that is shorter cannot cause a failover.
    """
    rows = []
    for words, fast in (("1 s x 3", 1.0), ("1 s x 3, confirmed every 250 ms", 0.25)):
        policy = _policy(fast)
        failovers, seconds = _simulate(policy)
        scale = _MONTH / seconds
        rows.append(
            (
                words,
                f"{0.5 + FAILURES * fast:g} s",
                f"{_per_round():.6f}",
                f"{_MONTH * _per_round() / _mean_interval(1.0, fast):.0f}",
                f"{failovers * scale:.0f} ± {failovers**0.5 * scale:.0f}",
                f"{(FAILURES - 1) * fast:g} s",
            )
        )
    columns = (
        "policy",
        "detection (mean, theory)",
        "chance a round",
        "failovers a month, computed",
        "simulated",
        "shortest outage that can fail over",
    )
    title = "The price of `fast_interval` at 5 % random loss"
    return Table(title, first_paragraph(measure.__doc__), columns, tuple(rows))


def _per_round() -> float:
    return (1 - LOSS) * LOSS**FAILURES


def _mean_interval(interval: float, fast: float) -> float:
    """Seconds from a round to the next: fast after the first failures of a run, not after the last
    one that counts."""
    confirming = sum((1 - LOSS) * LOSS**failures for failures in range(1, FAILURES))
    return confirming * fast + (1 - confirming) * interval


def _policy(fast: float) -> Policy:
    return Policy(
        uplinks=(
            Uplink("primary", "eth0", ip_address("198.51.100.1"), 10, Family.IPV4),
            Uplink("secondary", "eth1", ip_address("203.0.113.1"), 20, Family.IPV4),
        ),
        probes=(pinging("internet", target("203.0.113.200"), timeout=fast, fast=fast),),
        rules=(Rule("no-internet", ConsecutiveFailures("internet", FAILURES), Recover(0.0)),),
        ignore_linkdown=False,
    )


def _simulate(policy: Policy) -> tuple[int, float]:
    """Failovers of the core, and the seconds that went by in its world."""
    chance = random.Random(_SEED)
    engine = Engine(policy)
    primary, secondary = (uplink.name for uplink in policy.uplinks)
    probe = policy.probes[0]
    engine.handle(Start(0.0, tuple(LinkState(u.interface) for u in policy.uplinks), ()))
    routes = tuple(
        Route(u.family, u.interface, u.written_gateway, u.metric) for u in policy.uplinks
    )
    engine.handle(Routes(0.0, routes))
    pace = Pace(probe, policy.rules)
    now, failovers = 1.0, 0
    for _ in range(ROUNDS):
        good = chance.random() >= LOSS
        engine.handle(_round(secondary, now, True, probe))
        outputs = engine.handle(_round(primary, now, good, probe))
        failovers += sum(isinstance(o, Decision) and o.selected == secondary for o in outputs)
        now += pace.after(RoundOutcome.GOOD if good else RoundOutcome.FAILED)
    return failovers, now


def _round(uplink: str, sent_at: float, good: bool, probe: Probe) -> Round:
    outcome = RoundOutcome.GOOD if good else RoundOutcome.FAILED
    told_at = sent_at + (_RTT if good else probe.timeout)
    return Round(told_at, v4(uplink), probe.name, sent_at, outcome)
