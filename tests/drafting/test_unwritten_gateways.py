"""Drafts for lines whose gateway nobody can write down: DHCP, router advertisements, PPP."""

from ipaddress import ip_address

from route_switcher.core.vocabulary.uplinks import Family, GatewayMode
from route_switcher.drafting.draft import draft
from route_switcher.kernel.host.snapshot import HostSnapshot
from route_switcher.policy.load import load_text
from support.hosts import BOOT, DHCP, FIBRE, LTE, RA, STATIC, nic, read, route, said

AUTO, NONE = GatewayMode.AUTO, GatewayMode.NONE
V4, V6 = Family.IPV4, Family.IPV6


def gateways(host: HostSnapshot) -> list[tuple[str, Family, object, int]]:
    return [(u.name, u.family, u.gateway, u.metric) for u in read(host)[2].uplinks]


def test_lines_by_dhcp_are_learned_and_have_a_table_of_our_own() -> None:
    host = HostSnapshot(
        (FIBRE, LTE),
        (
            route("eth0", "198.51.100.1", 100, DHCP),
            route("wwan0", "198.51.100.129", 700, DHCP),
        ),
    )
    assert gateways(host) == [("eth0", V4, AUTO, 10), ("wwan0", V4, AUTO, 20)]
    assert read(host)[2].placement.own
    assert "The gateway 198.51.100.1 of eth0 came by DHCP, so it is not written (auto)" in said(
        host
    )
    assert "  gateway: auto\n" in read(host)[1]


def test_no_route_of_others_is_in_the_way_of_a_table_of_our_own() -> None:
    host = HostSnapshot((FIBRE,), (route("eth0", "198.51.100.1", 5, DHCP),))
    assert not draft(host).tasks
    assert gateways(host) == [("eth0", V4, AUTO, 10)]


def test_a_client_of_metric_0_leads_to_the_hooks_and_the_second_line_to_one_comment() -> None:
    host = HostSnapshot((FIBRE, LTE), (route("eth0", "198.51.100.1", 0, BOOT),))
    assert gateways(host) == [("eth0", V4, AUTO, 10)]
    words = said(host)
    assert "a second DHCP client's route with metric 0 is refused" in words
    assert "install -m 755 examples/dhcp-clients/lease-route /usr/local/sbin/" in words
    assert "If you have set that route by hand, write the gateway." in words
    text = read(host)[1]
    assert "its default route was refused" in " ".join(text.replace("#", "").split())
    lines = "  # wwan0:\n  #   interface: wwan0\n  #   gateway: auto\n  #   metric: 20\n"
    assert lines in text
    completed = load_text(text.replace(lines, lines.replace("# ", "")), "draft")
    assert [(u.name, u.gateway) for u in completed.uplinks] == [("eth0", AUTO), ("wwan0", AUTO)]


def test_what_the_hooks_wrote_makes_an_uplink_of_each_line() -> None:
    host = HostSnapshot(
        (FIBRE, LTE),
        (route("eth0", "198.51.100.1", 0, BOOT),),
        (route("eth0", "198.51.100.1", 32, DHCP), route("wwan0", "198.51.100.129", 48, DHCP)),
    )
    assert gateways(host) == [("eth0", V4, AUTO, 10), ("wwan0", V4, AUTO, 20)]
    assert "install" not in said(host)


def test_a_route_by_hand_with_a_metric_is_written() -> None:
    host = HostSnapshot((FIBRE,), (route("eth0", "198.51.100.1", 50, BOOT),))
    assert gateways(host) == [("eth0", V4, ip_address("198.51.100.1"), 10)]
    assert not read(host)[2].placement.own


