"""What the daemon says of connections that it ended, or could not end."""

import logging
from collections.abc import Callable
from ipaddress import ip_address

import pytest
import trio

from route_switcher.core.vocabulary.effects import EndConnections
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon import connections
from route_switcher.daemon.connections import Connections
from route_switcher.kernel.conntrack.sweep import Swept

EFFECT = EndConnections(1.0, Family.IPV4, "lte", ("fibre",), (ip_address("192.0.2.10"),))


def active(_family: Family) -> str:
    return "lte"


@pytest.mark.parametrize(
    ("swept", "level", "text"),
    [
        (Swept(2), logging.INFO, "2 connections that stuck to fibre (192.0.2.10) ended in"),
        (Swept(untracked=True), logging.DEBUG, "this kernel tracks no connections"),
        (Swept(1, "the kernel says: EPERM"), logging.WARNING, "then no more: the kernel says: EP"),
    ],
)
async def test_it_is_told_in_one_line(
    swept: Swept,
    level: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(connections, "sweep", lambda *_: swept)
    await Connections().end(EFFECT, active)
    (record,) = caplog.records
    assert record.levelno == level
    assert text in record.getMessage()


async def test_a_trouble_is_a_warning_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    results = iter((Swept(0, "no"), Swept(0, "no"), Swept(1), Swept(0, "no")))
    monkeypatch.setattr(connections, "sweep", lambda *_: next(results))
    ending = Connections()
    for _ in range(4):
        await ending.end(EFFECT, active)
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.WARNING, logging.DEBUG, logging.INFO, logging.WARNING]


async def test_it_stops_when_the_traffic_moves_again_and_when_the_engine_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = ["lte"]
    asked: list[bool] = []
    ended = trio.Event()
    token = trio.lowlevel.current_trio_token()

    def sweep(_these: object, stopped: Callable[[], bool]) -> Swept:
        asked.append(stopped())
        now[0] = "dsl"
        asked.append(stopped())
        now[0] = "lte"
        token.run_sync_soon(ended.set)
        while not stopped():
            pass
        asked.append(True)
        return Swept()

    monkeypatch.setattr(connections, "sweep", sweep)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connections().end, EFFECT, lambda _: now[0])
        await ended.wait()
        nursery.cancel_scope.cancel()
    assert asked[:2] == [False, True]
