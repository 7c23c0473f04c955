"""Rows about names: an uplink may change its name, and an interface may have several."""

import signal

from faults.acts import comes, goes
from faults.bench import Bench
from faults.policy import Settings, altname
from faults.row import A_MOMENT, ALONE, FAILED_OVER, Row, Step
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab


def _rename(bench: Bench) -> None:
    """The policy gives both uplinks other names, and nothing else changes."""
    since = bench.engine.now
    bench.change_policy(names=("fibre", "lte"))
    bench.engine.send(signal.SIGHUP)
    bench.engine.wait_for("reload", since=since)


def name_the_interfaces(lab: Lab, *interfaces: int) -> None:
    """Give these uplinks' interfaces another name."""
    for uplink in (lab.uplinks[number] for number in interfaces):
        words = f"link property add dev {uplink.interface} altname {altname(uplink.interface)}"
        lab.run(ROUTER, "ip", *words.split())


def _create_named(bench: Bench) -> None:
    goes("interface-removed")(bench)
    name_the_interfaces(bench.lab, 0)


ROWS_NAMES = (
    Row(
        "both uplinks renamed by a reload, then a blackhole",
        Step(
            _rename,
            "stays",
            path=("eth0",),
            says=(("notice", "primary is called fibre now"),),
            lost=A_MOMENT,
        ),
        Step(
            comes("blackhole"),
            "moves to the secondary by its new name",
            moves=("lte",),
            taken="eth1",
            routes=FAILED_OVER,
            path=("eth0", "eth1"),
            lost=1500,
        ),
    ),
    Row(
        "carrier loss of an uplink that is named by an altname",
        Step(
            comes("carrier"),
            "moves to secondary",
            moves=("secondary",),
            taken="eth1",
            routes=FAILED_OVER,
            path=("eth0", "eth1"),
            lost=500,
        ),
        Step(goes("carrier"), "back", moves=("primary",), path=("eth1", "eth0"), lost=A_MOMENT),
        prepare=lambda lab: name_the_interfaces(lab, 0, 1),
        settings=Settings(altnames=True),
    ),
    Row(
        "interface deleted and re-created with its altname",
        Step(
            comes("interface-removed"),
            "moves to secondary",
            moves=("secondary",),
            taken="eth1",
            routes=ALONE,
            lost=500,
        ),
        Step(_create_named, "back", moves=("primary",), lost=A_MOMENT),
        prepare=lambda lab: name_the_interfaces(lab, 0, 1),
        settings=Settings(altnames=True),
    ),
)
