"""What goes wrong with a line, or with a target, and how often: a few kinds, and in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from route_switcher.text.durations import DAY, MONTH, seconds
from route_switcher.text.quantities import how_often, share


@dataclass(frozen=True, slots=True)
class LineKind:
    """What goes wrong with a line: rates a second, lengths and delays in seconds (means)."""

    latency: float = 0.02
    loss: float = 0.0
    outages: float = 0.0
    outage_length: float = 300.0
    brownouts: float = 0.0
    brownout_length: float = 600.0
    brownout_loss: float = 0.2
    brownout_latency: float = 0.1
    brownout_jitter: float = 0.03
    flaps: float = 0.0
    flap_length: float = 120.0
    unplugs: float = 0.0
    unplug_length: float = 60.0


@dataclass(frozen=True, slots=True)
class TargetKind:
    """What goes wrong with a target: how often it is gone for everybody, and for how long."""

    outages: float = 0.5 / MONTH
    outage_length: float = 600.0


KINDS: Mapping[str, LineKind] = MappingProxyType(
    {
        "perfect": LineKind(),
        "fibre": LineKind(
            latency=0.008,
            loss=0.0001,
            outages=1 / MONTH,
            outage_length=900.0,
            brownouts=1 / MONTH,
            flaps=0.5 / MONTH,
            unplugs=0.2 / MONTH,
        ),
        "dsl": LineKind(
            latency=0.025,
            loss=0.001,
            outages=4 / MONTH,
            outage_length=300.0,
            brownouts=6 / MONTH,
            brownout_length=900.0,
            flaps=2 / MONTH,
            unplugs=0.5 / MONTH,
        ),
        "lte": LineKind(
            latency=0.045,
            loss=0.003,
            outages=10 / MONTH,
            outage_length=180.0,
            brownouts=1 / DAY,
            brownout_loss=0.1,
            brownout_latency=0.2,
            brownout_jitter=0.08,
            flaps=4 / MONTH,
        ),
        # In a low orbit, as the policy `satellite` has it; the other stands still, far away.
        "satellite": LineKind(
            latency=0.045,
            loss=0.005,
            outages=8 / MONTH,
            outage_length=240.0,
            brownouts=1 / DAY,
            brownout_length=1200.0,
            brownout_loss=0.15,
            brownout_latency=0.3,
            flaps=2 / MONTH,
        ),
        "geostationary": LineKind(
            latency=0.6,
            loss=0.005,
            outages=8 / MONTH,
            outage_length=240.0,
            brownouts=1 / DAY,
            brownout_length=1200.0,
            brownout_loss=0.15,
            brownout_latency=0.05,
            flaps=2 / MONTH,
        ),
    }
)
"""Lines by name, with rates as a subscriber would tell them: round numbers, measured nowhere."""

DEFAULT_KIND = "dsl"


def describe(kind: LineKind) -> str:
    """What goes wrong with such a line."""
    worse = (
        f", with {share(kind.brownout_loss)} more loss, {seconds(kind.brownout_latency)} more"
        f" latency and {seconds(kind.brownout_jitter)} more jitter"
    )
    parts = [
        f"{seconds(kind.latency)} there and back",
        f"{share(kind.loss)} loss" if kind.loss else "",
        _times("outages", kind.outages, kind.outage_length),
        _times("brown-outs", kind.brownouts, kind.brownout_length, worse),
        _times("flapping", kind.flaps, kind.flap_length),
        _times("lost carriers", kind.unplugs, kind.unplug_length),
    ]
    return "; ".join(part for part in parts if part)


def describe_targets(kind: TargetKind) -> str:
    """What goes wrong with every target."""
    return _times("outages", kind.outages, kind.outage_length) or "no outages"


def _times(what: str, rate: float, length: float, more: str = "") -> str:
    if not rate:
        return ""
    return f"{what} {how_often(rate * MONTH)}, {seconds(length)} each{more}"
