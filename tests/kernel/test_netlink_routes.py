"""Route actions and dumps, on the real kernel."""

import socket
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
import trio

from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.routes import PROTOCOL, Change, Route, RouteAction, RouteKind
from route_switcher.core.vocabulary.uplinks import Family, Uplink, family_of
from route_switcher.kernel.rtnetlink import locked_calls, messages
from route_switcher.kernel.rtnetlink.framing import RTM_NEWROUTE, Message
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel

pytestmark = pytest.mark.kernel

Ip = Callable[..., None]
Sysctl = Callable[[str, int], None]
GATEWAYS = {
    Family.IPV4: ("198.51.100.1", "198.51.100.129"),
    Family.IPV6: ("2001:db8:0::1", "fe80::1"),
}
DHCP = 16
STATIC = 4
BOOT = 3


def uplink(number: int, metric: int, family: Family = Family.IPV4, **others: object) -> Route:
    gateway = ip_address(GATEWAYS[family][number])
    return Route(family, f"eth{number}", gateway, metric, **others)  # type: ignore[arg-type]


def via(gateway: str, interface: str, metric: int, protocol: int = PROTOCOL) -> Route:
    address = ip_address(gateway)
    return Route(family_of(address), interface, address, metric, protocol)


async def apply(kernel: NetlinkKernel, change: Change, route: Route) -> str | None:
    return await kernel.apply(RouteAction(change, route, "test"))


@pytest.mark.parametrize("family", Family)
async def test_routes_are_added_demoted_promoted_and_deleted(
    kernel: NetlinkKernel, family: Family
) -> None:
    first, second = uplink(0, 10, family), uplink(1, 20, family)
    demoted = uplink(0, 1010, family)
    steps = (
        (Change.ADD, first, (first,)),
        (Change.ADD, second, (first, second)),
        (Change.ADD, demoted, (first, second, demoted)),
        (Change.DELETE, first, (second, demoted)),
        (Change.ADD, first, (first, second, demoted)),
        (Change.DELETE, demoted, (first, second)),
        (Change.DELETE, second, (first,)),
        (Change.DELETE, first, ()),
    )
    for change, route, expected in steps:
        assert await apply(kernel, change, route) is None
        assert await kernel.default_routes() == expected
        assert await kernel.default_routes(ours_only=True) == expected


async def test_a_new_gateway_is_appended_and_the_old_one_deleted_ipv4(
    kernel: NetlinkKernel,
) -> None:
    old, new = uplink(0, 10), via("198.51.100.3", "eth0", 10)
    assert await apply(kernel, Change.ADD, old) is None
    assert await apply(kernel, Change.APPEND, new) is None
    assert await kernel.default_routes() == (old, new)
    assert await apply(kernel, Change.DELETE, old) is None
    assert await kernel.default_routes() == (new,)


async def test_a_new_gateway_replaces_the_old_one_ipv6(kernel: NetlinkKernel) -> None:
    old, new = uplink(0, 10, Family.IPV6), via("fe80::7", "eth0", 10)
    assert await apply(kernel, Change.ADD, old) is None
    assert await apply(kernel, Change.REPLACE, new) is None
    assert await kernel.default_routes() == (new,)


@pytest.mark.parametrize("family", Family)
async def test_an_action_whose_end_is_reached_already_is_done(
    kernel: NetlinkKernel, family: Family
) -> None:
    route = uplink(0, 10, family)
    assert await apply(kernel, Change.DELETE, route) is None
    assert await apply(kernel, Change.ADD, route) is None
    assert await apply(kernel, Change.ADD, route) is None
    assert await kernel.default_routes() == (route,)


@pytest.mark.parametrize("family", Family)
async def test_a_deletion_takes_nothing_but_the_exact_key(
    kernel: NetlinkKernel, ip: Ip, family: Family
) -> None:
    ours = uplink(0, 10, family)
    foreign = uplink(0, 30, family, protocol=STATIC)
    other = uplink(1, 20, family)
    ip(f"route add default via {foreign.gateway} dev eth0 metric 30 proto static")
    for route in (ours, other):
        assert await apply(kernel, Change.ADD, route) is None
    for near in (
        uplink(0, 30, family),  # the foreign route's, except the protocol
        uplink(0, 20, family),  # another metric
        uplink(1, 10, family),  # another interface and gateway
        via({4: "198.51.100.9", 6: "fe80::9"}[family.value], "eth0", 10),
    ):
        assert await apply(kernel, Change.DELETE, near) is None
        assert await kernel.default_routes() == (ours, other, foreign)


