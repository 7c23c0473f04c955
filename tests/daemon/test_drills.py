"""A drill over the control socket: what it measures, and how it ends, in virtual time."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
from jsonschema import Draft7Validator

from daemon.test_control_socket import Client, Controlled, controlled
from route_switcher.control.drill_words import in_one_line, report
from route_switcher.control.protocol import request
from route_switcher.core.vocabulary.orders import Drill
from route_switcher.core.vocabulary.policy import HoldBack
from route_switcher.daemon.control.drills import Drills
from route_switcher.daemon.control.listener import Listener
from support.world import World, policy
from support.written_probers import RTT

TOP = Path(__file__).parents[2]
SCHEMA = Draft7Validator(json.loads((TOP / "schemas" / "drill.schema.json").read_text("utf-8")))
pytestmark = pytest.mark.usefixtures("threads_take_no_time")

DRILL = request("drill", uplink="secondary", seconds=60)


async def asked(it: Controlled) -> dict[str, Any]:
    """The report now."""
    client = await it.connect()
    reply = await client.ask(request("drill-report"))
    SCHEMA.validate(reply["drill"])
    found: dict[str, Any] = reply["drill"]
    assert max(map(len, report(found))) <= 80
    assert in_one_line(found).startswith(f"drill of {found['uplink']}: ")
    return found


async def begun(it: Controlled) -> Client:
    await trio.sleep(30)
    client = await it.connect()
    reply = await client.ask(DRILL)
    assert reply["ok"], reply
    assert (reply["kept"], reply["drill"]["outcome"]) == (True, "running")
    return client


async def test_an_uplink_that_holds(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await begun(it)
        await trio.sleep(30)
        during = await asked(it)
        assert (during["over"], during["outcome"]) == (False, "running")
        assert during["left_seconds"] == pytest.approx(30)
        assert await it.world.metrics() == {"eth0": 1010, "eth1": 20}
        await trio.sleep(40)
        after = await asked(it)
        assert (after["over"], after["outcome"], after["notes"]) == (True, "returned", [])
        (family,) = after["families"]
        assert (family["from"], family["active"], family["why_not_back"]) == (
            "primary",
            "primary",
            "",
        )
        for move in (family["there"], family["back"]):
            assert move["seconds"] < 0.1
            assert 0 < move["outage_seconds"] <= 2.1
        rounds = {uplink["name"]: uplink for uplink in after["uplinks"]}
        for name in ("primary", "secondary"):
            assert rounds[name]["rounds"] >= 60
            assert rounds[name]["lost"] == 0
            assert rounds[name]["mean_seconds"] == pytest.approx(RTT)
        assert await it.world.metrics() == {"eth0": 10, "eth1": 20}
        later = await asked(it)
        assert later["uplinks"] == after["uplinks"]


async def test_an_uplink_that_fails_is_left_and_named(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await begun(it)
        await trio.sleep(10)
        it.world.lines["secondary"].works = False
        await trio.sleep(10)
        found = await asked(it)
        assert (found["over"], found["outcome"]) == (True, "did-not-hold")
        (family,) = found["families"]
        # Three rounds in a row, and what stood between two of them.
        assert 3 < family["back"]["outage_seconds"] < 6
        assert family["longest_gap_seconds"] == family["back"]["outage_seconds"]
        assert found["notes"][0]["text"].startswith("secondary: rule ")
        assert next(u for u in found["uplinks"] if u["name"] == "secondary")["lost"] >= 3
        assert await it.world.metrics() == {"eth0": 10, "eth1": 1020}


async def test_where_the_other_fails_the_traffic_stays_and_that_is_told(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await begun(it)
        it.world.lines["primary"].works = False
        await trio.sleep(62)
        found = await asked(it)
        assert (found["over"], found["outcome"]) == (True, "not-returned")
        assert found["families"][0]["active"] == "secondary"
        assert found["families"][0]["why_not_back"].startswith("primary is failed")


async def test_its_end_is_asked_for_and_touches_no_other_order(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        client = await begun(it)
        await trio.sleep(5)
        reply = await client.ask(request("drill-end", uplink="primary"))
        assert reply["messages"] == ["there is no such drill"]
        reply = await client.ask(request("drill-end", uplink="secondary"))
        assert "primary selected instead of secondary" in reply["messages"][0]
        await trio.sleep(5)
        assert (await asked(it))["outcome"] == "released"
        await client.ask(request("switch", uplink="secondary"))
        await client.ask(request("drill-end", uplink="secondary"))
        assert await it.world.metrics() == {"eth0": 1010, "eth1": 20}


async def test_a_client_ends_its_own_drill_and_not_that_of_another(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(30)
        client = await it.connect()
        mine = request("drill", uplink="secondary", seconds=60, id="mine")
        assert (await client.ask(mine))["drill"]["id"] == "mine"
        theirs = request("drill", uplink="secondary", seconds=60, id="theirs")
        assert (await client.ask(theirs))["error"] == "refused"
        reply = await client.ask(request("drill-end", uplink="secondary", id="theirs"))
        assert reply["messages"] == ["there is no such drill"]
        assert (await asked(it))["outcome"] == "running"
        reply = await client.ask(request("drill-end", uplink="secondary", id="mine"))
        assert "primary selected instead of secondary" in reply["messages"][0]
        await trio.sleep(5)
        assert (await asked(it))["outcome"] == "released"


async def test_one_without_an_id_is_ended_by_no_id_and_one_with_an_id_by_anybody_without(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        client = await begun(it)
        reply = await client.ask(request("drill-end", uplink="secondary", id="mine"))
        assert reply["messages"] == ["there is no such drill"]
        await client.ask(request("drill-end", uplink="secondary"))
        await trio.sleep(15)
        client = await it.connect()
        await client.ask(request("drill", uplink="secondary", seconds=60, id="mine"))
        await client.ask(request("drill-end", uplink="secondary"))
        await trio.sleep(5)
        found = await asked(it)
        assert (found["id"], found["outcome"]) == ("mine", "released")


async def test_another_order_takes_its_place_and_that_is_told(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        client = await begun(it)
        await client.ask(request("switch", uplink="primary"))
        await trio.sleep(15)
        assert (await asked(it))["outcome"] == "replaced"


async def test_what_is_refused_moves_nothing_and_keeps_the_report_before_it(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        client = await it.connect()
        assert (await client.ask(request("drill-report")))["error"] == "no-drill"
        await trio.sleep(30)
        client = await it.connect()
        reply = await client.ask(request("drill", uplink="primary", seconds=60))
        assert (reply["error"], await it.world.metrics()) == ("refused", {"eth0": 10, "eth1": 20})
        assert "route-switcher drill secondary" in reply["messages"][0]
        assert (await client.ask(request("drill-report")))["error"] == "no-drill"
        reply = await client.ask(request("drill", uplink="lte", seconds=60))
        assert reply["error"] == "no-such-uplink"
        assert (await client.ask(DRILL))["ok"]
        assert (await client.ask(DRILL))["error"] == "refused"
        await trio.sleep(62)
        found = await asked(it)
        assert (found["outcome"], found["families"][0]["from"]) == ("returned", "primary")


def test_who_asks_while_the_order_is_under_way_ends_no_drill() -> None:
    world = World(policy()).run(30.0)
    drills = Drills(world.status, lambda: world.engine.policy)
    until = world.now + 600
    drills.expect("secondary", until)
    assert drills.document() is None
    world.tell(Drill(world.now, "secondary", until))
    assert drills.settle(world.status())
    world.run(world.now + 300)
    found = drills.document()
    assert found is not None
    assert (found["outcome"], found["left_seconds"]) == ("running", pytest.approx(300))


def test_where_a_better_uplink_keeps_the_traffic_the_report_says_that() -> None:
    world = World(replace(policy(), hold_back=HoldBack(min_stay=3600.0)))
    world.cut("primary")
    world.run(60.0)
    world.mend("primary")
    world.run(200.0)
    assert world.active() == "secondary", "the primary is held back"
    drills = Drills(world.status, lambda: world.engine.policy)
    until = world.now + 10
    drills.expect("primary", until)
    world.tell(Drill(world.now, "primary", until))
    assert drills.settle(world.status())
    world.run(until + 200)
    assert (world.active(), drills.document() is not None) == ("primary", True)
    (family,) = (drills.document() or {})["families"]
    assert family["why_not_back"] == "primary is preferred to secondary, and has it now"
