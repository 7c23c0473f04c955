"""What is looked at and set when an interface appears."""

import logging
import threading
from dataclasses import replace

import pytest
import trio

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.daemon import interfaces
from route_switcher.daemon.in_order import InOrder
from route_switcher.daemon.interfaces import Interfaces
from support.world import policy, uplink

DEADLINE = 60.0
HERE = LinkState("eth0")
GONE = LinkState("eth0", present=False, up=False, carrier=False)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []

    def write(interface: str, on: bool) -> None:
        names.append(interface if on else f"not {interface}")

    monkeypatch.setattr(interfaces, "ignore_linkdown", write)
    return names


def test_ignore_linkdown_is_set_each_time_the_interface_appears(written: list[str]) -> None:
    look = Interfaces(writes=True).look
    rules = replace(policy(), ignore_linkdown=True)
    for links in ([HERE], [HERE], [GONE], [HERE]):
        look(rules, links)
    assert written == ["eth0", "eth0"]


def test_a_reload_that_wants_it_sets_it(written: list[str]) -> None:
    look = Interfaces(writes=True).look
    look(policy(), [HERE])
    assert written == []
    look(replace(policy(), ignore_linkdown=True), [HERE])
    assert written == ["eth0"]
    look(policy(), [HERE])
    assert written == ["eth0", "not eth0"]


async def test_it_is_set_by_a_thread_in_the_order_of_what_was_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock = threading.Event()
    written: list[tuple[bool, bool]] = []

    def write(_: str, on: bool) -> None:
        written.append((lock.wait(DEADLINE), on))

    monkeypatch.setattr(interfaces, "ignore_linkdown", write)
    look = Interfaces(writes=True, do=InOrder().do).look
    for wanted in (True, False, True):
        look(replace(policy(), ignore_linkdown=wanted), [HERE])
    assert written == []
    lock.set()
    with trio.fail_after(DEADLINE):
        while len(written) < 3:
            await trio.lowlevel.checkpoint()
    assert written == [(True, True), (True, False), (True, True)]


async def test_where_no_thread_can_be_had_it_is_set_at_once(
    monkeypatch: pytest.MonkeyPatch, written: list[str]
) -> None:
    def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(trio.lowlevel, "start_thread_soon", no_thread)
    look = Interfaces(writes=True, do=InOrder().do).look
    for wanted in (True, False):
        look(replace(policy(), ignore_linkdown=wanted), [HERE])
    assert written == ["eth0", "not eth0"]


def test_a_dry_run_sets_nothing(written: list[str]) -> None:
    Interfaces(writes=False).look(replace(policy(), ignore_linkdown=True), [HERE])
    assert written == []


def test_strict_rp_filter_is_warned_of_once_each_time_the_interface_appears(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(interfaces, "strict_rp_filter", "net.ipv4.conf.{}.rp_filter".format)
    monkeypatch.setattr(logging.getLogger("route_switcher"), "propagate", True)
    look = Interfaces(writes=True).look
    for links in ([HERE], [HERE], [GONE], [HERE]):
        look(policy(), links)
    (first, second) = caplog.messages
    assert first == second
    assert first.endswith("sysctl -w net.ipv4.conf.eth0.rp_filter=2")


def test_ipv6_has_no_such_filter(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(interfaces, "strict_rp_filter", "net.ipv4.conf.{}.rp_filter".format)
    monkeypatch.setattr(logging.getLogger("route_switcher"), "propagate", True)
    Interfaces(writes=True).look(policy(uplink("six", 0, version=6)), [HERE])
    assert caplog.messages == []


def test_an_altname_is_told_once_and_what_is_set_is_set_by_the_kernels_name(
    written: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(interfaces, "strict_rp_filter", "net.ipv4.conf.{}.rp_filter".format)
    log = logging.getLogger("route_switcher")
    monkeypatch.setattr(log, "propagate", True)
    caplog.set_level(logging.INFO, log.name)
    rules = replace(policy(replace(uplink("primary", 0), interface="wan")), ignore_linkdown=True)
    look = Interfaces(writes=True).look
    called = replace(HERE, interface="wan", name="eth0")
    for links in ([called], [called], [replace(GONE, interface="wan")], [called]):
        look(rules, links)
    assert written == ["eth0", "eth0"]
    assert [m for m in caplog.messages if " is eth0" in m] == ["wan is eth0"] * 2
    assert any(m.endswith("sysctl -w net.ipv4.conf.eth0.rp_filter=2") for m in caplog.messages)


def test_two_uplinks_that_are_one_interface_are_told_once_and_at_every_reload(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(interfaces, "strict_rp_filter", lambda _: None)
    monkeypatch.setattr(logging.getLogger("route_switcher"), "propagate", True)
    one = LinkState("eth1", present=False, up=False, carrier=False, name="eth0")
    six = replace(uplink("six", 1, version=6), interface="eth1")
    rules = policy(uplink("primary", 0), uplink("secondary", 1), six)
    look = Interfaces(writes=False).look
    look(rules, [HERE, LinkState("eth1")])
    assert caplog.messages == []
    for _ in range(3):
        look(rules, [HERE, one])
    (told,) = caplog.messages
    assert "primary (eth0) and secondary (eth1) are one interface, eth0: only primary" in told
    assert caplog.records[0].levelno == logging.ERROR
    look(replace(rules), [HERE, one])
    assert caplog.messages == [told, told]
