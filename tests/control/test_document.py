"""The status as JSON, and how well things stand, in every kind of trouble."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from route_switcher.cli.status_screen import WIDTH, screen
from route_switcher.control.document import LastMinute, Program, status_document
from route_switcher.control.roles import Verdict, judge
from route_switcher.control.wall_clock import WallClock
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy import Damping, HoldBack
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.uplinks import Family
from support.answering import Net, policy
from support.world import World
from support.world import policy as seed
from support.world import uplink as seed_uplink

TOP = Path(__file__).parents[2]
SCHEMA = json.loads((TOP / "schemas" / "status.schema.json").read_text("utf-8"))
VALID = Draft7Validator(SCHEMA)
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
MINUTE = LastMinute(rounds=60, failed=3, mean=0.0123, longest=0.1, requests=120, answers=90)
FOREIGN = Route(Family.IPV4, "lan0", seed_uplink("x", 9).written_gateway, 5, protocol=16)


def document(world: World) -> dict[str, Any]:
    status = world.engine.status(world.now)
    clock, program = WallClock(world.now, NOW), Program("1.0", "policy", 0.0)
    found = status_document(status, program, clock, lambda _: MINUTE)
    return json.loads(json.dumps(found, allow_nan=False))  # type: ignore[no-any-return]


def well() -> World:
    return World(seed()).run(100)


def starting() -> World:
    found = Route(Family.IPV4, "lan0", seed_uplink("x", 9).written_gateway, 500, protocol=16)
    return World(seed(), found=[found])


def failed_over() -> World:
    world = well()
    world.cut("primary")
    return world.run(110)


def recovering() -> World:
    world = failed_over()
    world.mend("primary")
    world.run(130)
    world.outage("primary", 131)
    return world.run(140)


def all_down() -> World:
    world = well()
    world.cut("primary", "secondary")
    return world.run(120)


def unplugged() -> World:
    world = well()
    world.link("secondary", carrier=False)
    return world.run(110)


def ordered() -> World:
    world = well()
    world.switch("secondary", seconds=600)
    return world.run(101)


def ordered_where_it_is() -> World:
    world = well()
    world.switch("primary", force=True)
    return world.run(101)


def idle_order() -> World:
    world = ordered()
    world.cut("secondary")
    return world.run(120)


def refused() -> World:
    world = World(seed())
    world.refusing = lambda action: "no way" if action.route.interface == "eth1" else None
    world.run(10)
    world.take_away(*(route for route in world.table.routes if route.interface == "eth1"))
    return world.run(11)


def in_the_way() -> World:
    world = well()
    world.put(FOREIGN)
    return world.run(101)


def departing() -> World:
    world = all_down()
    world.reload(seed(replace(seed_uplink("third", 2), metric=50)))
    return world


def damped() -> World:
    damping = Damping(half_life=300.0, suppress=0.5, reuse=0.25, max_hold=600.0)
    net = Net(policy(hold_back=HoldBack(damping=damping, min_stay=500.0))).run(100.25)
    net.cut("a")
    net.run(120)
    net.mend("a")
    net.run(150)
    return net.world  # type: ignore[return-value]


CASES: dict[str, tuple[Callable[[], World], Verdict, str]] = {
    "all is well": (well, Verdict.OK, "the preferred uplink is active and healthy"),
    "it starts": (starting, Verdict.DEGRADED, "no uplink is selected yet"),
    "failed over": (failed_over, Verdict.DEGRADED, "primary is preferred, but not active"),
    "recovering": (recovering, Verdict.DEGRADED, "primary is preferred, but not active"),
    "all down": (all_down, Verdict.DOWN, "no uplink answers"),
    "the standby is unplugged": (
        unplugged,
        Verdict.OK,
        "the preferred uplink is active and healthy",
    ),
    "an order holds": (ordered, Verdict.DEGRADED, "an order keeps the traffic on secondary"),
    "an order for the preferred one": (
        ordered_where_it_is,
        Verdict.DEGRADED,
        "an order keeps the traffic on primary",
    ),
    "an order does not hold": (
        idle_order,
        Verdict.OK,
        "the preferred uplink is active and healthy",
    ),
    "a route is refused": (refused, Verdict.OK, "the preferred uplink is active and healthy"),
    "a foreign route decides": (
        in_the_way,
        Verdict.DEGRADED,
        "a foreign route comes before ours",
    ),
    "the active one left the policy": (
        departing,
        Verdict.DEGRADED,
        "primary has left the policy",
    ),
    "damped": (damped, Verdict.DEGRADED, "a is preferred, but not active"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_fits_the_schema_and_says_how_things_stand(
    case: tuple[Callable[[], World], Verdict, str],
) -> None:
    make, verdict, why = case
    world = make()
    found = document(world)
    VALID.validate(found)
    (family,) = found["families"]
    assert (found["verdict"], family["verdict_text"]) == (verdict.value, why)
    assert judge(world.engine.status(world.now).families[0]).verdict is verdict


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_screen_has_no_line_that_is_too_long(
    case: tuple[Callable[[], World], Verdict, str],
) -> None:
    lines = list(screen(document(case[0]())))
    assert [line for line in lines if len(line) > WIDTH] == []
    assert len(lines) <= 24
    assert lines[0].startswith(case[1].value.upper())


def test_a_long_name_and_ipv6_fit_the_screen() -> None:
    long = replace(seed_uplink("x" * 32, 0, version=6))
    lines = list(screen(document(World(seed(long)).run(10))))
    assert [line for line in lines if len(line) > WIDTH] == []
    assert f"  {'x' * 32}" in lines


def uplinks(world: World) -> dict[str, Any]:
    return {uplink["name"]: uplink for uplink in document(world)["families"][0]["uplinks"]}


def test_the_standby_is_the_best_of_the_others() -> None:
    three = seed(seed_uplink("a", 0), seed_uplink("b", 1), seed_uplink("c", 2))
    world = World(three).run(100)
    assert [u["role"] for u in uplinks(world).values()] == ["active", "standby", "backup 1"]
    world.cut("b")
    world.run(110)
    assert [u["role"] for u in uplinks(world).values()] == ["active", "backup 1", "standby"]
    world.mend("b")
    world.cut("a")
    world.run(120)
    assert [u["role"] for u in uplinks(world).values()] == ["backup 1", "standby", "active"]


def test_one_that_recovers_says_how_far_it_is_and_what_set_it_back() -> None:
    world = recovering()
    primary = uplinks(world)["primary"]
    (wait,) = primary["waits_for"]
    assert (wait["kind"], wait["rule"], wait["needed_seconds"]) == ("stable", "no-internet", 60)
    assert 5 < wait["covered_seconds"] < 9
    at = datetime.fromisoformat(wait["restarted"]).astimezone()
    assert wait["text"] == (
        f"rule no-internet: stable {int(wait['covered_seconds'])} of 60 s; restarted at"
        f" {at:%H:%M:%S}: no answer within 1 s"
    )
    assert any("stable" in line for line in screen(document(world)))


def test_one_that_is_unplugged_says_so_first() -> None:
    waits = uplinks(unplugged())["secondary"]["waits_for"]
    assert (waits[0]["kind"], waits[0]["text"]) == ("link", "eth1 has no carrier")


def test_times_of_an_order_are_there() -> None:
    (family,) = document(ordered())["families"]
    order = family["order"]
    assert (order["uplink"], order["forced"], order["holds"]) == ("secondary", False, True)
    assert order["left_seconds"] == 599
    assert datetime.fromisoformat(order["until"]).timestamp() == NOW.timestamp() + 599
    (family,) = document(ordered_where_it_is())["families"]
    assert (family["order"]["until"], family["order"]["left_seconds"]) == (None, None)
    assert any(
        "ORDER: forced to primary" in line for line in screen(document(ordered_where_it_is()))
    )


def test_what_stands_out_is_on_the_screen() -> None:
    text = "\n".join(screen(document(in_the_way())))
    assert "CONFLICT: a foreign route comes before ours: default via" in text
    assert "REFUSED: the kernel refused" in "\n".join(screen(document(refused())))


def test_a_world_that_nothing_is_known_of_has_no_family() -> None:
    status = replace(well().engine.status(100), families=())
    found = status_document(
        status, Program("1.0", "policy", inf), WallClock(100, NOW), lambda _: LastMinute()
    )
    VALID.validate(found)
    assert found["verdict"] == "degraded"
    assert next(screen(found)) == "DEGRADED: nothing is known yet"


def test_links_without_news_are_no_trouble() -> None:
    world = well()
    world.set_links(LinkState("eth0"))
    assert uplinks(world)["primary"]["waits_for"] == []


def test_the_screen_says_how_many_requests_were_lost() -> None:
    """Rounds can be good though a part of their targets is silent."""
    told = document(well())
    assert any(" 25 % lost " in line for line in screen(told))
    minute = told["families"][0]["uplinks"][0]["last_minute"]
    assert (minute["loss"], minute["request_loss"]) == (0.05, 0.25)


def test_an_engine_of_before_tells_of_rounds_only() -> None:
    told = document(well())
    for uplink in told["families"][0]["uplinks"]:
        for key in ("requests", "answers", "request_loss"):
            del uplink["last_minute"][key]
    assert any(" 5 % lost " in line for line in screen(told))
