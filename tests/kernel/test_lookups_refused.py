"""Questions about ways that the real kernel refuses, and the words for it."""

import errno
from ipaddress import ip_address

import pytest

from route_switcher.core.vocabulary.kernel_routes import KernelHop
from route_switcher.core.vocabulary.lookups import (
    Lookup,
    Refused,
    accepted_answer,
    bound_probe,
    forwarded_traffic,
    own_traffic,
)
from route_switcher.core.vocabulary.routes import RouteKind
from route_switcher.core.vocabulary.uplinks import Family
from support.asking import BOTH, CLIENTS, FLAGS, TARGETS, Ip, Sysctl, ask, leaves_by, refusal, way

pytestmark = pytest.mark.kernel


@BOTH
@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("blackhole", {errno.EINVAL}),
        ("unreachable", {errno.EHOSTUNREACH}),
        ("prohibit", {errno.EACCES}),
    ],
)
async def test_a_dead_end_is_refused_in_plain_words(
    family: Family, kind: str, codes: set[int], net: None, ip: Ip
) -> None:
    target = TARGETS[family]
    ip(f"{FLAGS[family]} route add {kind} {target}")
    refused = await refusal(own_traffic(target))
    assert refused.code in codes
    assert kind in refused.reason


@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
async def test_a_bound_ipv4_probe_meets_dead_ends_too(kind: str, net: None, ip: Ip) -> None:
    """Without RTM_F_FIB_MATCH the kernel would answer with the target on the link."""
    target = TARGETS[Family.IPV4]
    ip(f"route add {kind} {target}")
    assert (await refusal(bound_probe(target, "eth1"))).code == errno.EHOSTUNREACH
    plain = Lookup(target, out_interface="eth1", with_exceptions=True)
    found = await way(plain)
    assert (found.hops, found.for_one_flow) == ((KernelHop("eth1", None),), True)


async def test_a_bound_ipv6_probe_walks_past_dead_ends(net: None, ip: Ip) -> None:
    target = TARGETS[Family.IPV6]
    ip(f"-6 route add blackhole {target}")
    assert await leaves_by(bound_probe(target, "eth1")) == ("eth1", 254)
    assert isinstance(await ask(own_traffic(target)), Refused)


@BOTH
async def test_no_route_is_refused(family: Family, net: None, ip: Ip) -> None:
    ip(f"{FLAGS[family]} route flush table main proto 115")
    refused = await refusal(own_traffic(TARGETS[family]))
    assert (refused.code, refused.reason) == (errno.ENETUNREACH, "no route leads there")
    assert isinstance(await ask(bound_probe(TARGETS[family], "eth0")), Refused)


@BOTH
async def test_a_missing_interface_is_refused(family: Family, net: None) -> None:
    refused = await refusal(bound_probe(TARGETS[family], "gone0"))
    assert (refused.code, refused.reason) == (errno.ENODEV, "the interface is not there")


async def test_a_strict_rp_filter_refuses_the_answers_of_the_standby(
    net: None, sysctl: Sysctl
) -> None:
    target = TARGETS[Family.IPV4]
    active = accepted_answer(ip_address("198.51.100.2"), target, "eth0")
    standby = accepted_answer(ip_address("198.51.100.130"), target, "eth1")
    for value in (0, 2):
        sysctl("ipv4/conf/all/rp_filter", value)
        assert (await way(active)).kind is RouteKind.LOCAL
        assert (await way(standby)).kind is RouteKind.LOCAL
    sysctl("ipv4/conf/all/rp_filter", 1)
    assert (await way(active)).kind is RouteKind.LOCAL
    refused = await refusal(standby)
    assert refused.code in (errno.EINVAL, errno.EXDEV)
    assert "rp_filter" in refused.reason


async def test_forwarding_switched_off_is_refused(net: None, sysctl: Sysctl) -> None:
    sysctl("ipv4/ip_forward", 0)
    family = Family.IPV4
    refused = await refusal(forwarded_traffic(TARGETS[family], CLIENTS[family], "lan0"))
    assert (refused.code, "forwarding is off" in refused.reason) == (errno.EHOSTUNREACH, True)
