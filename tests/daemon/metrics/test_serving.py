"""Metrics are given where the policy says; whoever asks badly loses its own answer only."""

import logging
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families

from daemon.test_service import Running
from route_switcher.control.document import LastMinute
from route_switcher.core.vocabulary.commands import NewPolicy
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.metrics import Listen, Loopback, OnSocket
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.daemon.metrics.catalogue import CATALOGUE
from route_switcher.daemon.metrics.exposition import CONTENT_TYPE
from route_switcher.daemon.metrics.http import LONGEST_HEAD
from route_switcher.daemon.metrics.listening import AGAIN
from route_switcher.daemon.metrics.observer import Metrics
from route_switcher.daemon.metrics.reading import Build, Sources
from route_switcher.daemon.metrics.server import MOST, PATIENCE
from route_switcher.daemon.metrics.tally import Tally
from route_switcher.daemon.metrics.unix_time import UnixTime
from route_switcher.daemon.reloading import Reloads
from support.model_kernel import ModelKernel
from support.world import policy, uplink

pytestmark = pytest.mark.usefixtures("threads_take_no_time")

GET = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"


def free_port(host: str = "127.0.0.1") -> Loopback:
    """A port that nobody has now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as taken:
        taken.bind((host, 0))
        return Loopback(ip_address(host), taken.getsockname()[1])


class Served:
    """A service that gives its metrics."""

    def __init__(self, world: Running, metrics: Metrics, rules: Policy, where: Listen) -> None:
        self.world = world
        self.metrics = metrics
        self.rules = rules
        self.where = where

    async def connect(self, place: Loopback | None = None) -> trio.SocketStream:
        place = place or self.where  # type: ignore[assignment]
        assert isinstance(place, Loopback)
        return await trio.open_tcp_stream(str(place.address), place.port)

    async def ask(self, request: bytes = GET, place: Loopback | None = None) -> tuple[str, str]:
        """Head and body of the answer; empty if there is none."""
        async with await self.connect(place) as stream:
            return await answer(stream, request)

    async def reload(self, listen: Listen | None) -> None:
        await self.world.service.submit(NewPolicy(replace(self.rules, metrics=listen)))
        await trio.testing.wait_all_tasks_blocked()


async def answer(stream: trio.SocketStream, request: bytes) -> tuple[str, str]:
    await stream.send_all(request)
    data = b""
    with suppress(trio.BrokenResourceError):
        while more := await stream.receive_some():
            data += more
    head, _, body = data.decode().partition("\r\n\r\n")
    return head, body


@asynccontextmanager
async def served(
    listen: Listen | None = None, rules: Policy | None = None
) -> AsyncIterator[Served]:
    where = listen or free_port()
    rules = replace(rules or policy(), metrics=where)
    world = Running(rules, ModelKernel([LinkState(u.interface) for u in rules.uplinks]))
    sources = Sources(
        minutes=lambda _: LastMinute(rounds=10, failed=1),
        packets=dict,
        connections_ended=Counter(),
        sweeps_failed=Counter(),
        messages_discarded=dict,
        log_lost=lambda: 0,
        journal_lost=lambda: 3,
        journal_fails=lambda: True,
        reloads=Reloads(),
        build=Build("1", "3", "6"),
        started_at=trio.current_time(),
        unix_time=UnixTime().of,
    )
    metrics = Metrics(world.service, Tally(rules), sources)
    world.service.observe(metrics)
    async with trio.open_nursery() as nursery:
        await nursery.start(world.service.run)
        await trio.testing.wait_all_tasks_blocked()
        yield Served(world, metrics, rules, where)
        nursery.cancel_scope.cancel()


def names(body: str) -> set[str]:
    return {family.name for family in text_string_to_metric_families(body)}


def value(body: str, name: str, **labels: str) -> float:
    (found,) = [
        sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
        if sample.name == f"route_switcher_{name}" and labels.items() <= sample.labels.items()
    ]
    return found


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.7", "::1"])
async def test_they_are_given_on_loopback(
    autojump_clock: trio.testing.MockClock, host: str
) -> None:
    async with served(free_port(host)) as it:
        await trio.sleep(30)
        head, body = await it.ask()
        assert head.startswith("HTTP/1.1 200 OK\r\n")
        assert f"Content-Type: {CONTENT_TYPE}\r\n" in f"{head}\r\n"
        assert f"Content-Length: {len(body.encode())}\r\n" in head
        assert value(body, "uplink_active", uplink="primary") == 1
        assert value(body, "uplink_loss_ratio", uplink="primary") == 0.1
        assert value(body, "uplink_active_seconds_total", uplink="primary") == pytest.approx(30, 1)
        assert names(body) <= {metric.name.removesuffix("_total") for metric in CATALOGUE}


async def test_they_are_given_on_a_unix_socket_beside_the_control_socket(
    autojump_clock: trio.testing.MockClock, place: Path
) -> None:
    async with served(OnSocket.UNIX) as it:
        path = place.with_name("metrics")
        assert path.stat().st_mode & 0o777 == 0o660
        for _ in range(2):
            async with await trio.open_unix_socket(path) as stream:
                head, body = await answer(stream, GET)
            assert head.startswith("HTTP/1.1 200 OK")
            assert value(body, "uplink_active", uplink="primary") == 1
            path.unlink()
            await trio.sleep(10)  # it is made again
        await it.reload(None)
        assert not path.exists()


async def test_a_reload_turns_it_on_moves_it_and_turns_it_off(
    autojump_clock: trio.testing.MockClock, place: Path
) -> None:
    async with served() as it:
        first, second = it.where, free_port()
        assert isinstance(first, Loopback)
        path = place.with_name("metrics")
        await it.reload(second)
        assert (await it.ask(place=second))[0].startswith("HTTP/1.1 200")
        with pytest.raises(OSError, match="all attempts to connect"):
            await it.ask(place=first)
        await it.reload(OnSocket.UNIX)
        assert path.is_socket()
        with pytest.raises(OSError, match="all attempts to connect"):
            await it.ask(place=second)
        await it.reload(None)
        assert not path.exists()
        await it.reload(first)
        assert (await it.ask(place=first))[0].startswith("HTTP/1.1 200")


async def test_a_port_in_use_is_told_once_and_tried_again(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "route_switcher")
    port = free_port()
    with socket.socket() as other:
        other.bind((str(port.address), port.port))
        other.listen()
        async with served(port) as it:
            await trio.sleep(5 * AGAIN)
            said = [r.getMessage() for r in caplog.records if vars(r).get("event") == "metrics"]
            why = f"metrics cannot be given on {port}: Address already in use"
            assert said == [f"{why}; tried again every 10 s"]
            assert it.metrics.troubles == [why]
            assert it.world.decisions
            other.close()
            await trio.sleep(AGAIN)
            assert (await it.ask())[0].startswith("HTTP/1.1 200")
            assert it.metrics.troubles == []


HOST = b"\r\nHost: x\r\n\r\n"
REQUESTS = {
    b"HEAD /metrics HTTP/1.1" + HOST: 200,
    b"GET /metrics?name[]=up HTTP/1.1" + HOST: 200,
    b"GET http://localhost:9000/metrics HTTP/1.1" + HOST: 200,
    b"GET /metrics HTTP/1.0\r\n\r\n": 200,
    b"GET /metrics HTTP/1.1\nHost: x\n\n": 200,
    b"\r\nGET /metrics HTTP/1.1" + HOST: 200,
    b"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text;version=1.0.0" + HOST: 200,
    b"GET /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\nX: \xff" + HOST: 200,
    b"GET / HTTP/1.1" + HOST: 404,
    b"GET /metrics/ HTTP/1.1" + HOST: 404,
    b"GET /metrics/../metrics HTTP/1.1" + HOST: 404,
    b"POST /metrics HTTP/1.1\r\nContent-Length: 3\r\nHost: x\r\n\r\nabc": 405,
    b"DELETE /metrics HTTP/1.1" + HOST: 405,
    b"GET /metrics HTTP/1.1\r\n\r\n": 400,
    b"GET /metrics HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n": 400,
    b"GET /metrics HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n": 400,
    b"GET /metrics HTTP/1.1\r\nHost : x\r\n\r\n": 400,
    b"GET /metrics\r\n\r\n": 400,
    b"GET  /metrics HTTP/1.1" + HOST: 400,
    b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n": 400,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": 505,
    b"GET /metrics HTTP/1.1\r\nX: " + b"x" * LONGEST_HEAD + HOST: 431,
    b"x" * (LONGEST_HEAD + 1): 431,
    GET * 500: 200,
    GET + b"\x00garbage" * 1000: 200,
}


async def test_each_request_is_answered_once_and_the_connection_is_closed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with served() as it:
        for request, number in REQUESTS.items():
            head, body = await it.ask(request)
            assert head.startswith(f"HTTP/1.1 {number} "), (request[:80], head)
            assert "Connection: close" in head
            assert ("route_switcher_uplink_active" in body) == (
                number == 200 and not request.startswith(b"HEAD")
            )
            assert "HTTP/1.1" not in body or number != 200
            assert ("Allow: GET, HEAD" in head) == (number == 405)


async def test_who_does_not_ask_or_read_loses_its_own_answer_only(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with served() as it:
        began = trio.current_time()
        silent = await it.connect()
        endless = await it.connect()
        async with trio.open_nursery() as nursery:

            async def dribble() -> None:
                with suppress(trio.BrokenResourceError):
                    await endless.send_all(b"GET /metrics HTTP/1.1\r\n")
                    while True:
                        await endless.send_all(b"X: y\r\n")
                        await trio.sleep(0.5)

            nursery.start_soon(dribble)
            assert (await it.ask())[0].startswith("HTTP/1.1 200")
            assert (await answer(silent, b""))[0] == ""
            nursery.cancel_scope.cancel()
        assert trio.current_time() - began == pytest.approx(PATIENCE, abs=1)
        lines = it.world.lines
        await trio.sleep(10)
        times = [at for at, _ in lines["primary"].rounds]
        assert max(b - a for a, b in pairwise(times)) == pytest.approx(1)
        await silent.aclose()
        await endless.aclose()


async def test_of_many_connections_the_latest_is_answered(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with served() as it:
        streams = []
        for number in range(8 * MOST):
            streams.append(await it.connect())
            if number % MOST == 0:
                await trio.testing.wait_all_tasks_blocked()
        assert (await it.ask())[0].startswith("HTTP/1.1 200")
        for stream in streams:
            await stream.aclose()


async def test_the_time_active_follows_a_switch_and_a_new_name(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with served() as it:
        await trio.sleep(10)
        it.world.lines["primary"].works = False
        await trio.sleep(20)
        renamed = policy(uplink("fibre", 0), replace(uplink("lte", 0), interface="eth1", metric=20))
        gateway = it.rules.uplinks[1].gateway
        lte = replace(renamed.uplinks[1], gateway=gateway)
        it.rules = replace(renamed, uplinks=(renamed.uplinks[0], lte), metrics=it.where)
        await it.reload(it.where)
        await trio.sleep(10)
        _, body = await it.ask()
        assert value(body, "uplink_active", uplink="lte") == 1
        assert value(body, "uplink_active_seconds_total", uplink="lte") == pytest.approx(10, abs=1)
        assert value(body, "switches_total", cause="failover") == 1


async def test_the_start_is_told_by_the_clock_as_it_was_set_and_does_not_tremble(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = [-trio.current_time()]  # 1970: a router without a clock of its own
    monkeypatch.setattr(time, "time", lambda: ahead[0] + trio.current_time())
    unix_time, began = UnixTime(), trio.current_time()
    await trio.sleep(30)
    assert unix_time.of(began) == pytest.approx(0)
    ahead[0] += 1_700_000_000
    before = unix_time.of(began)
    assert before == pytest.approx(1_700_000_000)
    ahead[0] += 0.3
    assert unix_time.of(began) == before


async def test_nothing_is_left_open_however_often_it_moves(
    autojump_clock: trio.testing.MockClock, place: Path
) -> None:
    async with served() as it:
        counts = []
        for _ in range(3):
            for listen in (OnSocket.UNIX, None, free_port(), it.where, free_port("::1")):
                await it.reload(listen)
            counts.append(len(os.listdir("/proc/self/fd")))
        assert counts[1] == counts[2]


async def test_an_answer_arrives_though_more_was_sent_than_was_read(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with served() as it:
        assert isinstance(it.where, Loopback)
        slow = trio.socket.socket()
        # Most of the answer is still to be sent when all has been written.
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        await slow.connect((str(it.where.address), it.where.port))
        async with trio.SocketStream(slow) as stream:
            await stream.send_all(GET + b"x" * 20_000)
            await trio.sleep(0.5)
            head, body = await answer(stream, b"")
        assert f"Content-Length: {len(body.encode())}\r\n" in head


async def test_all_scrapers_together_have_a_tenth_of_the_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with served() as it:
        began = trio.current_time()
        for _ in range(50):
            await it.ask()
        # Two turns each, to accept and to write; a turn is taken for 0.2 ms at least.
        assert trio.current_time() - began >= 50 * 2 * 9 * 0.0002 - 0.01


async def test_an_uplink_that_comes_back_into_the_policy_begins_at_zero(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with served() as it:
        both = it.rules
        await trio.sleep(100)
        it.rules = replace(both, uplinks=both.uplinks[1:])
        await it.reload(it.where)
        await trio.sleep(10)
        it.rules = both
        await it.reload(it.where)
        _, body = await it.ask()
        assert value(body, "uplink_active_seconds_total", uplink="primary") < 20
