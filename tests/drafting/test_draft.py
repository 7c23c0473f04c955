"""The draft of a policy: what it makes of a machine, and what it says about that."""

from ipaddress import ip_address

import pytest

from route_switcher.core.vocabulary.routes import PROTOCOL, Route, RouteKind
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.drafting.draft import MAX_LINES, MAX_OFFERED, draft
from route_switcher.drafting.lines import metrics
from route_switcher.kernel.host.snapshot import HostSnapshot, Interface
from route_switcher.policy.load import load_text
from route_switcher.policy.problems import PolicyProblems
from support.hosts import (
    BOOT,
    BOTH,
    FIBRE,
    LTE,
    STATIC,
    nic,
    read,
    route,
    said,
    uncommented,
    uplinks,
)


def test_fibre_and_lte_become_two_uplinks_in_order_of_their_metrics() -> None:
    assert uplinks(BOTH) == [
        ("eth0", "eth0", "198.51.100.1", 10),
        ("wwan0", "wwan0", "198.51.100.129", 20),
    ]
    text = said(BOTH)
    assert (
        "order of preference in IPv4 is that of the metrics here: eth0 (100), wwan0 (700)" in text
    )
    assert not draft(BOTH).tasks


def test_the_text_names_the_routes_that_it_is_made_of() -> None:
    text = read(BOTH)[1]
    assert "  # default via 198.51.100.129 dev wwan0 metric 700 proto static\n  wwan0:\n" in text


def test_one_uplink_gets_a_second_as_a_comment_that_works_once_it_is_completed() -> None:
    laptop = HostSnapshot((nic("wlan0", "192.0.2.7/24"),), (route("wlan0", "192.0.2.1", 600),))
    drafted, text, policy = read(laptop)
    assert [u.name for u in policy.uplinks] == ["wlan0"]
    assert not drafted.template
    assert "  # second:\n  #   interface: '?'\n  #   gateway: ?\n  #   metric: 20\n" in text
    more = uncommented(text, second="192.0.2.129").replace("'?'", "usb0")
    assert [u.interface for u in load_text(more, "draft").uplinks] == ["wlan0", "usb0"]


def test_a_commented_uplink_that_is_not_completed_is_refused() -> None:
    text = read(HostSnapshot((FIBRE, LTE), BOTH.routes[:1]))[1]
    with pytest.raises(PolicyProblems):
        load_text(uncommented(text, wwan0="?"), "draft")


def test_an_interface_with_an_address_but_no_default_route_is_offered() -> None:
    host = HostSnapshot((FIBRE, LTE), BOTH.routes[:1])
    text = read(host)[1]
    assert "wwan0 is up with 198.51.100.130/25, and has no default route" in text
    completed = load_text(uncommented(text, wwan0="198.51.100.129"), "draft")
    assert completed == read(BOTH)[2]


@pytest.mark.parametrize(
    ("interface", "why"),
    [(nic("eth9", "192.0.2.9/24", up=False), "eth9 (down)"), (nic("eth9"), "eth9 (no address)")],
)
def test_idle_interfaces_are_named_and_not_offered(interface: Interface, why: str) -> None:
    host = HostSnapshot((*BOTH.interfaces, interface), BOTH.routes)
    assert why in said(host)
    assert "eth9:" not in read(host)[1]


def test_without_a_default_route_there_is_a_template_with_the_interfaces_that_there_are() -> None:
    drafted, text, policy = read(HostSnapshot((LTE,), ()))
    assert drafted.template
    assert text.splitlines()[1].startswith("# A TEMPLATE")
    assert [(u.name, u.interface) for u in policy.uplinks] == [
        ("primary", "wwan0"),
        ("secondary", "eth0"),
    ]
    assert "# Replace the gateway: it is made up.\n  primary:" in text
    assert "# Replace interface and gateway: both are made up.\n  secondary:" in text
    assert read(HostSnapshot((), ()))[0].template


def test_a_second_made_up_interface_is_not_the_one_that_is_there() -> None:
    for name, other in (("eth0", "eth1"), ("eth1", "eth0")):
        policy = read(HostSnapshot((nic(name, "192.0.2.2/24"),), ()))[2]
        assert [u.interface for u in policy.uplinks] == [name, other]


