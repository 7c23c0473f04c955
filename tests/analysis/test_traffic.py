"""What probes cost, against the packets that the code makes and by hand."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from route_switcher.analysis.figures.traffic import bytes_a_month, bytes_of_target
from route_switcher.core.vocabulary.checks import IcmpEcho
from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.states import Speed
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.probes import packets
from route_switcher.probes.answer_filter import TOKEN_SIZE
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
