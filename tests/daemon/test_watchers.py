"""Those who watch are sent what happens, and who does not read loses it alone."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trio
from jsonschema import Draft7Validator

from daemon.test_control_socket import SCHEMAS, Client, Controlled, controlled
from route_switcher.control.protocol import request
from route_switcher.control.stream import HEARTBEAT
from route_switcher.core.vocabulary.commands import NewPolicy
from route_switcher.daemon.control import connections, watchers
from route_switcher.daemon.control.listener import Listener
from route_switcher.daemon.report import say
from support.world import policy, uplink

pytestmark = pytest.mark.usefixtures("threads_take_no_time")

TOP = Path(__file__).parents[2]
SCHEMA = Draft7Validator(json.loads((TOP / "schemas" / "watch.schema.json").read_text("utf-8")))
WATCHERS = connections.MOST // 2


class Watching:
    """A client that watches."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._read = b""

    async def next(self) -> dict[str, Any] | None:
        """The next object; None: the connection was closed."""
        while b"\n" not in self._read:
            try:
                data = await self._client.stream.receive_some()
            except trio.BrokenResourceError:
                return None
            if not data:
                return None
            self._read += data
        line, _, self._read = self._read.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        SCHEMA.validate(found)
        if found["kind"] == "status":
            SCHEMAS["status"].validate(found["status"])
        return found

    async def until(self, kind: str, **keys: object) -> list[dict[str, Any]]:
        """All up to the first of this kind with these keys."""
        found: list[dict[str, Any]] = []
        with trio.fail_after(600):
            while True:
                said = await self.next()
                assert said is not None
                found.append(said)
                if said["kind"] == kind and keys.items() <= said.items():
                    return found


async def watch(it: Controlled, **keys: object) -> Watching:
    client = await it.connect()
    await client.send(request("watch", **keys))
    line = b""
    while not line.endswith(b"\n"):
        line += await client.stream.receive_some(1)
    reply = json.loads(line)
    SCHEMAS["control"].validate(reply)
    assert (reply["ok"], reply.get("reply")) == (True, "watch")
    return Watching(client)


async def test_it_begins_with_the_status_and_tells_each_thing_that_happens(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        watching = await watch(it)
        first = await watching.next()
        assert first is not None
        assert (first["kind"], first["status"]["verdict"]) == ("status", "ok")
        it.world.lines["primary"].works = False
        said = await watching.until("event", event="decision")
        assert [each["event"] for each in said if each["kind"] == "event"] == ["rule", "decision"]
        assert said[-1]["fields"]["selected"] == "secondary"
        assert "IPv4: secondary selected instead of primary" in said[-1]["message"]
        (*_, status) = await watching.until("status")
        assert status["status"]["families"][0]["active"] == "secondary"
        client = await it.connect()
        assert (await client.ask(request("switch", uplink="secondary")))["ok"]
        order = (await watching.until("event", event="order"))[-1]
        assert order["fields"]["uplink"] == "secondary"
        (*_, status) = await watching.until("status")
        assert status["status"]["families"][0]["order"]["uplink"] == "secondary"
        await it.world.service.submit(NewPolicy(policy(uplink("lte", 0), uplink("secondary", 1))))
        (*_, status) = await watching.until("status")
        assert [u["name"] for u in status["status"]["families"][0]["uplinks"]] == [
            "lte",
            "secondary",
        ]


async def test_while_nothing_happens_it_says_that_the_engine_goes_on_for_days(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place, policy(interval=10.0)) as it:
        await trio.sleep(400)
        watching = await watch(it)
        await watching.until("status")
        began = trio.current_time()
        for _ in range(1000):
            said = await watching.next()
            assert said is not None
            assert said["kind"] == "alive"
        passed = trio.current_time() - began
        assert 1000 * HEARTBEAT * 0.9 < passed < 1000 * (HEARTBEAT + 1)


async def test_who_asks_for_it_has_the_status_every_second_though_nothing_changes(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(200)
        watching, began = await watch(it, seconds=1), trio.current_time()
        for _ in range(60):
            said = await watching.next()
            assert said is not None
            assert said["kind"] == "status"
        assert 55 < trio.current_time() - began < 125


async def test_who_does_not_read_loses_its_own_events_and_is_told_how_many(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(100)
        deaf, other = await watch(it), await watch(it)
        await other.until("status")
        heard: list[dict[str, Any]] = []

        async def read() -> None:
            heard.extend(await other.until("event", message="something new 499"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            for number in range(500):
                say(20, "notice", f"something new {number}")
                await trio.sleep(0.05)
        assert len([each for each in heard if each["kind"] == "event"]) == 500
        said = await deaf.until("event", message="something new 499")
        (lost,) = (each for each in said if each["kind"] == "lost")
        events = [each for each in said if each["kind"] == "event"]
        assert lost["events"] + len(events) == 500
        assert said.index(lost) < said.index(events[-watchers.MOST_EVENTS])
        assert (await deaf.until("status"))[-1]["status"]["verdict"] == "ok"


async def test_who_does_not_read_for_long_is_left(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(100)
        deaf = await watch(it)
        await trio.sleep(watchers.UNREAD + 10)
        said = [await deaf.next()]
        while said[-1] is not None:
            said.append(await deaf.next())
        # What it was sent at once, and nothing since.
        assert [each and each["kind"] for each in said] == ["status", None]


async def test_more_than_there_is_room_for_are_refused_and_status_is_answered(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(100)
        watching = [await watch(it) for _ in range(WATCHERS)]
        async with trio.open_nursery() as nursery:
            for each in watching:  # all of them read
                nursery.start_soon(each.until, "lost")
            await trio.sleep(connections.SILENCE)
            for _ in range(100):
                client = await it.connect()
                reply = await client.ask(request("watch"))
                assert (reply["ok"], reply["error"]) == (False, "too-many")
                assert await client.reply() is None
            idle = [await it.connect() for _ in range(connections.MOST)]
            assert (await (await it.connect()).ask(request("status")))["ok"]
            assert idle
            nursery.cancel_scope.cancel()


async def test_who_does_not_read_makes_room_for_one_who_may(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(100)
        for _ in range(WATCHERS):
            await watch(it)
        await trio.sleep(10)
        watching = await watch(it)
        await watching.until("alive")


async def test_one_who_says_more_or_goes_is_let_go_and_a_thousand_leave_nothing(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(100)
        client = await it.connect()
        await client.send(request("watch"))
        await trio.sleep(1)
        await client.send(request("status"))
        with trio.fail_after(60), suppress(trio.BrokenResourceError):
            while await client.stream.receive_some():
                pass
        for _ in range(1000):
            client = await it.connect()
            await client.send(request("watch"))
            await client.stream.aclose()
            await trio.sleep(0.01)
        # There is room again for as many as ever.
        await trio.sleep(10)
        for _ in range(WATCHERS):
            await (await watch(it)).until("status")


@pytest.mark.parametrize("field", [object(), float("nan"), {1: {2}}])
async def test_a_field_that_json_cannot_write_is_left_out(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path, field: object
) -> None:
    async with controlled(listener, place) as it:
        watching = await watch(it)
        say(20, "notice", "strange")
        (*_, event) = await watching.until("event", message="strange")
        assert event["fields"] == {}
        say(20, "notice", "strange", field=field)
        (*_, event) = await watching.until("event", message="strange")
        assert event["fields"] == {}