async def test_a_deletion_with_metric_0_is_exact_too(kernel: NetlinkKernel) -> None:
    demoted = uplink(0, 1000)
    assert await apply(kernel, Change.ADD, demoted) is None
    assert await apply(kernel, Change.DELETE, uplink(0, 0)) is None
    assert await kernel.default_routes() == (demoted,)
    assert await apply(kernel, Change.ADD, uplink(0, 0)) is None
    assert await apply(kernel, Change.DELETE, uplink(0, 0)) is None
    assert await kernel.default_routes() == (demoted,)


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("change", [Change.ADD, Change.APPEND, Change.REPLACE])
async def test_a_metric_that_a_foreign_route_holds_is_refused_by_name(
    kernel: NetlinkKernel, ip: Ip, family: Family, change: Change
) -> None:
    foreign = uplink(0, 10, family, protocol=DHCP)
    ip(f"route add default via {foreign.gateway} dev eth0 metric 10 proto dhcp")
    for ours in (uplink(0, 10, family), uplink(1, 10, family)):
        assert await apply(kernel, change, ours) == (
            f"metric 10 is held by a foreign route:"
            f" default via {foreign.gateway} dev eth0 metric 10 proto dhcp"
        )
    assert await kernel.default_routes() == (foreign,)
    assert await kernel.default_routes(ours_only=True) == ()


async def test_a_metric_that_another_route_of_ours_holds_is_refused(kernel: NetlinkKernel) -> None:
    assert await apply(kernel, Change.ADD, uplink(0, 10)) is None
    refused = await apply(kernel, Change.ADD, uplink(1, 10))
    assert refused is not None
    assert refused.startswith("metric 10 is held by a different route: default via 198.51.100.1")


async def test_a_foreign_route_is_never_touched(kernel: NetlinkKernel) -> None:
    for change in Change:
        with pytest.raises(ValueError, match="not ours"):
            await apply(kernel, change, uplink(0, 10, protocol=STATIC))


@pytest.mark.parametrize("family", Family)
async def test_refusals_name_their_cause(kernel: NetlinkKernel, ip: Ip, family: Family) -> None:
    elsewhere = via({4: "203.0.113.1", 6: "2001:db8:77::1"}[family.value], "eth0", 10)
    refused = await apply(kernel, Change.ADD, elsewhere)
    assert refused is not None
    assert refused.startswith(f"gateway {elsewhere.gateway} is not in a network of eth0 (kernel: ")

    missing = via(GATEWAYS[family][0], "eth7", 10)
    refused = await apply(kernel, Change.ADD, missing)
    assert refused is not None
    assert refused.startswith("interface eth7 is missing")
    assert await apply(kernel, Change.DELETE, missing) is None

    ip("link set eth0 down")
    refused = await apply(kernel, Change.ADD, uplink(0, 10, family))
    assert refused is not None
    assert refused.startswith("link eth0 is down (kernel: ")
    assert await kernel.default_routes() == ()


async def test_a_link_without_an_address_is_named(kernel: NetlinkKernel, ip: Ip) -> None:
    ip("addr del 198.51.100.2/25 dev eth0")
    refused = await apply(kernel, Change.ADD, uplink(0, 10))
    assert refused is not None
    assert refused.startswith("eth0 has no IPv4 address (kernel: ")


async def test_ipv6_switched_off_is_named_in_the_kernels_words(
    kernel: NetlinkKernel, sysctl: Sysctl
) -> None:
    sysctl("ipv6/conf/eth1/disable_ipv6", 1)
    refused = await apply(kernel, Change.ADD, uplink(1, 10, Family.IPV6))
    assert refused == "eth1 has no IPv6 address (kernel: IPv6 is disabled on nexthop device)"


async def test_a_broadcast_address_is_no_gateway(kernel: NetlinkKernel) -> None:
    refused = await apply(kernel, Change.ADD, via("198.51.100.127", "eth0", 10))
    assert refused is not None
    assert refused.startswith("gateway 198.51.100.127 cannot be used on eth0 (kernel: ")


