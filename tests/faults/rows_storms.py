"""Rows about storms of kernel news."""

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from faults import acts
from faults.acts import comes, goes, router
from faults.bench import Bench, wait_until
from faults.policy import Settings
from faults.row import A_MOMENT, FAILED_OVER, Act, Row, Step
from route_switcher.lab.addresses import CUSTOMER_PORT, LAN_CLIENT, ROUTER

_IN_TIME = 900
"""Packets: up to an interval, two more and a timeout, and half a second."""

_LATE = 2500
"""Packets: each of our routes is read, and thousands take long where others need the cores too."""

_BEFORE_OTHERS = 100
"""Packets: to read our routes takes a moment, to read a table of 100,000 more than twice that."""

_BEFORE_PARSING = 500
"""Packets: to parse 5,000 routes takes longer, on an idle machine too. To put ours back takes 120
to 360 there; the journal's thread may be writing the table at the same time."""

_LONGEST = "300"
"""Seconds after which a storm ends by itself."""

_FOREIGN = 100_000
_PAIRS = 60
_SURPLUS = 2_000
_DEFAULT_ROUTES = 5_000
_LEAD = 4.0
"""Seconds that a storm goes on before the line is cut: what queued would be long by then."""

_AWAY = Step(
    comes("blackhole"),
    "moves to secondary in time",
    moves=("secondary",),
    taken="eth1",
    routes=FAILED_OVER,
    lost=_IN_TIME,
)
_BACK = Step(goes("blackhole"), "back", moves=("primary",), lost=None)


def _storm(namespace: str, name: str, lines: Iterable[str], pause: float) -> Act:
    """These `ip` commands in turn, and again after so many seconds, until the end."""

    def act(bench: Bench) -> None:
        batch = Path(bench.policy_file.parent, name)
        batch.write_text("".join(f"{line}\n" for line in lines))
        loop = f"while ip -force -batch {batch} 2>/dev/null; do sleep {pause}; done"
        process = bench.lab.start(namespace, ["timeout", _LONGEST, "sh", "-c", loop])
        time.sleep(_LEAD)
        assert process.poll() is None

    return act


def _pairs() -> Iterator[str]:
    for number in range(_PAIRS):
        yield f"link add storm{number} type veth peer name storm{number}p"
        yield f"link set storm{number} up"
        yield f"link set storm{number}p up"
        yield f"address add 203.0.113.{number + 100}/32 dev storm{number}"
    for number in range(_PAIRS):
        yield f"link del storm{number}"


def _again(*lines: str, times: int = 25) -> Sequence[str]:
    return lines * times


def _foreign_table(bench: Bench) -> None:
    """100,000 routes of somebody else, of which none is a default route."""
    batch = Path(bench.policy_file.parent, "foreign")
    hosts = [f"203.0.113.{host}" for host in range(208, 248)]
    count = _FOREIGN // len(hosts)
    # The kernel looks for a route's place from the lowest metric up, so it finds this one at once.
    lines = (
        f"route add {host} via 203.0.113.1 metric {metric} proto 99\n"
        for metric in reversed(range(count))
        for host in hosts
    )
    batch.write_text("".join(lines))
    bench.lab.run(ROUTER, "ip", "-batch", str(batch))


def _foreign_defaults(bench: Bench) -> None:
    """Thousands of somebody else's default routes behind ours; what they lead to the LAN is dropped
    there, before it is tracked."""
    drop = "iifname lan0 oifname lan0 drop"
    chain = f"chain c {{ type filter hook forward priority 0; {drop}; }}"
    bench.lab.run(ROUTER, "nft", "-f", "-", given=f"table ip astray {{ {chain}; }}")
    batch = Path(bench.policy_file.parent, "defaults")
    lines = (
        f"route add default via {LAN_CLIENT.ip} metric {metric} proto 99\n"
        for metric in reversed(range(5000, 5000 + _DEFAULT_ROUTES))
    )
    batch.write_text("".join(lines))
    bench.lab.run(ROUTER, "ip", "-batch", str(batch))
    _at_rest(bench)


def _at_rest(bench: Bench) -> None:
    """The engine has seen all that, and looks no more."""
    bench.wait_for_rounds(10, bench.engine.now)


def _all(*steps: Act) -> Act:
    def act(bench: Bench) -> None:
        for step in steps:
            step(bench)

    return act


