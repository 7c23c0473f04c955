"""What is looked at and set when an interface appears."""

import logging
from dataclasses import replace

import pytest

from core.world import policy, uplink
from route_switcher.core.events import LinkState
from route_switcher.daemon import interfaces
from route_switcher.daemon.interfaces import Interfaces

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
