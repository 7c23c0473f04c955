"""Faults of an uplink, by name: what breaks in the lab, and how it is mended."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from route_switcher.lab.addresses import BACKBONE_PORT, CUSTOMER_PORT, ROUTER, LabUplink
from route_switcher.lab.topology import Lab

LOSS_PERCENT = 30
FLAPPING_PERIOD = 2.0
"""Seconds from one outage to the next; each lasts half of it."""

Act: TypeAlias = Callable[[Lab, LabUplink], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`inject` once, then `heal` once. Both take effect before they return.

    But neighbours relearn each other's MAC address as they would on a real wire: after a dead
    gateway that may take a second.
    """

    inject: Act
    heal: Act
    description: str


def flap(lab: Lab, uplink: LabUplink, period: float) -> None:
    """Blackhole the uplink on and off, every `period` seconds, until `stop_flapping`."""
    ending = threading.Event()

    def drive() -> None:
        broken = False
        while not ending.is_set():
            (_heal_blackhole if broken else _inject_blackhole)(lab, uplink)
            broken = not broken
            ending.wait(period / 2)
        if broken:
            _heal_blackhole(lab, uplink)

    driver = threading.Thread(target=drive, name=f"flapping {uplink.name}")

    def end() -> None:
        ending.set()
        driver.join()

    driver.start()
    lab.keep(driver.name, end)


def stop_flapping(lab: Lab, uplink: LabUplink) -> None:
    """End what `flap` began, with the uplink in order."""
    lab.stop(f"flapping {uplink.name}")


def _inject_carrier(lab: Lab, uplink: LabUplink) -> None:
    lab.run(uplink.name, "ip", "link", "set", CUSTOMER_PORT, "down")


def _heal_carrier(lab: Lab, uplink: LabUplink) -> None:
    lab.run(uplink.name, "ip", "link", "set", CUSTOMER_PORT, "up")


def _inject_admin_down(lab: Lab, uplink: LabUplink) -> None:
    lab.run(ROUTER, "ip", "link", "set", uplink.interface, "down")


def _heal_admin_down(lab: Lab, uplink: LabUplink) -> None:
    """Up again, with the IPv6 address that the kernel took away on down."""
    address = f"address add {uplink.address_v6} dev {uplink.interface} nodad"
    lines = f"link set {uplink.interface} up\n{address}\n"
    lab.run(ROUTER, "ip", "-batch", "-", given=lines)


def _inject_blackhole(lab: Lab, uplink: LabUplink) -> None:
    _change_blackhole(lab, uplink, "add")


def _heal_blackhole(lab: Lab, uplink: LabUplink) -> None:
    _change_blackhole(lab, uplink, "delete")


def _change_blackhole(lab: Lab, uplink: LabUplink, change: str) -> None:
    """Before the ISP's own default routes, so that those stay as they are."""
    for family in ("-4", "-6"):
        lab.run(uplink.name, "ip", family, "route", change, "blackhole", "default", "metric", "1")


def _inject_loss(lab: Lab, uplink: LabUplink) -> None:
    """One way only, so that a round trip fails as often as the name says."""
    rules = f"""
table inet loss {{
  chain forward {{
    type filter hook forward priority filter;
    oifname "{BACKBONE_PORT}" numgen random mod 100 < {LOSS_PERCENT} drop
  }}
}}
"""
    lab.run(uplink.name, "nft", "-f", "-", given=rules)


def _heal_loss(lab: Lab, uplink: LabUplink) -> None:
    lab.run(uplink.name, "nft", "delete", "table", "inet", "loss")


def _inject_dead_gateway(lab: Lab, uplink: LabUplink) -> None:
    """Before anything at the ISP sees the packets, ARP and neighbour discovery included."""
    rules = f"""
table netdev dead {{
  chain ingress {{
    type filter hook ingress device "{CUSTOMER_PORT}" priority filter; policy drop;
  }}
}}
"""
    lab.run(uplink.name, "nft", "-f", "-", given=rules)


def _heal_dead_gateway(lab: Lab, uplink: LabUplink) -> None:
    lab.run(uplink.name, "nft", "delete", "table", "netdev", "dead")


def _delete_routes(lab: Lab, uplink: LabUplink) -> None:
    for family in ("-4", "-6"):
        lab.run(ROUTER, "ip", family, "route", "flush", "exact", "default", "dev", uplink.interface)


def _leave(lab: Lab, uplink: LabUplink) -> None:
    """Nobody but the engine brings the routes back."""


def _remove_address(lab: Lab, uplink: LabUplink) -> None:
    """The last address of each family: the kernel drops the default routes in silence."""
    _change_addresses(lab, uplink, "delete")


def _add_address(lab: Lab, uplink: LabUplink) -> None:
    _change_addresses(lab, uplink, "add")


def _change_addresses(lab: Lab, uplink: LabUplink, change: str) -> None:
    addresses = (uplink.address, uplink.address_v6)
    lines = "".join(f"address {change} {a} dev {uplink.interface} nodad\n" for a in addresses)
    lab.run(ROUTER, "ip", "-batch", "-", given=lines)


def _silence_targets(lab: Lab, uplink: LabUplink) -> None:
    _change_silence(lab, uplink, "add")


def _wake_targets(lab: Lab, uplink: LabUplink) -> None:
    _change_silence(lab, uplink, "delete")


def _change_silence(lab: Lab, uplink: LabUplink, change: str) -> None:
    targets = (*lab.targets_v4, *lab.targets_v6)
    lines = "".join(f"route {change} blackhole {target}\n" for target in targets)
    lab.run(uplink.name, "ip", "-batch", "-", given=lines)


def _remove_interface(lab: Lab, uplink: LabUplink) -> None:
    lab.run(ROUTER, "ip", "link", "delete", uplink.interface)


FAULTS: Mapping[str, Fault] = {
    "blackhole": Fault(
        _inject_blackhole, _heal_blackhole, "beyond the gateway everything is dropped in silence"
    ),
    "carrier": Fault(_inject_carrier, _heal_carrier, "the cable is out at the ISP's end"),
    "dead-gateway": Fault(
        _inject_dead_gateway, _heal_dead_gateway, "the carrier is there, but nothing answers"
    ),
    "loss": Fault(_inject_loss, _heal_loss, f"{LOSS_PERCENT} % of the packets out are dropped"),
    "flapping": Fault(
        lambda lab, uplink: flap(lab, uplink, FLAPPING_PERIOD),
        stop_flapping,
        f"a blackhole comes and goes every {FLAPPING_PERIOD:g} s",
    ),
    "admin-down": Fault(
        _inject_admin_down, _heal_admin_down, "somebody sets the router's interface down"
    ),
    "interface-removed": Fault(
        _remove_interface, Lab.connect, "the interface disappears, and comes back as a new one"
    ),
    "address-removed": Fault(_remove_address, _add_address, "the interface loses its addresses"),
    "targets-dead": Fault(
        _silence_targets, _wake_targets, "the targets, and nothing else, are dead on this line"
    ),
    "route-deleted": Fault(_delete_routes, _leave, "somebody deletes the default routes"),
}
