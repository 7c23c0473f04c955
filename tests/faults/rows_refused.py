"""Rows about what the kernel refuses, and about metrics that others hold."""

import time

from faults.acts import comes, cut, goes, router
from faults.bench import Bench, wait_until
from faults.row import A_MOMENT, FAILED_OVER, PREFERRED, Act, Row, Step
from route_switcher.lab.addresses import ROUTER
from support.tables import our_routes

_DETECTED = 1500
"""As in `rows`."""

_NEXTHOP_ROUTE = (
    "nexthop add id 7 via 198.51.100.1 dev eth0",
    "route replace default nhid 7 metric 10 proto static",
)
_ASKED_AGAIN = 60.0
"""Seconds; the engine asks after 30."""


def _replaced(route: str) -> Act:
    """Somebody puts this route in the place of ours, and the engine knows it."""
    metric = route.partition(" metric ")[2].split()[0]

    def act(bench: Bench) -> None:
        since = bench.engine.now
        router(f"route replace {route}")(bench)
        bench.engine.wait_for("notice", f"metric {metric} is held by a foreign route", since=since)

    return act


def _single_address(bench: Bench) -> None:
    """The primary's provider gives one address; the gateway is in no network of eth0."""
    eth0 = bench.lab.uplinks[0]
    router(
        f"address add {eth0.address.ip}/32 dev eth0",
        f"address del {eth0.address} dev eth0",
        f"route add default via {eth0.gateway} dev eth0 onlink metric 901 proto static",
    )(bench)


def _nothing_can_be_added(bench: Bench) -> None:
    """Both uplinks fail meanwhile, and the standby should be demoted. The kernel finds no gateway
    for a new route; what probes send still goes its way, and is lost beyond."""
    since, uplinks = bench.engine.now, bench.lab.uplinks
    rules = [f"unreachable to {uplink.gateway} priority 90" for uplink in uplinks]
    router(*(f"rule add {rule}" for rule in rules))(bench)
    cut(*(uplink.name for uplink in uplinks))(bench)
    for uplink in uplinks:
        bench.engine.wait_for("rule", since=since, uplink=uplink.name, after="failed")
    bench.engine.wait_for("notice", "refused by the kernel", since=since)
    assert our_routes(bench.lab) == PREFERRED
    router(*(f"rule del {rule}" for rule in rules))(bench)
    cut()(bench)
    bench.engine.wait_for_health("primary", "secondary")


def _comes_and_goes(route: str) -> Act:
    def act(bench: Bench) -> None:
        for _ in range(10):
            router(f"route replace {route}")(bench)
            time.sleep(0.3)
            router(f"route del {route}")(bench)
            time.sleep(0.3)

    return act


def _goes_in_silence(bench: Bench) -> None:
    """The kernel drops a route with its nexthop object, and says nothing of the route."""
    bench.lab.run(ROUTER, "ip", "nexthop", "del", "id", "7")
    wait_until(lambda: our_routes(bench.lab) == PREFERRED, "our routes", _ASKED_AGAIN)


ROWS_REFUSED = (
    Row(
        "foreign route at the standby's metric, then a blackhole",
        Step(
            comes("blackhole"),
            "moves to secondary, which stands demoted before the primary",
            moves=("secondary",),
            taken="eth1",
            path=("eth0", "eth1"),
            routes=frozenset({("eth0", 2010), ("eth1", 1020)}),
            lost=_DETECTED,
        ),
        Step(
            goes("blackhole"),
            "back",
            moves=("primary",),
            path=("eth1", "eth0"),
            routes=frozenset({("eth0", 10), ("eth1", 1020)}),
            lost=A_MOMENT,
        ),
        before=_replaced("default via 203.0.113.1 dev eth1 metric 20 proto dhcp"),
    ),
    Row(
        "foreign route at our metric, through the same gateway",
        Step(
            _replaced("default via 198.51.100.1 dev eth0 metric 10 proto dhcp"),
            "stays, demoted behind it",
            routes=frozenset({("eth0", 1010), ("eth1", 1020)}),
            lost=A_MOMENT,
        ),
        Step(
            router("route del default via 198.51.100.1 dev eth0 metric 10 proto dhcp"),
            "stays, and has its metric again after 5 s",
            lost=A_MOMENT,
        ),
    ),
    Row(
        "foreign route at our metric comes and goes, ten times",
        Step(
            _comes_and_goes("default via 203.0.113.1 dev eth1 metric 10 proto dhcp"),
            "stays; traffic follows the kernel",
            lost=None,
        ),
    ),
    Row(
        "foreign route through a nexthop object, which is deleted",
        Step(
            router(*_NEXTHOP_ROUTE),
            # The kernel ends a look-up for another interface at such a route.
            "stays, demoted behind it; the standby is not asked, since no probe passes it",
            routes=frozenset({("eth0", 1010), ("eth1", 1020)}),
            lost=A_MOMENT,
        ),
        Step(_goes_in_silence, "has its metric again within 30 s", lost=A_MOMENT),
    ),
    Row(
        "gateway outside the network of the interface (`onlink`), then a blackhole",
        Step(
            comes("blackhole"),
            "moves to secondary",
            moves=("secondary",),
            taken="eth1",
            path=("eth0", "eth1"),
            routes=FAILED_OVER,
            lost=_DETECTED,
        ),
        Step(
            goes("blackhole"),
            "back",
            moves=("primary",),
            path=("eth1", "eth0"),
            lost=A_MOMENT,
        ),
        before=_single_address,
    ),
    Row(
        "for a while no route can be added, and nothing answers",
        Step(
            _nothing_can_be_added,
            "the standby keeps its route; primary in the end",
            moves=None,  # which answers first is left to chance
        ),
        Step(
            comes("blackhole"),
            "moves to secondary",
            moves=("secondary",),
            taken="eth1",
            routes=frozenset({("eth0", 1010), ("eth1", 20)}),
            path=("eth0", "eth1"),
            lost=_DETECTED,
        ),
    ),
)