def _third_fails(bench: Bench) -> None:
    since = bench.engine.now
    flap = _again(f"link set {CUSTOMER_PORT} down", f"link set {CUSTOMER_PORT} up", times=1)
    _storm("tertiary", "flap", flap, 0.02)(bench)
    wait_until(
        lambda: bool(bench.engine.said("rule", since, uplink="tertiary", after="failed")),
        "the third to fail",
    )


def _busy(bench: Bench) -> None:
    """A process for each core computes as fast as it can."""
    burn = ["timeout", _LONGEST, sys.executable, "-P", "-c", "while True: pass"]
    for _ in os.sched_getaffinity(0):
        bench.lab.start(ROUTER, burn)


_OWN_ADDRESSES = _again(
    "address add 198.51.100.20/32 dev eth0", "address del 198.51.100.20/32 dev eth0"
)
_DEFAULTS = _again(
    "route add default via 203.0.113.1 metric 5000", "route del default via 203.0.113.1 metric 5000"
)
_AS_OURS = [
    f"route replace default via 203.0.113.1 metric {metric} proto 115"
    for metric in range(5000, 5000 + _SURPLUS)
]
_MTU = _again("link set eth0 mtu 1499", "link set eth0 mtu 1500")

ROWS_STORMS = (
    Row(
        f"cut while {_PAIRS} veth pairs come and go, all cores busy",
        _AWAY,
        _BACK,
        before=_all(_busy, _storm(ROUTER, "pairs", tuple(_pairs()), 0)),
        alone=True,
    ),
    Row(
        f"the same beside {_FOREIGN:,} foreign routes, cores idle",
        _AWAY,
        _BACK,
        before=_all(_foreign_table, _storm(ROUTER, "pairs", tuple(_pairs()), 0.5)),
        alone=True,
    ),
    Row(
        "cut while a third uplink flaps 20 times a second, all cores busy",
        replace(_AWAY, routes=None),
        replace(_BACK, routes=None),
        settings=Settings(uplinks=3),
        before=_all(_busy, _third_fails),
        alone=True,
    ),
    Row(
        "cut while addresses of its own interface change all the time, all cores busy",
        _AWAY,
        _BACK,
        before=_all(_busy, _storm(ROUTER, "addresses", _OWN_ADDRESSES, 0)),
        alone=True,
    ),
    Row(
        "cut while a foreign default route comes and goes 1,000 times a second",
        _AWAY,
        _BACK,
        before=_storm(ROUTER, "defaults", _DEFAULTS, 0.05),
        alone=True,
    ),
    Row(
        "cut while its own link's MTU changes 1,000 times a second",
        _AWAY,
        _BACK,
        before=_storm(ROUTER, "mtu", _MTU, 0.05),
        alone=True,
    ),
    Row(
        f"cut while somebody adds {_SURPLUS:,} routes as ours without end",
        replace(_AWAY, routes=None, lost=_LATE),
        replace(_BACK, routes=None),
        before=_storm(ROUTER, "as-ours", _AS_OURS, 0),
        alone=True,
    ),
    Row(
        f"our active route deleted while {acts.CHURNED:,} foreign routes churn",
        Step(
            router("route del default via 198.51.100.1 dev eth0 metric 10 proto 115"),
            "put back at once",
            says=(("gone", "taken away by somebody else"),),
            lost=A_MOMENT,
        ),
        before=acts.churn,
        alone=True,
    ),
    Row(
        f"both our routes deleted beside {_FOREIGN:,} foreign routes",
        Step(
            router(
                "route del default via 198.51.100.1 dev eth0 metric 10 proto 115",
                "route del default via 203.0.113.1 dev eth1 metric 20 proto 115",
            ),
            "put back at once",
            says=(("gone", "dev eth0 metric 10"), ("gone", "dev eth1 metric 20")),
            lost=_BEFORE_OTHERS,
        ),
        before=_foreign_table,
        alone=True,
    ),
    Row(
        f"the same beside {_DEFAULT_ROUTES:,} foreign default routes",
        Step(
            router(
                "route del default via 198.51.100.1 dev eth0 metric 10 proto 115",
                "route del default via 203.0.113.1 dev eth1 metric 20 proto 115",
            ),
            "put back at once",
            says=(("gone", "dev eth0 metric 10"), ("gone", "dev eth1 metric 20")),
            lost=_BEFORE_PARSING,
        ),
        before=_foreign_defaults,
        alone=True,
    ),
)