def test_ipv6_gateways_make_uplinks_of_their_own_with_targets_to_ask() -> None:
    host = HostSnapshot((FIBRE,), (BOTH.routes[0], route("eth0", "fe80::1", 1024)))
    policy = read(host)[2]
    assert uplinks(host) == [
        ("eth0", "eth0", "198.51.100.1", 10),
        ("eth0-v6", "eth0", "fe80::1", 10),
    ]
    for family in Family:
        assert len(policy.probes[0].targets_for(family)) == 2


@pytest.mark.parametrize("family", Family)
def test_only_the_families_in_use_are_probed(family: Family) -> None:
    gateway = {Family.IPV4: "192.0.2.1", Family.IPV6: "fe80::1"}[family]
    policy = read(HostSnapshot((FIBRE,), (route("eth0", gateway, 100),)))[2]
    assert policy.families == (family,)
    assert all(target.family is family for target in policy.probes[0].targets)


def test_several_default_routes_through_one_interface_make_one_uplink() -> None:
    host = HostSnapshot(
        (FIBRE,),
        (
            route("eth0", "198.51.100.1", 100),
            route("eth0", "198.51.100.1", 200),
            route("eth0", "198.51.100.3", 300),
        ),
    )
    assert uplinks(host) == [("eth0", "eth0", "198.51.100.1", 10)]
    assert "more than one IPv4 gateway, and an uplink has one; left out: 198.51.100.3" in said(host)


def test_a_multipath_route_gives_no_preference_and_that_is_said() -> None:
    host = HostSnapshot(
        BOTH.interfaces, tuple(route(r.interface, str(r.gateway), 50) for r in BOTH.routes)
    )
    assert [name for name, *_ in uplinks(host)] == ["eth0", "wwan0"]
    assert "Equal metrics" in said(host)


def test_routes_of_an_engine_keep_its_order_and_metrics() -> None:
    ours = (
        route("wwan0", "198.51.100.129", 60, PROTOCOL),
        *BOTH.routes,
        route("eth0", "198.51.100.1", 1050, PROTOCOL),
    )
    host = HostSnapshot(BOTH.interfaces, ours)
    assert uplinks(host) == [
        ("eth0", "eth0", "198.51.100.1", 50),
        ("wwan0", "wwan0", "198.51.100.129", 60),
    ]
    assert "An engine runs or ran here" in said(host)
    assert not draft(host).tasks


def test_an_uplink_that_the_engine_did_not_have_comes_behind_its() -> None:
    host = HostSnapshot(
        BOTH.interfaces,
        (route("eth0", "198.51.100.1", 5), route("wwan0", "198.51.100.129", 20, PROTOCOL)),
    )
    assert [name for name, *_ in uplinks(host)] == ["wwan0", "eth0"]


def test_a_foreign_route_that_beats_ours_is_told_with_the_remedy() -> None:
    host = HostSnapshot((FIBRE,), (route("eth0", "198.51.100.1", 0),))
    drafted, text, _ = read(host)
    command = "ip route del default via 198.51.100.1 dev eth0 metric 0 proto static"
    assert drafted.tasks[0].lines == (command,)
    assert f"\n#     {command}\n" in text
    assert "ipv4.route-metric 200" in said(host)
    by_hand = HostSnapshot((FIBRE,), (route("eth0", "198.51.100.1", 50, BOOT),))
    assert "set by hand or by ifupdown" in said(by_hand)


def test_what_stops_packets_is_told_without_the_way_to_set_metrics() -> None:
    dead_end = route("", None, 500, STATIC, kind=RouteKind.UNREACHABLE)
    host = HostSnapshot(BOTH.interfaces, (*BOTH.routes, dead_end))
    assert "probes of a demoted uplink stop at it" in said(host)
    assert "route-metric" not in said(host)


def test_metrics_go_below_foreign_ones_where_there_is_room() -> None:
    low = HostSnapshot(
        BOTH.interfaces,
        tuple(route(r.interface, str(r.gateway), 5 + i) for i, r in enumerate(BOTH.routes)),
    )
    assert [metric for *_, metric in uplinks(low)] == [1, 2]
    assert not draft(low).tasks


def test_a_strict_reverse_path_filter_matters_once_there_is_a_standby() -> None:
    strict = nic("eth0", "198.51.100.2/25", strict=True)
    alone = HostSnapshot((strict,), BOTH.routes[:1])
    assert "reverse path filter" not in said(alone)
    for host in (
        HostSnapshot((strict, LTE), BOTH.routes),
        HostSnapshot((strict, LTE), BOTH.routes[:1]),
    ):
        assert "strict on eth0" in said(host)
        assert "sysctl -w net.ipv4.conf.eth0.rp_filter=2" in said(host)


