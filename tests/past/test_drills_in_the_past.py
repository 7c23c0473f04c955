"""A drill moves the traffic and returns it: the past tells both from the moves of an order."""

from route_switcher.core.vocabulary.orders import Drill
from route_switcher.reporting.data import as_data
from support.lived import lived
from support.world import World, policy

RULES = policy()


def test_the_moves_of_a_drill_are_told_from_those_of_an_order() -> None:
    world = World(RULES).run(100.0)
    world.submit(Drill(world.now, "secondary", 110.0))
    world.run(130.0)
    world.switch("secondary", seconds=20.0)
    world.run(200.0)
    account = lived(world, RULES, 200.0)
    assert [move.cause for move in account.moves] == [
        "ordered (a drill)",
        "ordered (the end of a drill)",
        "ordered",
        "healthy and preferred",
    ]
    parts = [account.drill(move.at, move.decision.family) for move in account.moves]
    assert parts == ["begin", "end", None, None]
    switches = as_data(account, account.uplinks)["switches"]
    assert isinstance(switches, list)
    assert [switch["drill"] for switch in switches] == parts
