"""What is done to lines whose next hop the policy does not write."""

from ipaddress import IPv4Address, IPv4Interface, IPv6Network

from faults.acts import router
from faults.bench import Bench, wait_until
from faults.lines import LeasedTo
from faults.row import Act
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import CUSTOMER_PORT, INTERNET
from support.advertised_line import AdvertisedLine, second_router
from support.dhcp_server import Lease
from support.leased_line import lease
from support.route_writers import LEASES, default_routes
from support.tables import rules
from support.tunnel_line import TunnelLine
from support.written_writers import Written

RENEWALS = 6
SHORTEST_LEASE = 16
"""Seconds; udhcpc takes less for this."""
_MOVED = IPv6Network("2001:db8:1:1::/64")
_OTHER_LINE = IPv4Interface("198.51.100.65/26")
_FIRST_ROUTER_DEAD = f"""
table inet routers {{
  chain forward {{ type filter hook forward priority filter; iifname {CUSTOMER_PORT} drop; }}
}}
"""


def leased(bench: Bench) -> LeasedTo:
    """The primary, by DHCP."""
    line = bench.lines[0]
    assert isinstance(line, LeasedTo)
    return line


def advertised(bench: Bench) -> AdvertisedLine:
    """The primary, by router advertisement."""
    line = bench.lines[0]
    assert isinstance(line, AdvertisedLine)
    return line


def tunnel(bench: Bench) -> TunnelLine:
    """The primary, by tun."""
    line = bench.lines[0]
    assert isinstance(line, TunnelLine)
    return line


def gateway_in_use(bench: Bench) -> str:
    """Where our route by the primary leads; empty: there is none."""
    interface = bench.lab.uplinks[0].interface
    routes = default_routes(bench.lab, bench.settings.table, bench.family)
    return next((each.gateway for each in routes if each.interface == interface), "")


def renew(*routers: int) -> Act:
    """The lease is renewed, and names these of the line's two routers."""

    def act(bench: Bench) -> None:
        primary = leased(bench)
        both = (primary.line.gateway, primary.line.other)
        _renew(primary, lease(primary.line.uplink, *(both[number] for number in routers)))
        if routers:
            _await_gateway(bench, both[routers[0]])

    return act


def renew_again_and_again(bench: Bench) -> None:
    """Each renewal names the other router."""
    for number in range(RENEWALS):
        renew((number + 1) % 2)(bench)


def lose_the_lease(bench: Bench) -> None:
    """The server falls silent, and the lease, which is as short as can be, ends."""
    primary = leased(bench)
    uplink = primary.line.uplink
    _renew(primary, lease(uplink, primary.line.gateway, seconds=SHORTEST_LEASE, renew_after=8))
    primary.line.server.lease = None
    wait_until(lambda: "lease lost" in primary.client.said(), "the lease to end")


def lease_again(bench: Bench) -> None:
    """The server answers again."""
    primary = leased(bench)
    primary.line.server.lease = lease(primary.line.uplink, primary.line.gateway)


def delete_and_add_the_clients_routes(bench: Bench) -> None:
    """Ten times, in its own table and in that of the hook."""
    shown = bench.lab.run
    lines = [
        f"{words.strip()} table {table}"
        for table in ("main", str(LEASES))
        for words in shown(
            "router", "ip", "route", "show", "default", "dev", "eth0", "table", table
        ).splitlines()
    ]
    for _ in range(10):
        # By one program: the engine waits a second for a new route, and another may start late.
        router(*(f"route {c} {line} dev eth0" for c in ("del", "add") for line in lines))(bench)


def lease_another_network(bench: Bench) -> None:
    """The server refuses the renewal, and gives an address and a router of another network."""
    primary = leased(bench)
    uplink = primary.line.uplink
    run = bench.lab.run
    run(INTERNET, "ip", "route", "add", str(_OTHER_LINE.network), "via", str(uplink.backbone.ip))
    run(uplink.name, "ip", "address", "add", str(_OTHER_LINE), "dev", CUSTOMER_PORT)
    own = IPv4Interface((_OTHER_LINE.ip + 9, _OTHER_LINE.network.prefixlen))
    _renew(primary, Lease(own, (_OTHER_LINE.ip,)))
    _await_gateway(bench, _OTHER_LINE.ip)


def advertise(**words: object) -> Act:
    """The primary's router advertises this from now on."""
    return lambda bench: advertised(bench).advertise(**words)  # type: ignore[arg-type]


def let_the_advertisement_expire(bench: Bench) -> None:
    """The router's lifetime is the shortest, and nothing follows."""
    line = advertised(bench)
    line.advertise(lifetime=4)
    line.fall_silent()


def advertise_another_prefix(bench: Bench) -> None:
    """The ISP renumbers: the old prefix is deprecated, a new one is there."""
    line = advertised(bench)
    uplink, run = line.uplink, bench.lab.run
    run(INTERNET, "ip", "-6", "route", "add", str(_MOVED), "via", str(uplink.backbone_v6.ip))
    run(uplink.name, "ip", "address", "add", f"{_MOVED[1]}/64", "dev", CUSTOMER_PORT, "nodad")
    line.advertise(deprecated=True)
    line.advertise(prefix=_MOVED)


def add_a_second_router(bench: Bench) -> None:
    """It advertises itself on the primary's line, beside the first."""
    second_router(advertised(bench)).advertise()
    wait_until(lambda: len(_heard(bench)) == 2, "two routers")


def lose_the_router_in_use(bench: Bench) -> None:
    """It is there, and forwards nothing; the second does."""
    assert gateway_in_use(bench) == advertised(bench).gateway
    bench.lab.run(bench.lab.uplinks[0].name, "nft", "-f", "-", given=_FIRST_ROUTER_DEAD)


def mend_the_first_router(bench: Bench) -> None:
    """It forwards again; that is no reason to return to it."""
    bench.lab.run(bench.lab.uplinks[0].name, "nft", "delete", "table", "inet", "routers")
    assert gateway_in_use(bench) != advertised(bench).gateway


def lose_the_peer(bench: Bench) -> None:
    """The program that holds the tun device ends."""
    tunnel(bench).lose_the_peer()


def find_the_peer(bench: Bench) -> None:
    """It is there again."""
    tunnel(bench).join()


def restart_networkd(bench: Bench) -> None:
    """It removes our routes and rules, and takes its addresses away until it has a lease again."""
    (networkd,) = bench.lines
    assert isinstance(networkd, Written)
    before, since = rules(bench.lab), bench.engine.now
    networkd.restart()
    wait_until(lambda: bool(bench.engine.said("routing-rule-gone", since)), "the loss of rules")
    wait_until(lambda: rules(bench.lab) == before, "our rules again")


def _renew(primary: LeasedTo, given: Lease) -> None:
    primary.line.server.lease = given
    primary.client.renew()


def _await_gateway(bench: Bench, gateway: IPv4Address) -> None:
    wait_until(lambda: gateway_in_use(bench) == str(gateway), f"our route by {gateway}")


def _heard(bench: Bench) -> list[str]:
    routes = default_routes(bench.lab, family=Family.IPV6)
    return [each.gateway for each in routes if each.interface == bench.lab.uplinks[0].interface]
