"""Rows about what only a person may remove: the log names it once, with a command that does it."""

import re
from collections.abc import Iterable

from faults.acts import router
from faults.bench import Bench, wait_until
from faults.policy import Settings, preferred
from faults.row import A_MOMENT, Act, Row, Step
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER
from support.tables import our_routes

_HOP = "default via 2001:db8:2::1 dev eth1 metric 10"

_TWO_HOPS = "nexthop via 198.51.100.1 dev eth0 nexthop via 203.0.113.1 dev eth1"


def _follow(bench: Bench, message: str) -> None:
    """Run the command that the message ends with."""
    found = re.search(r"ip (?:-6 )?route (?:del|flush) .*$", message)
    assert found, message
    bench.lab.run(ROUTER, "sh", "-c", found[0])


def _restart_without_ipv6(bench: Bench) -> None:
    bench.change_policy(families=(Family.IPV4,))
    bench.restart()


def _remove_left_over_routes(bench: Bench) -> None:
    told = bench.engine.wait_for("notice", "IPv6 has no uplink any more", since=0)
    assert our_routes(bench.lab, Family.IPV6) == preferred(bench.lab, bench.settings)
    _follow(bench, told.message)
    wait_until(lambda: not our_routes(bench.lab, Family.IPV6), "no IPv6 routes of ours")


def _append_a_hop(bench: Bench) -> None:
    """The kernel makes one route of ours and the hop, and shows the hop as ours."""
    since = bench.engine.now
    bench.lab.run(ROUTER, "ip", "-6", "route", "append", *_HOP.split())
    told = bench.engine.wait_for("notice", f"refused by the kernel: delete {_HOP}", since=since)
    assert not [each for each in bench.engine.said("routes", since) if "delete" in each.message]
    _follow(bench, told.message)


def _put_in_the_way(routes: Iterable[str]) -> Act:
    """Each of these in turn is added, named by the log once, and removed by its command."""

    def act(bench: Bench) -> None:
        for route in routes:
            since = bench.engine.now
            router(f"route add {route}")(bench)
            told = bench.engine.wait_for("notice", "foreign route in the way", since=since)
            _follow(bench, told.message)
            bench.engine.wait_for("notice", "foreign route out of the way", since=since)
            all_told = [each.message for each in bench.engine.said("notice", since)]
            assert len([each for each in all_told if "in the way" in each]) == 1

    return act


def _nexthop_objects(bench: Bench) -> None:
    router(
        "nexthop add id 70 via 198.51.100.1 dev eth0",
        "nexthop add id 71 via 203.0.113.1 dev eth1",
        "nexthop add id 72 group 70/71",
    )(bench)


ROWS_REMEDIES = (
    Row(
        "IPv6 left the policy before a restart",
        Step(
            _remove_left_over_routes,
            "its routes are named, with a command that removes them",
            path=("eth0",),
            lost=A_MOMENT,
        ),
        before=_restart_without_ipv6,
        settings=Settings(families=(Family.IPV4, Family.IPV6)),
    ),
    Row(
        "a hop appended to our IPv6 route",
        Step(
            _append_a_hop,
            "stays; the hop is named, with a command that removes it",
            lost=A_MOMENT,
        ),
        settings=Settings(families=(Family.IPV6,)),
    ),
    Row(
        "foreign defaults: `throw`, through nexthop objects, with several hops",
        Step(
            _put_in_the_way(
                (
                    "throw default metric 500",
                    "default metric 5 nhid 70",
                    "default metric 5 nhid 72",
                    f"default metric 5 {_TWO_HOPS}",
                )
            ),
            "stays; each is named once, with a command that removes it",
            lost=500,
        ),
        before=_nexthop_objects,
    ),
)
