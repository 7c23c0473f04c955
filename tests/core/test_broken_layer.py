"""The first layer that is broken is told, by what the probes of an uplink say."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from route_switcher.core.health.answering import Answering
from route_switcher.core.health.broken_layer import describe_broken, said_by
from route_switcher.core.vocabulary.checks import Layer, TcpConnect
from route_switcher.core.vocabulary.events import Answer, Round
from route_switcher.core.vocabulary.states import RoundOutcome
from support.keys import v4
from support.pinging import pinging, target

ALL = (Layer.GATEWAY, Layer.FORWARDING, Layer.ICMP, Layer.DNS, Layer.TCP, Layer.HTTP)
TARGET = target("203.0.113.1")


def words(
    failing: Mapping[Layer, Layer], *, connected: bool = True, of: tuple[Layer, ...] = ALL
) -> str:
    """What is said where the probes about some layers fail, each at a layer."""
    said = []
    for layer in of:
        at = failing.get(layer)
        outcome = RoundOutcome.GOOD if at is None else RoundOutcome.FAILED
        rtt = 0.01 if at is None else None
        answer = Answer(TARGET, rtt, layer=at if at is not layer else None)
        said.append(said_by(Round(0.0, v4("a"), str(layer), 0.0, outcome, (answer,)), layer))
    return describe_broken(said, connected=connected)


G, F, I, D, T, H = ALL  # noqa: E741
EIGHT = {
    "link": (dict.fromkeys(ALL, Layer.LINK), False, "link fails"),
    "gateway": ({each: each for each in ALL} | {H: T}, True, "gateway fails"),
    "forwarding": (
        {each: each for each in ALL[1:]} | {H: T},
        True,
        "forwarding fails, gateway works",
    ),
    "ICMP filtered": (
        {I: I},
        True,
        "ping fails, gateway, forwarding, DNS, TCP and HTTP work",
    ),
    "DNS lies": ({D: D, H: D}, True, "DNS fails, gateway, forwarding, ping and TCP work"),
    "TCP dead": ({T: T, H: T}, True, "TCP fails, gateway, forwarding, ping and DNS work"),
    "TLS wrong name": (
        {H: Layer.TLS},
        True,
        "TLS fails, gateway, forwarding, ping, DNS and TCP work",
    ),
    "a portal": ({H: H}, True, "HTTP fails, gateway, forwarding, ping, DNS and TCP work"),
}


@pytest.mark.parametrize("fault", EIGHT)
def test_the_first_broken_layer_is_told(fault: str) -> None:
    failing, connected, expected = EIGHT[fault]
    assert words(failing, connected=connected) == expected


def test_packets_of_full_size_come_last() -> None:
    of = (I, T, Layer.FULL_SIZE)
    assert words({Layer.FULL_SIZE: Layer.FULL_SIZE}, of=of) == "full size fails, ping and TCP work"


def test_nothing_is_broken_where_all_works() -> None:
    assert words({}) == ""
    assert describe_broken(()) == ""


def test_a_layer_that_another_probe_proves_is_not_the_broken_one() -> None:
    """The page's own server is gone, and connections to others are made."""
    assert words({H: T}) == "HTTP fails, gateway, forwarding, ping, DNS and TCP work"


TCP = replace(pinging("connections", TARGET, interval=10.0), check=TcpConnect(443))


def heard(probe: str, sent_at: float, rtt: float | None) -> Round:
    outcome = RoundOutcome.FAILED if rtt is None else RoundOutcome.GOOD
    at = sent_at + (1.0 if rtt is None else rtt)
    return Round(at, v4("a"), probe, sent_at, outcome, (Answer(TARGET, rtt),))


def test_what_was_good_before_the_trouble_is_not_said_to_work() -> None:
    """Connections are asked for every 10 s. When a line goes dead, pings fail first."""
    answering = Answering((pinging("pings", TARGET), TCP), (), 0.0)

    def said_after(*rounds: Round) -> str:
        for each in rounds:
            answering.on_round(each)
        return describe_broken(answering.said)

    well = (heard("pings", 0.0, 0.02), heard("connections", 0.0, 0.02))
    assert said_after(*well) == ""
    assert said_after(heard("pings", 2.0, None), heard("pings", 3.0, None)) == "ping fails"
    assert said_after(heard("connections", 3.5, 0.02)) == "ping fails, TCP works"
    assert said_after(heard("pings", 4.0, 0.02)) == ""
    assert said_after(heard("connections", 10.0, None)) == "TCP fails"
    assert said_after(heard("pings", 10.5, 0.02)) == "TCP fails, ping works"