async def test_dumps_tell_only_default_routes_of_the_main_table(
    kernel: NetlinkKernel, ip: Ip
) -> None:
    ip(
        "route add default via 198.51.100.1 dev eth0 metric 5 table 100",
        "route add 203.0.113.0/24 via 198.51.100.1 dev eth0",
        "route add 0.0.0.0/1 via 198.51.100.1 dev eth0",
        "route add default via 198.51.100.1 dev eth0 metric 5 tos 0x10",
        "-6 route add default via fe80::1 dev eth0 metric 5 table 100",
        "-6 route add ::/1 via fe80::1 dev eth0",
        "-6 route add default from 2001:db8::/48 via fe80::1 dev eth0 metric 5",
    )
    assert await kernel.default_routes() == ()


async def test_dumps_tell_every_kind_of_default_route(kernel: NetlinkKernel, ip: Ip) -> None:
    ip(
        "route add default dev eth0",
        "route add default metric 3 nexthop via 198.51.100.1 dev eth0"
        " nexthop via 198.51.100.129 dev eth1",
        "-4 route add default via inet6 fe80::5 dev eth0 metric 4 proto dhcp",
        "route add unreachable default metric 5",
        "route add blackhole default metric 6",
        "route add throw default metric 7",
        "-6 route add default metric 8 nexthop via fe80::1 dev eth0 nexthop via fe80::2 dev eth1",
        "-6 route add prohibit default metric 9",
    )
    four, six = Family.IPV4, Family.IPV6
    assert await kernel.default_routes() == (
        Route(four, "eth0", None, 0, BOOT),
        via("198.51.100.1", "eth0", 3, BOOT),
        via("198.51.100.129", "eth1", 3, BOOT),
        Route(four, "eth0", ip_address("fe80::5"), 4, DHCP),
        Route(four, "", None, 5, BOOT, RouteKind.UNREACHABLE),
        Route(four, "", None, 6, BOOT, RouteKind.BLACKHOLE),
        Route(four, "", None, 7, BOOT, RouteKind.THROW),
        via("fe80::1", "eth0", 8, BOOT),
        via("fe80::2", "eth1", 8, BOOT),
        Route(six, "", None, 9, BOOT, RouteKind.PROHIBIT),
    )


@pytest.mark.parametrize("compatible", [0, 1])
async def test_a_route_by_nexthop_object_is_told_as_far_as_known(
    kernel: NetlinkKernel, ip: Ip, sysctl: Sysctl, compatible: int
) -> None:
    sysctl("ipv4/nexthop_compat_mode", compatible)
    try:
        ip(
            "nexthop add id 7 via 198.51.100.1 dev eth0",
            "route add default nhid 7 metric 6 proto static",
        )
        (route,) = await kernel.default_routes()
    finally:
        sysctl("ipv4/nexthop_compat_mode", 1)
        ip("nexthop del id 7")
    known = uplink(0, 6, protocol=STATIC)
    assert route == (known if compatible else Route(Family.IPV4, "", None, 6, STATIC))


@pytest.mark.parametrize("family", Family)
async def test_a_big_table_does_not_hold_up_other_tasks(
    kernel: NetlinkKernel, ip: Ip, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Others are to run for the length of the table only, not for a busy machine.
    monkeypatch.setattr(locked_calls, "ON_THE_SPOT", 60.0)
    count = 20_000
    gateway = uplink(0, 10, family).gateway
    if family is Family.IPV4:
        networks = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(count)]
    else:
        networks = [f"2001:db8:{n:x}:8000::/64" for n in range(2, count + 2)]
    ip(*(f"route add {network} via {gateway} dev eth0 proto bgp" for network in networks))
    ours = uplink(0, 10, family)
    assert await apply(kernel, Change.ADD, ours) is None

    async def ticks_during(ours_only: bool) -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await trio.lowlevel.checkpoint()
                ticks += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(tick)
            assert await kernel.default_routes(ours_only=ours_only) == (ours,)
            nursery.cancel_scope.cancel()
        return ticks

    # 20,000 routes of some 60 bytes come in datagrams of 32 KiB at most, IPv4's defaults first.
    assert (await ticks_during(ours_only=False) > 30) == (family is Family.IPV6)
    # The kernel itself leaves out those that are not ours.
    assert await ticks_during(ours_only=True) < 30
    assert kernel.discarded.malformed == 0


async def test_a_cancelled_dump_leaves_nothing_behind(kernel: NetlinkKernel) -> None:
    route = uplink(0, 10)
    for _ in range(20):
        with trio.CancelScope() as scope:
            scope.cancel()
            await kernel.default_routes()
        assert await apply(kernel, Change.ADD, route) is None
        assert await kernel.default_routes() == (route,)
        assert await apply(kernel, Change.DELETE, route) is None
    assert kernel.discarded.not_from_kernel == 0


