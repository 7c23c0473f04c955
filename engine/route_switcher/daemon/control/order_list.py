"""Orders as a file has them, which holds over a restart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any

from route_switcher.core.vocabulary.orders import Switch
from route_switcher.core.vocabulary.status import Status
from route_switcher.core.vocabulary.uplinks import Family

RECENT = 300.0
"""Seconds for which a drill that has ended still matters."""

_FAMILIES = {str(family): family for family in Family}


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """An order that holds, or will again; `until` is a time of the machine's monotonic clock."""

    uplink: str
    until: float
    force: bool
    back_to: str | None
    families: frozenset[Family]


def orders_of(status: Status, ahead: float) -> tuple[KeptOrder, ...]:
    """Those that stand, each with the families that took it; the machine's clock is `ahead` of the
    engine's."""
    found: dict[tuple[str, float, bool, str | None], set[Family]] = {}
    for family in status.families:
        order = family.override
        if order is not None:
            # To the millisecond, so that what was read is the same as what was written.
            until = round(order.until + ahead, 3) if isfinite(order.until) else inf
            key = (order.uplink, until, order.force, order.back_to)
            found.setdefault(key, set()).add(family.family)
    return tuple(KeptOrder(*order, frozenset(its)) for order, its in found.items())


def orders_in(document: Mapping[str, Any]) -> tuple[KeptOrder, ...]:
    """Those that a file has."""
    return tuple(order for order in map(_order, _list(document)) if order is not None)


def as_json(orders: Sequence[KeptOrder]) -> list[dict[str, object]]:
    """As a file has them."""
    return [
        {
            "uplink": order.uplink,
            "until": order.until if isfinite(order.until) else None,
            "force": order.force,
            "back_to": order.back_to,
            "families": sorted(map(str, order.families)),
        }
        for order in orders
    ]


def as_commands(orders: Sequence[KeptOrder], ahead: float, now: float) -> tuple[Switch, ...]:
    """What gives them again to the engine, whose time is `now`: those that have not ended,
    and drills that ended a moment ago: nothing is to delay the way back."""
    found = (replace(order, until=order.until - ahead) for order in orders)
    return tuple(
        Switch(now, o.uplink, o.until, o.force, kept_in=o.families, back_to=o.back_to)
        for o in found
        if o.until > now or (o.back_to is not None and o.until > now - RECENT)
    )


def _list(document: Mapping[str, Any]) -> Sequence[Any]:
    orders = document.get("orders")
    return orders if isinstance(orders, list) else ()


def _order(written: Any) -> KeptOrder | None:
    """None if it is none."""
    match written:
        case {"uplink": str(uplink), "until": until, "force": bool(force), "families": [*names]}:
            families = frozenset(f for name, f in _FAMILIES.items() if name in names)
            if until is None:
                return KeptOrder(uplink, inf, force, None, families) if families else None
            if families and isinstance(until, int | float):
                back = written.get("back_to")
                back_to = back if isinstance(back, str) else None
                return KeptOrder(uplink, float(until), force, back_to, families)
        case _:
            pass
    return None