def test_a_point_to_point_link_without_a_gateway_needs_none() -> None:
    ppp = nic("ppp0", "192.0.2.7/32", peer="198.51.100.1", point_to_point=True)
    host = HostSnapshot((FIBRE, ppp), (route("eth0", "198.51.100.1", 5), route("ppp0", None, 100)))
    assert gateways(host) == [
        ("eth0", V4, ip_address("198.51.100.1"), 10),
        ("ppp0", V4, NONE, 20),
    ]
    assert "ppp0 is a point-to-point link, and needs no gateway (none)" in said(host)
    assert "gateway: none\n" in read(host)[1]


def test_a_point_to_point_link_without_a_route_is_offered_without_a_gateway() -> None:
    tun = nic("tun0", "203.0.113.10/32", peer="203.0.113.1", point_to_point=True)
    for metric in (0, 100):
        host = HostSnapshot((FIBRE, tun), (route("eth0", "198.51.100.1", metric, BOOT),))
        assert "  # tun0:\n  #   interface: tun0\n  #   gateway: none\n" in read(host)[1]


def test_a_draft_fits_the_screen_and_names_no_hooks_that_are_not_there() -> None:
    lan = nic("lan0", "198.51.100.129/26")
    host = HostSnapshot(
        (FIBRE, lan),
        (route("eth0", "198.51.100.1", 0, BOOT),),
        (route("eth0", "198.51.100.1", 32, DHCP),),
    )
    text = read(host)[1]
    assert max(map(len, text.splitlines())) <= 80
    assert "above" not in text


def test_both_families_of_an_interface_become_one_uplink() -> None:
    host = HostSnapshot(
        (FIBRE, LTE),
        (
            route("eth0", "198.51.100.1", 100, DHCP),
            route("wwan0", "198.51.100.129", 700, DHCP),
            route("eth0", "fe80::1", 1024, RA),
        ),
    )
    drafted, text, policy = read(host)
    assert policy.uplinks == drafted.uplinks
    assert gateways(host) == [
        ("eth0", V4, AUTO, 10),
        ("eth0", V6, AUTO, 10),
        ("wwan0", V4, AUTO, 20),
    ]
    assert "  families: [ipv4, ipv6]\n" in text
    assert "default via fe80::1 dev eth0 metric 1024 proto ra" in text


def test_a_written_gateway_and_a_router_that_advertises_itself_are_one_uplink() -> None:
    host = HostSnapshot(
        (FIBRE,),
        (route("eth0", "198.51.100.1", 100, STATIC), route("eth0", "fe80::1", 1024, RA)),
    )
    assert gateways(host) == [("eth0", V4, ip_address("198.51.100.1"), 10), ("eth0", V6, AUTO, 10)]
    assert "  gateway:\n      ipv4: 198.51.100.1\n      ipv6: auto\n" in read(host)[1]


def test_ipv6_alone_says_its_family() -> None:
    host = HostSnapshot((FIBRE,), (route("eth0", "fe80::1", 1024, RA),))
    assert gateways(host) == [("eth0-v6", V6, AUTO, 10)]
    assert "  families: [ipv6]\n" in read(host)[1]


def test_families_with_another_order_of_preference_stay_apart() -> None:
    host = HostSnapshot(
        (FIBRE, LTE),
        (
            route("eth0", "198.51.100.1", 100, DHCP),
            route("wwan0", "198.51.100.129", 700, DHCP),
            route("wwan0", "fe80::2", 100, RA),
            route("eth0", "fe80::1", 1024, RA),
        ),
    )
    assert [(name, family) for name, family, *_ in gateways(host)] == [
        ("eth0", V4),
        ("wwan0", V4),
        ("wwan0-v6", V6),
        ("eth0-v6", V6),
    ]


def test_a_line_of_ipv6_alone_comes_behind_those_of_both() -> None:
    host = HostSnapshot(
        (FIBRE, LTE),
        (
            route("eth0", "198.51.100.1", 100, DHCP),
            route("eth0", "fe80::1", 1024, RA),
            route("wwan0", "fe80::2", 1025, RA),
        ),
    )
    assert [each[0] for each in gateways(host)] == ["eth0", "eth0", "wwan0-v6"]
