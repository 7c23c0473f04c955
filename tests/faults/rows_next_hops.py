"""Rows about next hops that the kernel tells of: by DHCP, by router advertisement, by device."""

from dataclasses import replace

from faults import acts_next_hops as acts
from faults.acts import comes, goes
from faults.lines import ADVERTISED, BY_NETWORKD, LEASED, TUNNEL_AND_WRITTEN, TWIN_MODEMS
from faults.policy import Settings
from faults.row import A_MOMENT, ALONE, FAILED_OVER, Act, Row, Step
from faults.rows_names import name_the_interfaces
from route_switcher.core.vocabulary.uplinks import Family

_BY_DHCP = Settings(lines=LEASED)
_BY_RA = Settings(lines=ADVERTISED, families=(Family.IPV6,))
_BY_TUN = Settings(lines=TUNNEL_AND_WRITTEN)


def _stays(act: Act, then: str = "stays") -> Step:
    return Step(act, then, path=("eth0",), lost=A_MOMENT)


def _moves(act: Act, then: str = "moves to secondary", lost: int = A_MOMENT) -> Step:
    return Step(act, then, moves=("secondary",), taken="eth1", routes=FAILED_OVER, lost=lost)


def _returns(act: Act) -> Step:
    return Step(act, "back", moves=("primary",), lost=A_MOMENT)


ROWS_NEXT_HOPS = (
    Row(
        f"DHCP: {acts.RENEWALS} renewals, each with another router",
        _stays(acts.renew_again_and_again, "stays; our route follows"),
        settings=_BY_DHCP,
    ),
    Row(
        "DHCP: lease lost",
        replace(_moves(acts.lose_the_lease), routes=ALONE),
        _returns(acts.lease_again),
        settings=_BY_DHCP,
    ),
    Row(
        "DHCP: lease without a router",
        _moves(acts.renew(), "moves to secondary after a second"),
        _returns(acts.renew(0)),
        settings=_BY_DHCP,
    ),
    Row(
        "DHCP: the client deletes and re-adds its route, 10 times",
        _stays(acts.delete_and_add_the_clients_routes),
        settings=_BY_DHCP,
    ),
    Row(
        "DHCP: renumbered, the old address refused",
        Step(
            acts.lease_another_network,
            "moves to secondary, and back by the new router",
            moves=("secondary", "primary"),
            lost=A_MOMENT,
        ),
        settings=_BY_DHCP,
    ),
    Row(
        "DHCP by systemd-networkd, which restarts and removes our routes and rules",
        Step(
            acts.restart_networkd,
            "put back within a second",
            says=(("gone", "our route was taken away"),),
            lost=1000,
        ),
        settings=Settings(lines=BY_NETWORKD),
    ),
    Row(
        "DHCP: two modems that give one address and one gateway, blackhole beyond one",
        _moves(comes("blackhole"), lost=1500),
        _returns(goes("blackhole")),
        settings=replace(_BY_DHCP, lines=TWIN_MODEMS),
    ),
    Row(
        "DHCP: interfaces named by altnames, renewal with another router, then carrier loss",
        _stays(acts.renew(1), "stays; our route follows"),
        _moves(comes("carrier"), lost=500),
        prepare=lambda lab: name_the_interfaces(lab, 0, 1),
        settings=replace(_BY_DHCP, altnames=True),
    ),
    Row(
        "IPv6: router lifetime 0",
        replace(
            _moves(acts.advertise(lifetime=0), "moves to secondary after a second"), routes=ALONE
        ),
        _returns(acts.advertise()),
        settings=_BY_RA,
    ),
    Row(
        "IPv6: the router's advertisement expires",
        replace(
            _moves(acts.let_the_advertisement_expire, "moves to secondary a second later"),
            routes=ALONE,
        ),
        _returns(acts.advertise()),
        settings=_BY_RA,
    ),
    Row(
        "IPv6: prefix deprecated, then the router's lifetime is 0",
        replace(
            _moves(
                acts.advertise(deprecated=True, lifetime=0), "moves to secondary after a second"
            ),
            routes=ALONE,
        ),
        _returns(acts.advertise()),
        before=acts.advertise(deprecated=True),
        settings=_BY_RA,
    ),
    Row(
        "IPv6: two routers on one line, the one in use forwards nothing",
        Step(
            acts.lose_the_router_in_use,
            "moves to secondary, and back by the other router",
            moves=("secondary", "primary"),
            lost=1500,
        ),
        _stays(acts.mend_the_first_router, "stays with the other"),
        before=acts.add_a_second_router,
        settings=_BY_RA,
    ),
    Row(
        "IPv6: prefix deprecated, then another one advertised",
        _stays(acts.advertise(deprecated=True)),
        _stays(acts.advertise_another_prefix),
        settings=_BY_RA,
    ),
    Row(
        "tun without a gateway: the peer is lost",
        Step(
            acts.lose_the_peer,
            "moves to secondary at once",
            moves=("secondary",),
            taken="eth1",
            routes=frozenset({("tun0", 1010), ("eth1", 20)}),
            lost=500,
        ),
        Step(
            acts.find_the_peer,
            "back",
            moves=("primary",),
            taken="tun0",
            routes=frozenset({("tun0", 10), ("eth1", 20)}),
            lost=A_MOMENT,
        ),
        settings=_BY_TUN,
    ),
)