async def families_of_its_own(kernel: NetlinkKernel, interface: str) -> set[Family]:
    """Those of its addresses; without a global one it borrows that of another interface."""
    return {family_of(each) for each in (await kernel.link_state(interface)).addresses}


async def test_links_tell_what_is_usable(kernel: NetlinkKernel, ip: Ip) -> None:
    four, six = Family.IPV4, Family.IPV6
    for number in (0, 1):
        with trio.fail_after(60):
            while await families_of_its_own(kernel, f"eth{number}") != {four, six}:
                await kernel.changed()
    ip("addr del 198.51.100.2/25 dev eth0")
    assert (await kernel.link_state("eth0")).families == {six}
    ip("addr del 2001:db8:0::2/64 dev eth0")
    # Its link-local address remains, and eth1 has a global one that the kernel sends from.
    assert (await kernel.link_state("eth0")).families == {six}
    ip("addr del 2001:db8:1::2/64 dev eth1")
    assert (await kernel.link_state("eth0")).families == set()
    ip("link set isp0 down")
    state = await kernel.link_state("eth0")
    assert (state.present, state.up, state.carrier) == (True, True, False)
    ip("link set eth0 down")
    state = await kernel.link_state("eth0")
    assert (state.present, state.up, state.carrier) == (True, False, False)


@pytest.mark.parametrize("name", ["eth7", "a-name-longer-than-any", ""])
async def test_what_cannot_be_found_is_not_present(kernel: NetlinkKernel, name: str) -> None:
    state = await kernel.link_state(name)
    assert (state.present, state.connected, state.families) == (False, False, frozenset())


async def test_an_address_in_doubt_is_not_usable(
    kernel: NetlinkKernel, ip: Ip, sysctl: Sysctl
) -> None:
    for number in (0, 1):
        ip(f"addr del 2001:db8:{number}::2/64 dev eth{number}")
    sysctl("ipv6/conf/eth0/accept_dad", 1)
    sysctl("ipv6/conf/eth0/dad_transmits", 60)
    ip("addr add 2001:db8:0::2/64 dev eth0")
    assert Family.IPV6 not in (await kernel.link_state("eth0")).families


async def test_the_kernel_lends_a_global_source_to_a_link_with_none(
    kernel: NetlinkKernel, ip: Ip
) -> None:
    ip("addr del 2001:db8:0::2/64 dev eth0")
    assert await apply(kernel, Change.ADD, via("fe80::1", "eth0", 10)) is None
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        probe.connect(("2001:db8:ffff::1", 9))  # sends nothing
        assert probe.getsockname()[0] == "2001:db8:1::2"


async def test_an_ipv4_route_of_ours_may_lead_through_an_ipv6_gateway(
    kernel: NetlinkKernel,
) -> None:
    route = Route(Family.IPV4, "eth0", ip_address("fe80::99"), 10)
    assert await apply(kernel, Change.ADD, route) is None
    assert await kernel.default_routes() == (route,)
    assert await apply(kernel, Change.DELETE, route) is None
    assert await kernel.default_routes() == ()


@pytest.mark.parametrize("family", list(Family), ids=str)
@pytest.mark.parametrize("table", [MAIN_TABLE, 115])
async def test_to_read_ours_the_default_routes_of_others_are_not_parsed(
    kernel: NetlinkKernel, ip: Ip, monkeypatch: pytest.MonkeyPatch, family: Family, table: int
) -> None:
    ours = replace(uplink(0, 10, family), table=table)
    assert ours.gateway is not None
    kernel.follow([Uplink("it", "eth0", ours.gateway, 10, family)], [table])
    assert await apply(kernel, Change.ADD, ours) is None
    metrics = range(100, 130)
    ip(
        *(
            f"route add default via {ours.gateway} dev eth0 metric {m} table {table}"
            for m in metrics
        )
    )
    parsed = []
    parse = messages.default_route

    def counted(message: Message, **more: Any) -> object:
        parsed.append(message)
        return parse(message, **more)

    monkeypatch.setattr(messages, "default_route", counted)
    assert await kernel.default_routes(ours_only=True) == (ours,)
    assert len([m for m in parsed if m.kind == RTM_NEWROUTE]) == 1
    assert len(await kernel.default_routes()) == 1 + len(metrics)
