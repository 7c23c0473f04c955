"""The control socket of a service: what clients are answered, and what they cannot do to it."""

import grp
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
from jsonschema import Draft7Validator

from daemon.test_service import Running
from route_switcher.control.client import connected
from route_switcher.control.document import Program
from route_switcher.control.protocol import LONGEST_REQUEST, request
from route_switcher.core.vocabulary.commands import NewPolicy
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy import Control as ControlKey
from route_switcher.core.vocabulary.policy import FailBack, HoldBack, Policy
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon.control import connections
from route_switcher.daemon.control import listener as listener_module
from route_switcher.daemon.control.credentials import Peer, peer_of
from route_switcher.daemon.control.listener import Listener
from route_switcher.daemon.control.observer import Control
from route_switcher.daemon.control.on_trial import OnTrial
from route_switcher.daemon.control.trial_file import First
from route_switcher.daemon.observers import LogObserver
from route_switcher.daemon.reloading import Reloading
from route_switcher.daemon.service import Service
from route_switcher.policy.load import Written
from support.model_kernel import ModelKernel
from support.world import policy, uplink
from support.written_probers import RTT

TOP = Path(__file__).parents[2]
SCHEMAS = {
    name: Draft7Validator(json.loads((TOP / "schemas" / f"{name}.schema.json").read_text("utf-8")))
    for name in ("control", "status")
}


pytestmark = pytest.mark.usefixtures("threads_take_no_time")


