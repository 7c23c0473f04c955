"""How many rounds the core judges in a second: nothing but Python, no packets."""

import time

from bench.figures import Table, first_paragraph
from bench.running import MINIMAL
from route_switcher.core.engine import Engine
from route_switcher.core.vocabulary.events import Answer, LinkState, Round, Routes, Start
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.policy.load import load
from support.keys import v4
from support.pinging import target

ROUNDS = 100_000
_TURNS = 3
_RTT = 0.02


def measure() -> Table:
    """The example `minimal` (two uplinks, two rules) in memory, the rounds of both uplinks in turn;
    every hundredth of the preferred one fails; plans are asked for after each, as the daemon does.
    CPU time, best of three times 100,000 rounds.
    """
    seconds = min(_seconds() for _ in range(_TURNS))
    row = (f"{ROUNDS / seconds:,.0f}", f"{1e6 * seconds / ROUNDS:.1f}")
    columns = ("rounds judged a second", "µs a round")
    return Table("The core", first_paragraph(measure.__doc__), columns, (row,))


def _seconds() -> float:
    policy = load(str(MINIMAL))
    engine = Engine(policy)
    engine.handle(Start(0.0, tuple(LinkState(u.interface) for u in policy.uplinks), ()))
    routes = tuple(
        Route(u.family, u.interface, u.written_gateway, u.metric) for u in policy.uplinks
    )
    engine.handle(Routes(0.0, routes))
    (probe,) = policy.probes
    answers = (Answer(target("203.0.113.200"), _RTT),)
    rounds = []
    for number in range(ROUNDS):
        uplink = policy.uplinks[number % len(policy.uplinks)].name
        sent_at = 1.0 + number / len(policy.uplinks)
        outcome = RoundOutcome.FAILED if number % 200 == 0 else RoundOutcome.GOOD
        rounds.append(Round(sent_at + _RTT, v4(uplink), probe.name, sent_at, outcome, answers))
    began = time.process_time()
    for event in rounds:
        engine.handle(event)
        engine.plans()
    return time.process_time() - began
