"""What goes over the control socket: one JSON object on each line, in both directions.

`schemas/control.schema.json` describes every request and reply. A request is short, so that nobody
can make the engine hold or read much.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf, isfinite
from typing import Any, Final, TypeAlias

VERSION = 1
"""Of the protocol. Keys may be added to a reply, and keys that may be left out to a request;
whatever else changes is another version."""

LONGEST_REQUEST = 4096
"""Bytes of a request, its line break included."""

LONGEST_ORDER = 366 * 86_400.0
"""Seconds that an order with an end may hold."""

LONGEST_TRIAL = 86_400.0
"""Seconds that a confirmation may be awaited."""

SLOWEST_STATUS = 60.0
"""Seconds that a watcher may want from one status to the next."""

_LONGEST_NAME = 64
"""Characters of an uplink's name in a request; a policy allows fewer. And of a drill's `id`."""


class Error(Enum):
    """Why a request was not answered, or an order not carried out."""

    BAD_REQUEST = "bad-request"
    TOO_LONG = "too-long"
    TOO_MANY = "too-many"
    UNKNOWN_VERSION = "unknown-version"
    NOT_ALLOWED = "not-allowed"
    NO_SUCH_UPLINK = "no-such-uplink"
    NO_DRILL = "no-drill"
    REFUSED = "refused"
    TOO_SLOW = "too-slow"


class BadRequest(Exception):  # noqa: N818 - what a client can get wrong, told as a reply
    """A line that is no request that we know."""

    def __init__(self, error: Error, message: str) -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """All that the engine knows."""


@dataclass(frozen=True, slots=True)
class WhyRequest:
    """Why an uplink is active, or is not; None: why things are as they are, in each family."""

    uplink: str | None = None


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """All that happens from now on; the status at least every so many seconds (inf: only when
    something has changed)."""

    seconds: float = inf


@dataclass(frozen=True, slots=True)
class SwitchRequest:
    """Prefer an uplink for so many seconds (inf: until released)."""

    uplink: str
    seconds: float = inf
    force: bool = False


@dataclass(frozen=True, slots=True)
class DrillRequest:
    """Try whether an uplink carries the traffic, for so many seconds. `id`: what its client calls
    this drill, and no other client does."""

    uplink: str
    seconds: float
    id: str | None = None


@dataclass(frozen=True, slots=True)
class DrillEndRequest:
    """End the drill of this uplink at once, and no other order. `id`: only the one that its client
    called so."""

    uplink: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class DrillReportRequest:
    """What is known of the latest drill."""


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """Take every order back."""


@dataclass(frozen=True, slots=True)
class ReloadRequest:
    """Read the policy again; `confirm_seconds`: unless it is confirmed within that time, the one
    before it counts again."""

    confirm_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ConfirmRequest:
    """The policy that is on trial stays."""


Question: TypeAlias = StatusRequest | WhyRequest | WatchRequest | DrillReportRequest

Order: TypeAlias = (
    SwitchRequest | DrillRequest | DrillEndRequest | ReleaseRequest | ReloadRequest | ConfirmRequest
)
"""What changes something, and so is not for everybody who may ask."""

Request: TypeAlias = Question | Order


def parse(line: bytes) -> Request:
    """The request on a line. Raises BadRequest."""
    message = _object(line)
    version = message.pop("version", None)
    if version != VERSION or not _is_number(version):
        raise BadRequest(Error.UNKNOWN_VERSION, f"this engine speaks version {VERSION}")
    name = message.pop("request", None)
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise _bad(f"'request' is one of: {', '.join(_KINDS)}")
    for key, value in message.items():
        if key not in kind.keys:
            raise _bad(f"a request {name} has no such key; it may have: {', '.join(kind.keys)}")
        if not kind.keys[key].fits(value):
            raise _bad(f"'{key}' is {kind.keys[key].words}")
    for key in kind.needed:
        if key not in message:
            raise _bad(f"a request {name} needs the key '{key}'")
    return kind.make(message)


def encode(message: Mapping[str, object]) -> bytes:
    """A line."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def request(name: str, **keys: object) -> bytes:
    """The line of a request; keys that are None are left out."""
    given = {key: value for key, value in keys.items() if value is not None}
    return encode({"version": VERSION, "request": name, **given})


