"""What probes cost, against the packets that the code makes and by hand."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address

import dns.message
import dns.rrset
import pytest

from route_switcher.analysis.figures.traffic import bytes_a_month, bytes_of_target
from route_switcher.core.vocabulary.checks import (
    TOKEN_SIZE,
    Check,
    DnsQuery,
    GatewayEcho,
    IcmpEcho,
    NeighbourQuery,
)
from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.states import Speed
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.probes import arp, dns_answer, echo_datagram, neighbour_discovery, packets
from support.pinging import target
from support.watching import UPLINKS, policy, probe, rule

IP_HEADER = {Family.IPV4: 20, Family.IPV6: 40}
THREE = rule(ConsecutiveFailures("internet", 3))


@pytest.mark.parametrize("family", Family)
def test_a_packet_is_as_long_as_what_is_sent(family: Family) -> None:
    token = bytes(TOKEN_SIZE)
    packet = IP_HEADER[family] + len(packets.request(family, 1, 1, token))
    assert bytes_of_target(IcmpEcho(), family, answers=False) == packet
    assert bytes_of_target(IcmpEcho(), family) == 2 * packet


@pytest.mark.parametrize("family", Family)
def test_packets_of_other_checks_are_as_long_as_what_is_sent(family: Family) -> None:
    own, gateway = (
        (IPv4Address("198.51.100.2"), IPv4Address("198.51.100.1"))
        if family is Family.IPV4
        else (IPv6Address("2001:db8::2"), IPv6Address("2001:db8::1"))
    )

    def asking(check: Check) -> int:
        return bytes_of_target(check, family, answers=False)

    full = packets.request(family, 1, 1, bytes(1400))
    assert asking(IcmpEcho(1400)) == IP_HEADER[family] + len(full)
    echo = echo_datagram.datagram(own, 40000, bytes(TOKEN_SIZE))
    assert asking(GatewayEcho()) == len(echo)
    if isinstance(gateway, IPv4Address):
        assert asking(NeighbourQuery()) == len(arp.request(bytes(6), None, gateway))
    else:
        solicitation = neighbour_discovery.solicitation(bytes(6), gateway)
        assert asking(NeighbourQuery()) == IP_HEADER[family] + len(solicitation)
    query = DnsQuery("www.example.net", "A")
    question = dns_answer.question(query)
    assert asking(query) == IP_HEADER[family] + 8 + len(question.to_wire())
    response = dns.message.make_response(question)
    response.answer.append(dns.rrset.from_text("www.example.net.", 60, "IN", "A", "203.0.113.7"))
    both = asking(query) + IP_HEADER[family] + 8 + len(response.to_wire())
    assert bytes_of_target(query, family) == both


def test_one_target_a_second_takes_228_megabytes_a_month() -> None:
    # 2 x 44 bytes x 2,592,000 seconds.
    assert bytes_a_month(policy(THREE), UPLINKS[0]) == 228_096_000


def test_targets_and_probes_add_up() -> None:
    two = policy(THREE, probe(targets=3), probe("office", 2.0, first=9))
    assert bytes_a_month(two, UPLINKS[0]) == 228_096_000 * 3.5


def test_standing_by_is_cheaper() -> None:
    sparing = policy(THREE, probe(standby=30.0))
    assert bytes_a_month(sparing, UPLINKS[1], Speed.STANDBY) == 228_096_000 / 30


def test_an_uplink_pays_for_its_own_family() -> None:
    v6 = Uplink("six", "eth2", ip_address("fe80::1"), 10, Family.IPV6)
    both = probe()
    targets = (*both.targets, target("2001:db8::1"), target("2001:db8::2"))
    dual = policy(
        THREE,
        replace(both, targets=targets),
        uplinks=(*UPLINKS, v6),
    )
    assert bytes_a_month(dual, UPLINKS[0]) == 228_096_000
    assert bytes_a_month(dual, v6) == 2 * 2 * 64 * 2_592_000
