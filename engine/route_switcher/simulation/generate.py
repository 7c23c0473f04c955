"""Networks drawn at random: how often what goes wrong with a line, as a few kinds and in words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from types import MappingProxyType
from typing import TypeVar

from route_switcher.analysis.quantities import how_often, seconds, share
from route_switcher.core.model import Policy, family_of
from route_switcher.policy.durations import parse_duration
from route_switcher.policy.suggestions import did_you_mean
from route_switcher.simulation.network import Brownout, Line, Network
from route_switcher.simulation.stretches import Drawn, Flapping, Union

_HOUR, _DAY = 3600.0, 86_400.0
MONTH = 30 * _DAY

_SPANS = {"hour": _HOUR, "day": _DAY, "week": 7 * _DAY, "month": MONTH, "year": 365 * _DAY}
_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,3})?"
_RATE = re.compile(rf"({_NUMBER})/({'|'.join(_SPANS)})\Z", re.ASCII)
_SHARE = re.compile(rf"({_NUMBER})%\Z", re.ASCII)
_LONG = re.compile(rf"({_NUMBER})([dw])\Z", re.ASCII)

_FLAP_DOWN, _FLAP_UP = 4.0, 8.0
"""Seconds that a flapping line is down and up, on average."""


_LONGEST_DELAY = 60.0
"""Seconds: nobody waits longer for an answer."""


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
            brownouts=1 / _DAY,
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
            brownouts=1 / _DAY,
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
            brownouts=1 / _DAY,
            brownout_length=1200.0,
            brownout_loss=0.15,
            brownout_latency=0.05,
            flaps=2 / MONTH,
        ),
    }
)
"""Lines by name, with rates as a subscriber would tell them: round numbers, measured nowhere."""

DEFAULT_KIND = "dsl"


class NotUnderstoodError(ValueError):
    """What a person wrote of a line is not understood; says what to write instead."""


def parse_line(text: str) -> tuple[str, LineKind]:
    """`UPLINK=KIND[,key=value…]`, as in `primary=fibre,outages=4/month`; KIND may be left out.

    Raises NotUnderstoodError.
    """
    name, equals, rest = text.partition("=")
    if not equals or not name or not rest:
        raise NotUnderstoodError(f"{text!r}: write UPLINK=KIND, as in primary=fibre")
    first, *more = rest.split(",")
    if "=" in first:
        return name, _changed(KINDS[DEFAULT_KIND], [first, *more])
    if first not in KINDS:
        hint = did_you_mean(first, KINDS, f"the kinds are {', '.join(KINDS)}")
        raise NotUnderstoodError(f"there is no kind of line {first!r}: {hint}")
    return name, _changed(KINDS[first], more)


def parse_targets(text: str) -> TargetKind:
    """`key=value…`, as in `outages=2/month,outage_length=10m`. Raises NotUnderstoodError."""
    return _changed(TargetKind(), text.split(","))


def generate(
    policies: tuple[Policy, ...], kinds: Mapping[str, LineKind], targets: TargetKind, seed: int
) -> Network:
    """The network behind the uplinks of all `policies`; those not in `kinds` get `DEFAULT_KIND`.

    What befalls an uplink depends on its name, its kind and `seed` only. Uplinks that share an
    interface share the line of the first of them.
    """
    lines: dict[str, Line] = {}
    for policy in policies:
        by_interface: dict[str, Line] = {}
        for uplink in policy.uplinks:
            line = _line(f"{seed}/{uplink.name}", kinds.get(uplink.name, KINDS[DEFAULT_KIND]))
            line = by_interface.setdefault(uplink.interface, line)
            lines.setdefault(uplink.name, line)
    addresses = {
        target
        for policy in policies
        for probe in policy.probes
        for target in probe.targets
        if family_of(target) in policy.families
    }
    courses = {
        address: Drawn(f"{seed}/{address}/outages", targets.outages, targets.outage_length)
        for address in sorted(addresses, key=str)
    }
    return Network(lines, courses, seed)


def _line(seed: str, kind: LineKind) -> Line:
    outages = Drawn(f"{seed}/outages", kind.outages, kind.outage_length)
    flaps = Drawn(f"{seed}/flaps", kind.flaps, kind.flap_length)
    return Line(
        latency=kind.latency,
        loss=kind.loss,
        dead=Union((outages, Flapping(f"{seed}/flapping", flaps, _FLAP_DOWN, _FLAP_UP))),
        unplugged=Drawn(f"{seed}/unplugs", kind.unplugs, kind.unplug_length),
        brown=Drawn(f"{seed}/brown-outs", kind.brownouts, kind.brownout_length),
        brownout=Brownout(kind.brownout_loss, kind.brownout_latency, kind.brownout_jitter),
    )


# In words.


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


# What a person writes.


def parse_span(text: str) -> float:
    """Seconds of a duration that may also be days or weeks (30d, 2w). Raises ValueError."""
    if match := _LONG.match(text):
        number, unit = match.groups()
        return float(Fraction(number) * int(_SPANS["day" if unit == "d" else "week"]))
    return parse_duration(text)


def _rate(text: str) -> float:
    if match := _RATE.match(text):
        number, span = match.groups()
        # More than one a second is no line any more, and would take for ever.
        return min(1.0, float(number) / _SPANS[span])
    raise ValueError(text)


def _delay(text: str) -> float:
    if (delay := parse_duration(text)) <= _LONGEST_DELAY:
        return delay
    raise ValueError(text)


def _share(text: str) -> float:
    if (match := _SHARE.match(text)) and (share := float(match[1])) <= 100:
        return share / 100
    raise ValueError(text)


def _length(text: str) -> float:
    if (seconds := parse_span(text)) > 0:
        return seconds
    raise ValueError(text)


_Kind = TypeVar("_Kind", LineKind, TargetKind)


@dataclass(frozen=True, slots=True)
class _Notation:
    parse: Callable[[str], float]
    form: str


_SHARES = _Notation(_share, "a share from 0% to 100%, as in 0.5%")
_RATES = _Notation(_rate, f"a number and a span ({', '.join(_SPANS)}), as in 4/month")
_LENGTHS = _Notation(_length, "a duration above 0, as in 90s, 5m, 2h")
_DELAYS = _Notation(_delay, "a duration up to 1m, as in 80ms")

_NOTATIONS: Mapping[str, _Notation] = MappingProxyType(
    {
        "latency": _DELAYS,
        "loss": _SHARES,
        "outages": _RATES,
        "outage_length": _LENGTHS,
        "brownouts": _RATES,
        "brownout_length": _LENGTHS,
        "brownout_loss": _SHARES,
        "brownout_latency": _DELAYS,
        "brownout_jitter": _DELAYS,
        "flaps": _RATES,
        "flap_length": _LENGTHS,
        "unplugs": _RATES,
        "unplug_length": _LENGTHS,
    }
)


def _changed(kind: _Kind, settings: list[str]) -> _Kind:
    keys = [field.name for field in fields(kind)]
    changes: dict[str, float] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if key not in keys:
            hint = did_you_mean(key, keys, f"the keys are {', '.join(keys)}")
            raise NotUnderstoodError(f"there is no key {key!r}: {hint}")
        notation = _NOTATIONS[key]
        try:
            changes[key] = notation.parse(value)
        except ValueError:
            said = f"{key}{equals}{value}"
            raise NotUnderstoodError(f"{said!r}: write {key} as {notation.form}") from None
    return replace(kind, **changes)
