"""What the daemon says of connections that it ended, or could not end."""

import logging
import os
import sys
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

import pytest
import trio

from route_switcher.core.vocabulary.effects import EndConnections
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon import connections
from route_switcher.daemon.connections import Connections
from route_switcher.kernel.conntrack import process as process_of_sweeps
from route_switcher.kernel.conntrack.sweep import Swept

EFFECT = EndConnections(1.0, Family.IPV4, "lte", ("fibre",), (ip_address("192.0.2.10"),))


def active(_family: Family) -> str:
    return "lte"


def ending(*results: Swept | Exception) -> Connections:
    """Sweeps come to this, in turn."""
    left = iter(results)

    async def sweep(addresses: Iterable[bytes], length: int, _: object) -> Swept:
        assert (list(addresses), length) == ([b"\xc0\x00\x02\x0a"], 4)
        result = next(left)
        if isinstance(result, Exception):
            raise result
        return result

    return Connections(sweep)


@pytest.mark.parametrize(
    ("swept", "level", "text"),
    [
        (Swept(2), logging.INFO, "ended 2 connections with the address of fibre (192.0.2.10) in"),
        (Swept(untracked=True), logging.DEBUG, "this kernel tracks no connections"),
        (Swept(1, "the kernel says: EPERM"), logging.WARNING, "then no more: the kernel says: EP"),
        (OSError(11, "not now"), logging.WARNING, "no process can be started: not now"),
        (RuntimeError("no thread"), logging.WARNING, "no process can be started: no thread"),
    ],
)
async def test_it_is_told_in_one_line(
    swept: Swept | Exception,
    level: int,
    text: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    await ending(swept).end(EFFECT, active)
    (record,) = caplog.records
    assert record.levelno == level
    assert text in record.getMessage()


async def test_a_trouble_is_a_warning_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    it = ending(Swept(0, "no"), Swept(0, "no"), Swept(1), Swept(0, "no"))
    for _ in range(4):
        await it.end(EFFECT, active)
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.WARNING, logging.DEBUG, logging.INFO, logging.WARNING]


def process(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """This, in place of what sweeps; the kernel tracks something."""
    monkeypatch.setattr(connections, "tracked", lambda: 1)
    words = [sys.executable, "-P", "-c", script]
    monkeypatch.setattr(process_of_sweeps, "command", lambda *_: words)


async def test_it_stops_when_the_traffic_moves_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    process(monkeypatch, "import sys; sys.stdin.read(); print('[7, \"no more\", false]')")
    await Connections().end(EFFECT, lambda _: "dsl")
    (message,) = caplog.messages
    assert message.startswith("IPv4: ended 7 connections")
    assert message.endswith("then no more: no more")


async def test_when_the_engine_ends_so_does_the_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    process(
        monkeypatch,
        f"import os, time; open({str(mark)!r}, 'w').write(f'{{os.getpid()}} '); time.sleep(1000)",
    )
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Connections().end, EFFECT, active)
            while not (mark.exists() and mark.read_text()):  # noqa: ASYNC110
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


async def test_a_process_that_ends_before_its_time_is_told_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    process(monkeypatch, "import os; os.abort()")
    await Connections().end(EFFECT, active)
    assert "what did it has ended before its time" in caplog.text


async def test_an_empty_table_costs_no_process(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    process(monkeypatch, "import os; os.abort()")
    monkeypatch.setattr(connections, "tracked", lambda: 0)
    await Connections().end(EFFECT, active)
    monkeypatch.setattr(connections, "tracked", lambda: None)
    await Connections().end(EFFECT, active)
    assert [r.levelno for r in caplog.records] == [logging.INFO, logging.DEBUG]