class Client:
    """One connection."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._read = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def reply(self) -> dict[str, Any] | None:
        """The next one; None: the connection was closed."""
        while b"\n" not in self._read:
            with suppress(trio.BrokenResourceError):
                data = await self.stream.receive_some()
                if data:
                    self._read += data
                    continue
            return None
        line, _, self._read = self._read.partition(b"\n")
        reply: dict[str, Any] = json.loads(line)
        SCHEMAS["control"].validate(reply)
        return reply

    async def ask(self, line: bytes) -> dict[str, Any]:
        await self.send(line)
        reply = await self.reply()
        assert reply is not None
        return reply


class Controlled:
    """A service with a control socket."""

    def __init__(self, world: Running, place: Path, rules: Policy) -> None:
        self.world = world
        self.file = Written(rules, "at the start")
        """What a reload reads."""
        self._place = place
        self._streams: list[trio.SocketStream] = []

    async def connect(self) -> Client:
        self._streams.append(await trio.open_unix_socket(self._place))
        return Client(self._streams[-1])

    async def close(self) -> None:
        for stream in self._streams:
            await stream.aclose()


@asynccontextmanager
async def controlled(
    listener: Listener, place: Path, rules: Policy | None = None, first: First | None = None
) -> AsyncIterator[Controlled]:
    rules = rules or policy()
    world = Running(rules, ModelKernel([LinkState(u.interface) for u in rules.uplinks]))
    program = Program("1.0", "policy", trio.current_time())
    world.service.observe(LogObserver(rules))
    it, service = Controlled(world, place, rules), world.service
    trial = OnTrial(first or First(it.file), service.submit, service.status)
    reading = Reloading(service.submit, lambda: it.file, lambda: ("others may write it",), trial)
    service.observe(Control(service, listener, program, rules, reading.reload, trial))
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        nursery.start_soon(reading.run)
        try:
            yield it
        finally:
            await it.close()
        nursery.cancel_scope.cancel()


async def test_a_request_is_answered_and_a_bad_one_too(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(30)
        client = await it.connect()
        for _ in range(3):
            reply = await client.ask(request("status"))
            SCHEMAS["status"].validate(reply["status"])
            assert reply["status"]["verdict"] == "ok"
            reply = await client.ask(b"nonsense\n")
            assert (reply["ok"], reply["error"]) == (False, "bad-request")
        uplinks = reply_uplinks(await client.ask(request("status")))
        assert 29 <= uplinks["primary"]["last_minute"]["rounds"] <= 31
        assert uplinks["primary"]["last_minute"]["mean_seconds"] == pytest.approx(RTT)
        reply = await client.ask(request("why", uplink="secondary"))
        assert reply["messages"][0].startswith("IPv4: secondary is not active.")
        reply = await client.ask(request("why", uplink="lte"))
        assert (reply["error"], len(reply["messages"])) == ("no-such-uplink", 1)


def reply_uplinks(reply: dict[str, Any]) -> dict[str, Any]:
    return {uplink["name"]: uplink for uplink in reply["status"]["families"][0]["uplinks"]}


async def test_requests_in_one_piece_and_in_many_are_answered_in_their_order(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        client = await it.connect()
        await client.send(request("status") + request("why") + b"x\n")
        replies = [await client.reply() for _ in range(3)]
        assert [r and r.get("reply") for r in replies] == ["status", "why", None]
        for byte in request("why"):
            await client.send(bytes([byte]))
            await trio.sleep(0.1)
        reply = await client.reply()
        assert reply is not None
        assert reply["reply"] == "why"


async def test_a_release_without_an_order_lets_the_traffic_return_where_that_waits_for_it(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    rules = replace(policy(), hold_back=HoldBack(fail_back=FailBack.MANUAL))
    async with controlled(listener, place, rules) as it:
        await trio.sleep(10)
        it.world.lines["primary"].works = False
        await trio.sleep(10)
        client = await it.connect()
        reply = await client.ask(request("release"))
        assert reply["messages"] == ["there is no order"]
        it.world.lines["primary"].works = True
        await trio.sleep(200)
        assert await it.world.metrics() == {"eth0": 1010, "eth1": 20}
        client = await it.connect()
        (line,) = (await client.ask(request("why", uplink="primary")))["messages"]
        assert "primary could take over: an operator has to say so" in line.lower()
        reply = await client.ask(request("release"))
        assert reply["messages"][0].startswith("IPv4: primary selected instead of secondary")
        assert await it.world.metrics() == {"eth0": 10, "eth1": 20}


async def test_an_order_moves_traffic_and_its_outcome_is_told(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        client = await it.connect()
        reply = await client.ask(request("switch", uplink="secondary", seconds=60))
        assert (reply["ok"], reply["kept"]) == (True, True)
        assert reply["messages"][0].startswith("IPv4: secondary selected instead of primary")
        assert reply["messages"][-1] == "IPv4: secondary is active"
        assert await it.world.metrics() == {"eth0": 1010, "eth1": 20}
        reply = await client.ask(request("release"))
        assert reply["messages"][0] == "the order for secondary is released"
        assert await it.world.metrics() == {"eth0": 10, "eth1": 20}
        reply = await client.ask(request("release"))
        assert reply["messages"] == ["there is no order"]
        it.world.lines["secondary"].works = False
        await trio.sleep(5)
        reply = await client.ask(request("switch", uplink="secondary"))
        assert (reply["ok"], reply["error"]) == (False, "refused")
        assert "only a forced order (--force) moves traffic there" in reply["messages"][0]
        reply = await client.ask(request("switch", uplink="secondary", force=True))
        assert reply["ok"]
        reply = await client.ask(request("switch", uplink="tertiary"))
        assert reply["error"] == "no-such-uplink"
        assert reply["messages"] == ["there is no uplink tertiary; there are: primary, secondary"]
        reply = await client.ask(request("reload"))
        assert reply["messages"] == ["others may write it"]


async def test_an_order_with_an_end_ends(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        client = await it.connect()
        await client.ask(request("switch", uplink="secondary", seconds=60))
        await trio.sleep(59)
        assert await it.world.metrics() == {"eth0": 1010, "eth1": 20}
        await trio.sleep(2)
        assert await it.world.metrics() == {"eth0": 10, "eth1": 20}


async def test_a_line_that_is_too_long_ends_the_connection(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        for line in (b"x" * LONGEST_REQUEST + b"\n", b"x" * 100_000):
            client = await it.connect()
            with suppress(trio.BrokenResourceError):
                await client.send(line)
            reply = await client.reply()
            assert reply is not None
            assert reply["error"] == "too-long"
            assert await client.reply() is None
        longest = request("status").rstrip(b"\n").ljust(LONGEST_REQUEST - 1) + b"\n"
        assert (await (await it.connect()).ask(longest))["ok"]


async def test_a_connection_has_a_number_of_requests(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        client = await it.connect()
        for _ in range(connections.REQUESTS):
            assert (await client.ask(b"{}\n"))["error"] == "unknown-version"
        reply = await client.reply()
        assert reply is not None
        assert reply["error"] == "too-many"
        assert await client.reply() is None


async def test_who_says_nothing_is_left_after_a_while(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        for begun in (b"", b'{"version":1'):
            client, began = await it.connect(), trio.current_time()
            await client.send(begun)
            with trio.fail_after(60):
                assert await client.reply() is None
            assert trio.current_time() - began == pytest.approx(connections.SILENCE, abs=0.5)


async def test_one_more_than_there_is_room_for_takes_the_place_of_the_most_silent(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        idle = [await it.connect() for _ in range(connections.MOST)]
        await trio.sleep(0.1)
        assert (await idle[0].ask(request("status")))["ok"]
        for _ in range(100):
            late = await it.connect()
            assert (await late.ask(request("status")))["ok"]
            await late.stream.aclose()
        more = [await it.connect() for _ in range(connections.MOST // 2)]
        for client in more:
            assert (await client.ask(request("status")))["ok"]
        assert (await idle[0].ask(request("status")))["ok"]
        with trio.fail_after(connections.SILENCE / 2):  # it is not its silence that ends it
            assert await idle[1].reply() is None


async def test_who_never_reads_is_left_and_others_are_answered(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        deaf, other = await it.connect(), await it.connect()
        with trio.move_on_after(60):
            with suppress(trio.BrokenResourceError):
                while True:
                    await deaf.send(request("status"))
        assert (await (await it.connect()).ask(request("status")))["ok"]
        assert (await other.ask(request("status")))["ok"]


async def test_a_bug_of_ours_ends_the_connection_and_nothing_else(
    autojump_clock: trio.testing.MockClock,
    listener: Listener,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with controlled(listener, place) as it:
        client = await it.connect()
        with monkeypatch.context() as broken:
            broken.setattr(Service, "status", lambda _: 1 / 0)
            await client.send(request("status"))
            assert await client.reply() is None
        assert "a request could not be answered (ZeroDivisionError" in caplog.text
        assert (await (await it.connect()).ask(request("status")))["ok"]


def test_only_the_owner_and_the_group_may_connect(listener: Listener, place: Path) -> None:
    assert place.stat().st_mode & 0o777 == 0o660
    assert (place.stat().st_uid, place.stat().st_gid) == (os.geteuid(), os.getegid())


def test_a_umask_keeps_nobody_out_of_its_folder(place: Path) -> None:
    before = os.umask(0o077)
    try:
        with Listener():
            assert place.parent.stat().st_mode & 0o777 == 0o755
            assert place.stat().st_mode & 0o777 == 0o660
    finally:
        os.umask(before)


def test_what_an_engine_left_there_is_taken_away_and_nothing_stays(place: Path) -> None:
    with Listener():
        os.unlink(place)
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(place))
        left.close()
        assert place.is_socket()
        with Listener():
            assert place.is_socket()
        assert not place.exists()


def test_it_can_be_had_though_the_folder_has_a_long_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("x" * 200)
    folder.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    with Listener(), connected() as client:
        assert client is not None


def test_where_there_can_be_none_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "run_folders", lambda: (Path("/proc/nowhere"),))
    with Listener() as listening:
        assert listening.trouble.startswith("nobody can ask this engine or order it: /proc/nowhere")


async def test_the_group_of_the_policy_may_ask(
    autojump_clock: trio.testing.MockClock,
    listener: Listener,
    place: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = grp.getgrgid(os.getegid()).gr_name
    rules = replace(policy(), control=ControlKey(own))
    async with controlled(listener, place, rules) as it:
        assert (await (await it.connect()).ask(request("status")))["ok"]
        assert "control" not in caplog.text
        nobody = replace(policy(), control=ControlKey("no-such-group"))
        await it.world.service.submit(NewPolicy(nobody))
        with trio.fail_after(60):
            while "the policy gives control to group no-such-group" not in caplog.text:
                await trio.lowlevel.checkpoint()


def test_the_kernel_says_who_connected() -> None:
    one, other = socket.socketpair()
    with one, other:
        peer = peer_of(one)
    assert (peer.process, peer.user) == (os.getpid(), os.geteuid())
    assert peer.groups == {os.getegid(), *os.getgroups()}


def test_who_may_order() -> None:
    assert Peer(1, 0, frozenset()).may_order(None)
    assert Peer(1, os.geteuid(), frozenset()).may_order(None)
    stranger = Peer(1, os.geteuid() + 1000, frozenset({4, 27}))
    assert stranger.may_order(27)
    assert not stranger.may_order(28)
    assert not stranger.may_order(None)


async def test_a_stranger_may_ask_and_order_nothing(
    autojump_clock: trio.testing.MockClock,
    listener: Listener,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        connections, "peer_of", lambda _: Peer(1, os.geteuid() + 1000, frozenset({4}))
    )
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        client = await it.connect()
        assert (await client.ask(request("status")))["ok"]
        assert (await client.ask(request("why")))["ok"]
        for line in (request("switch", uplink="secondary"), request("release"), request("reload")):
            reply = await client.ask(line)
            assert (reply["ok"], reply["error"]) == (False, "not-allowed")
        assert await it.world.metrics() == {"eth0": 10, "eth1": 20}


async def test_an_order_that_one_family_refuses_fails_and_says_who_took_it(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    both = [
        replace(uplink(name, number, version=version), metric=10 * (number + 1))
        for name, number in (("primary", 0), ("secondary", 1))
        for version in (4, 6)
    ]
    async with controlled(listener, place, policy(*both)) as it:
        await trio.sleep(10)
        # One prober for both families: silent in one of them by the kernel's word.
        it.world.kernel.set_link(LinkState("eth1", families=frozenset({Family.IPV4})))
        await trio.sleep(5)
        client = await it.connect()
        reply = await client.ask(request("switch", uplink="secondary"))
        assert (reply["ok"], reply["error"]) == (False, "refused")
        assert "IPv4: secondary is active" in reply["messages"]
        assert any("switch to secondary (IPv6) refused" in line for line in reply["messages"])
        families = (await client.ask(request("status")))["status"]["families"]
        assert [bool(family["order"]) for family in families] == [True, False]
        (kept,) = json.loads((place.parent / "orders").read_text())["orders"]
        assert kept["families"] == ["IPv4"]


async def test_a_kept_order_follows_the_new_name_of_its_uplink_and_goes_with_it(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    def kept() -> list[str]:
        orders = json.loads((place.parent / "orders").read_text())["orders"]
        return [order["uplink"] for order in orders]

    async with controlled(listener, place) as it:
        await trio.sleep(10)
        await (await it.connect()).ask(request("switch", uplink="secondary"))
        assert kept() == ["secondary"]
        for rules, names in (
            (policy(uplink("primary", 0), uplink("lte", 1)), ["lte"]),
            (policy(uplink("primary", 0)), []),
        ):
            await it.world.service.submit(NewPolicy(rules))
            await trio.testing.wait_all_tasks_blocked()
            assert kept() == names