def test_an_interface_with_a_peer_has_it_for_a_gateway() -> None:
    ppp = nic("ppp0", "192.0.2.7/32", peer="198.51.100.1")
    host = HostSnapshot((ppp,), (route("ppp0", None, 100),))
    assert uplinks(host) == [("ppp0", "ppp0", "198.51.100.1", 10)]
    assert "other end of a point-to-point link" in said(host)


def test_a_default_route_without_a_gateway_is_offered_to_be_completed() -> None:
    host = HostSnapshot((FIBRE, LTE), (BOTH.routes[0], route("wwan0", None, 700)))
    text = read(host)[1]
    assert "  # default dev wwan0 metric 700 proto static\n  # Without a gateway" in text
    completed = load_text(uncommented(text, wwan0="198.51.100.129"), "draft")
    assert completed == read(BOTH)[2]


@pytest.mark.parametrize(
    ("impossible", "why"),
    [
        (route("", "192.0.2.1", 5), "the kernel names no interface"),
        (route("et h9", "192.0.2.1", 5), "cannot have the name"),
        (route("eth\udc80", "192.0.2.1", 5), "cannot have the name"),
        (Route(Family.IPV4, "eth9", ip_address("fe80::1"), 5, BOOT), "is not of IPv4"),
        (route("eth9", "127.0.0.1", 5), "a loopback address"),
    ],
)
def test_a_route_that_a_policy_cannot_have_is_named(impossible: Route, why: str) -> None:
    host = HostSnapshot(BOTH.interfaces, (impossible, *BOTH.routes))
    assert why in said(host)
    assert [name for name, *_ in uplinks(host)] == ["eth0", "wwan0"]


@pytest.mark.parametrize(
    ("interface", "name"),
    [
        ("eth0.100", "eth0.100"),
        ("_wan", "wan"),
        ("wan@isp", "wan-isp"),
        ("日本", "uplink"),
        ("1", "1"),
        ("no", "no"),
        ("null", "null"),
        ("it's", "it-s"),
        ("{a,b}", "a-b"),
    ],
)
def test_names_are_made_of_interfaces_that_have_no_usable_one(interface: str, name: str) -> None:
    host = HostSnapshot((nic(interface, "192.0.2.2/24"),), (route(interface, "192.0.2.1", 100),))
    assert uplinks(host) == [(name, interface, "192.0.2.1", 10)]


def test_names_that_become_equal_are_told_apart() -> None:
    host = HostSnapshot((), (route("a@b", "192.0.2.1", 100), route("a!b", "192.0.2.129", 200)))
    assert [name for name, *_ in uplinks(host)] == ["a-b", "a-b-2"]


def test_a_router_with_too_many_lines_gets_the_first_and_is_told_so() -> None:
    many = HostSnapshot(
        tuple(nic(f"br{n}", f"203.0.113.{n}/32") for n in range(20)),
        tuple(route(f"eth{n}", "192.0.2.1", 100 + n) for n in range(40)),
    )
    _, text, policy = read(many)
    assert len(policy.uplinks) == MAX_LINES
    assert text.count("has no default route.") == MAX_OFFERED
    assert "left out: eth16, eth17" in said(many)


def test_every_ipv6_metric_is_clear_of_router_advertisements() -> None:
    assert 24 not in metrics(Family.IPV6, [None] * 30, 0, [31])
    assert 24 in metrics(Family.IPV4, [None] * 30, 0, [31])
    assert metrics(Family.IPV6, [24, 30], 0, []) == [10, 20]
    assert metrics(Family.IPV4, [24, 30], 1, []) == [24, 30, 40]


@pytest.mark.parametrize("own", [[20, 10], [10, 10], [10, 1010], [10, None]])
def test_metrics_of_an_engine_that_are_no_policys_are_replaced(own: list[int | None]) -> None:
    assert metrics(Family.IPV4, own, 0, []) == [10, 20]


def test_the_first_line_tells_an_editor_where_the_schema_is() -> None:
    text = read(BOTH)[1]
    assert text.startswith("# yaml-language-server: $schema=./policy.schema.json\n")
    assert "`route-switcher schema >" in text
