"""What a program is told: JSON on its standard input, and the main facts as environment variables.

`schemas/hook.schema.json` describes the JSON.
"""

import json
from collections.abc import Mapping

from route_switcher.control.wall_clock import WallClock
from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.moments import HookUplink, Moment
from route_switcher.programs import supervised

VERSION = 1
"""Of the document. A later one may have more keys; whatever else changes is another version."""

_PREFIX = "ROUTE_SWITCHER_"
_OF_UPLINK = ("INTERFACE", "GATEWAY", "STATE", "ADDRESSES")


def document(effect: RunHook, clock: WallClock) -> bytes:
    """The JSON, on one line."""
    moment = effect.moment
    facts: dict[str, object] = {
        "version": VERSION,
        "hook": moment.kind.value,
        "family": str(moment.family),
        "time": clock.stamp(moment.at),
        "uplink": _uplink(moment.uplink),
        "previous": _uplink(moment.previous),
        "cause": _cause(moment),
        "why": "" if moment.cause is None else moment.cause.value,
        "rules": list(moment.rules),
        "evidence": list(moment.evidence),
        "since": None if moment.since is None else clock.stamp(moment.since),
        "outage_seconds": _outage(moment),
        "astray": moment.astray,
        "attempt": effect.attempt,
    }
    return json.dumps(facts).encode() + b"\n"


def environment(effect: RunHook, clock: WallClock) -> Mapping[str, str]:
    """The engine's own environment, and the facts. What is not known is empty."""
    moment, outage = effect.moment, _outage(effect.moment)
    facts = {
        "HOOK": moment.kind.value,
        "FAMILY": str(moment.family),
        "TIME": clock.stamp(moment.at) or "",
        **_of_uplink("", moment.uplink),
        **_of_uplink("PREVIOUS_", moment.previous),
        "CAUSE": _cause(moment) or "",
        "RULES": " ".join(moment.rules),
        "SINCE": "" if moment.since is None else clock.stamp(moment.since) or "",
        "OUTAGE_SECONDS": "" if outage is None else f"{outage:g}",
        "ATTEMPT": str(effect.attempt),
    }
    return supervised.inherited() | {_PREFIX + name: value for name, value in facts.items()}


def _uplink(uplink: HookUplink | None) -> dict[str, object] | None:
    if uplink is None:
        return None
    return {
        "name": uplink.uplink.name,
        "interface": uplink.uplink.interface,
        "gateway": _gateway(uplink) or None,
        "state": uplink.state.value,
        "addresses": [str(address) for address in uplink.addresses],
    }


def _of_uplink(prefix: str, uplink: HookUplink | None) -> dict[str, str]:
    if uplink is None:
        return {f"{prefix}{name}": "" for name in ("UPLINK", *_OF_UPLINK)}
    return {
        f"{prefix}UPLINK": uplink.uplink.name,
        f"{prefix}INTERFACE": uplink.uplink.interface,
        f"{prefix}GATEWAY": _gateway(uplink),
        f"{prefix}STATE": uplink.state.value,
        f"{prefix}ADDRESSES": " ".join(map(str, uplink.addresses)),
    }


def _gateway(uplink: HookUplink) -> str:
    hop = uplink.next_hop
    return "" if hop is None or hop.gateway is None else str(hop.gateway)


def _cause(moment: Moment) -> str | None:
    return None if moment.cause is None else moment.cause.name.lower()


def _outage(moment: Moment) -> float | None:
    return None if moment.outage is None else round(moment.outage, 3)
