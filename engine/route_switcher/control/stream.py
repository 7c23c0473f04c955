"""What one who watches is sent: `schemas/watch.schema.json` describes each line.

The status is told again when it has changed. Times and figures that always move are no change.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

from route_switcher.control.protocol import VERSION, encode

HEARTBEAT = 5.0
"""Seconds without a line after which one says that the engine goes on."""

_LEVELS: Final = {logging.INFO: "info", logging.WARNING: "warning", logging.ERROR: "error"}

_MOVING = frozenset(
    {"time", "since", "until", "restarted", "last_answer", "last_minute", "text", "awaited"}
)
"""Keys of the status that change though nothing has happened, beside those that end so:"""
_SECONDS = "_seconds"


def line(kind: str, time: str, **keys: object) -> bytes:
    """One object, as a line."""
    return encode({"version": VERSION, "kind": kind, "time": time, **keys})


def event_line(
    time: str, level: int, event: str, message: str, fields: Mapping[str, object]
) -> bytes:
    """The object of something that happened; `level` is one of `logging`."""
    keys = {"level": _LEVELS.get(level, "error"), "event": event, "message": message}
    try:
        return line("event", time, **keys, fields=fields)
    except (TypeError, ValueError):  # what JSON has no word for: the words remain
        return line("event", time, **keys, fields={})


def unmoving(status: Any) -> Any:
    """A status without what always moves: as long as this is the same, nothing has changed."""
    if isinstance(status, Mapping):
        return {
            key: unmoving(value)
            for key, value in status.items()
            if key not in _MOVING and not key.endswith(_SECONDS)
        }
    if isinstance(status, list):
        return [unmoving(each) for each in status]
    return status
