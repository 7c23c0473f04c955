"""How often a flapping line moves the traffic, against the virtual world."""

import pytest

from route_switcher.analysis.figures.flapping import USUAL, damped, moves_an_hour
from route_switcher.core.vocabulary.conditions import CarrierDown, ConsecutiveFailures
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.outputs import Decision, Output
from route_switcher.core.vocabulary.policy import HoldBack, Policy
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.virtual.world import World
from support.watching import UPLINKS, Lines, policy, probe, rule

THREE = ConsecutiveFailures("internet", 3)
HOUR = 3600.0


def moves(the_policy: Policy, hours: int) -> float:
    """Moves an hour, where the first line loses its carrier as soon as it has the traffic."""
    seen: list[float] = []

    def note(output: Output) -> None:
        if isinstance(output, Decision):
            seen.append(output.at)

    world = World(the_policy, Lines(), note).run(10.0)
    interface = UPLINKS[0].interface
    while world.now < (hours + 1) * HOUR:
        if world.active(Family.IPV4) == UPLINKS[0].name:
            world.set_links(LinkState(interface, carrier=False))
            world.run(world.now + 0.01)
            world.set_links(LinkState(interface))
        world.run(world.now + 0.25)
    return sum(at >= HOUR for at in seen) / hours


@pytest.mark.parametrize(
    ("hold_back", "stable"),
    [
        (HoldBack(), 60.0),
        (HoldBack(), 20.0),
        (HoldBack(min_stay=300.0), 60.0),
        (HoldBack(switches_per_hour=6), 60.0),
        (HoldBack(damping=USUAL), 60.0),
    ],
    ids=["default", "soon", "stays", "budget", "damped"],
)
def test_a_flapping_line_moves_the_traffic_as_often_as_said_at_most(
    hold_back: HoldBack, stable: float
) -> None:
    rules = (rule(THREE, stable), rule(CarrierDown(), stable, name="unplugged"))
    flapping = policy(rules, probe(), hold_back=hold_back)
    seen = moves(flapping, 1)
    assert 0.75 * moves_an_hour(flapping) <= seen <= 1.001 * moves_an_hour(flapping) + 1


def test_damping_is_worth_much_and_alone_there_is_nothing_to_move() -> None:
    plain = policy(rule(THREE))
    assert moves_an_hour(plain) == 120
    assert moves_an_hour(damped(plain)) < 30
    assert moves_an_hour(policy(rule(THREE), uplinks=UPLINKS[:1])) == 0