def done(name: str, **keys: object) -> dict[str, object]:
    """The reply to a request that was answered, or an order that was carried out."""
    return {"version": VERSION, "ok": True, "reply": name, **keys}


def failed(error: Error, *messages: str) -> dict[str, object]:
    """The reply to any other."""
    return {"version": VERSION, "ok": False, "error": error.value, "messages": list(messages)}


@dataclass(frozen=True, slots=True)
class _Value:
    words: str
    fits: Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class _Kind:
    make: Callable[[dict[str, Any]], Request]
    keys: Mapping[str, _Value]
    needed: Sequence[str] = ()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_UPLINK = _Value(
    f"the name of an uplink, of 1 to {_LONGEST_NAME} characters",
    lambda value: isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME,
)
_ID = _Value(
    f"a word of 1 to {_LONGEST_NAME} characters",
    lambda value: isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME,
)
_SECONDS = _Value(
    f"a number of seconds, above 0 and up to {LONGEST_ORDER:.0f}",
    lambda value: _is_number(value) and 0 < value <= LONGEST_ORDER,  # type: ignore[operator]
)
_TRIAL = _Value(
    f"a number of seconds, from 1 to {LONGEST_TRIAL:.0f}",
    lambda value: _is_number(value) and 1 <= value <= LONGEST_TRIAL,  # type: ignore[operator]
)
_SPACING = _Value(
    f"a number of seconds, from 1 to {SLOWEST_STATUS:.0f}",
    lambda value: _is_number(value) and 1 <= value <= SLOWEST_STATUS,  # type: ignore[operator]
)
_TRUTH = _Value("true or false", lambda value: isinstance(value, bool))

_KINDS: Final[Mapping[str, _Kind]] = {
    "status": _Kind(lambda _: StatusRequest(), {}),
    "why": _Kind(lambda keys: WhyRequest(keys.get("uplink")), {"uplink": _UPLINK}),
    "watch": _Kind(
        lambda keys: WatchRequest(float(keys.get("seconds", inf))), {"seconds": _SPACING}
    ),
    "switch": _Kind(
        lambda keys: SwitchRequest(
            keys["uplink"], float(keys.get("seconds", inf)), keys.get("force", False)
        ),
        {"uplink": _UPLINK, "seconds": _SECONDS, "force": _TRUTH},
        needed=("uplink",),
    ),
    "drill": _Kind(
        lambda keys: DrillRequest(keys["uplink"], float(keys["seconds"]), keys.get("id")),
        {"uplink": _UPLINK, "seconds": _SECONDS, "id": _ID},
        needed=("uplink", "seconds"),
    ),
    "drill-end": _Kind(
        lambda keys: DrillEndRequest(keys["uplink"], keys.get("id")),
        {"uplink": _UPLINK, "id": _ID},
        needed=("uplink",),
    ),
    "drill-report": _Kind(lambda _: DrillReportRequest(), {}),
    "release": _Kind(lambda _: ReleaseRequest(), {}),
    "reload": _Kind(
        lambda keys: ReloadRequest(keys.get("confirm_seconds")), {"confirm_seconds": _TRIAL}
    ),
    "confirm": _Kind(lambda _: ConfirmRequest(), {}),
}


def _bad(message: str) -> BadRequest:
    return BadRequest(Error.BAD_REQUEST, message)


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(
            line.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_without_repetition,
        )
    # RecursionError: a line may nest as deep as it is long.
    except (ValueError, RecursionError):
        raise _bad("a request is one JSON object on one line, in UTF-8") from None
    if not isinstance(found, dict):
        raise _bad("a request is one JSON object")
    return found


def _refuse_constant(_: str) -> None:
    """NaN and Infinity are no JSON (RFC 8259, section 6), though Python would read them."""
    raise ValueError


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError
    return number


def _without_repetition(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Programs differ in what a key means that stands twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found
