"""How a person writes what goes wrong with a line: `primary=fibre,outages=4/month`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from types import MappingProxyType
from typing import TypeVar

from route_switcher.policy.suggestions import did_you_mean
from route_switcher.simulation.line_profiles import DEFAULT_KIND, KINDS, LineKind, TargetKind
from route_switcher.text.durations import DAY, MONTH, parse_duration

_SPANS = {"hour": 3600.0, "day": DAY, "week": 7 * DAY, "month": MONTH, "year": 365 * DAY}
_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,3})?"
_RATE = re.compile(rf"({_NUMBER})/({'|'.join(_SPANS)})\Z", re.ASCII)
_SHARE = re.compile(rf"({_NUMBER})%\Z", re.ASCII)
_WEEKS = re.compile(rf"({_NUMBER})w\Z", re.ASCII)

_LONGEST_DELAY = 60.0
"""Seconds: nobody waits longer for an answer."""


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


def parse_span(text: str) -> float:
    """Seconds of a duration that may also be weeks (2w). Raises ValueError."""
    if match := _WEEKS.match(text):
        return float(Fraction(match[1]) * int(_SPANS["week"]))
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
