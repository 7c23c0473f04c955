"""What the probers drop is told once a minute, and when the service stops; real packets."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import fields, replace

import pytest
import trio

from route_switcher.core.vocabulary.events import Reload
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon import dropped_packets
from route_switcher.daemon.observers import LogObserver
from route_switcher.daemon.report import LOG
from route_switcher.probes.counters import Counters
from route_switcher.probes.icmp import IcmpProber
from support.loopback import V4, Send, answering, targets_on_loopback
from support.world import policy, uplink

A, B = uplink("a", 0), uplink("b", 1)


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, LOG.name)


@pytest.fixture
def addresses() -> Iterator[None]:
    with targets_on_loopback():
        yield


def packets(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    records = [r for r in caplog.records if getattr(r, "event", None) == "packets"]
    return [(record.levelname, record.getMessage()) for record in records]


def forged(reply: bytes, target: Target, send: Send) -> None:
    send(reply, V4[1])
    send(reply[:-1] + bytes([reply[-1] ^ 1]), target)
    send(reply, target, checksum=b"\x01\x02")
    send(reply, target)


def repeated(reply: bytes, target: Target, send: Send) -> None:
    for _ in range(2 if target == V4[0] else 0):
        send(reply, target)


@pytest.mark.kernel
@pytest.mark.usefixtures("addresses")
@pytest.mark.parametrize(
    ("script", "targets", "timeout", "line"),
    [
        (
            forged,
            1,
            60.0,
            (
                "INFO",
                "a: forged or unreadable packets dropped: 1 unreadable, 1 from a wrong source,"
                " 1 with wrong data",
            ),
        ),
        # One of the two never answers.
        (repeated, 2, 3.0, ("DEBUG", "a: packets dropped: 1 repeated")),
    ],
)
async def test_real_packets_that_are_dropped_are_told_by_cause(
    script: Callable[[bytes, Target, Send], None],
    targets: int,
    timeout: float,  # noqa: ASYNC109 - of the round
    line: tuple[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = LogObserver(policy(A, B))
    with (
        answering(script, requests=targets),
        IcmpProber("lo", Family.IPV4, counters=log.dropped.of(A.id)) as prober,
    ):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            await prober.ask(V4[:targets], targets, timeout)
            nursery.cancel_scope.cancel()
    log.dropped.tell(policy(A, B))
    assert packets(caplog) == [line]
    log.dropped.tell(policy(A, B))
    assert packets(caplog) == [line]


async def test_it_is_told_once_a_minute_and_at_the_end(
    autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    log = LogObserver(policy(A, B))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(log.run)
        log.dropped.of(B.id).late += 2
        await trio.sleep(59)
        assert packets(caplog) == []
        await trio.sleep(62)
        assert packets(caplog) == [("DEBUG", "b: packets dropped: 2 late")]
        log.dropped.of(A.id).wrong_token += 1
        nursery.cancel_scope.cancel()
    assert packets(caplog)[1:] == [
        ("INFO", "a: forged or unreadable packets dropped: 1 with wrong data")
    ]


def test_an_uplink_that_left_the_policy_is_told_of_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = LogObserver(policy(A, B))
    log.dropped.of(A.id).late += 1
    log.event(Reload(0.0, policy(replace(A, name="x"), B), (), ()))
    log.dropped.tell(policy(B))
    assert packets(caplog) == []


def test_every_counter_is_told_but_one_that_the_prober_tells() -> None:
    known = {*dropped_packets._FORGED, *dropped_packets._ORDINARY, "overruns"}
    assert known == {field.name for field in fields(Counters)}
