"""The status on one screen, from the JSON document of the engine."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.text.durations import span
from route_switcher.text.quantities import share

WIDTH = 80

_NAME = 16
"""Columns of a name; a longer one has a line of its own."""

_NARROW = 4
"""Columns before what belongs to an uplink, where the terminal has fewer than `WIDTH`."""

Document: TypeAlias = Mapping[str, Any]


def screen(status: Document, width: int = WIDTH) -> Iterator[str]:
    """Its lines, for a terminal of so many columns."""
    running = span(round(status["running_seconds"] or 0))
    yield from _wrapped(width, "", f"{status['verdict'].upper()}: {_reasons(status)}")
    yield from _wrapped(
        width, "", f"policy {status['policy']}, running for {running} (version {status['program']})"
    )
    confirmation = status.get("confirmation")
    if confirmation is not None:
        yield from _wrapped(width, "", _confirmation(confirmation))
    for trouble in status.get("troubles", ()):  # an engine of before does not tell
        yield from _wrapped(width, "", f"TROUBLE: {trouble}")
    for family in status["families"]:
        yield ""
        yield from _family(family, width)


def _confirmation(confirmation: Document) -> str:
    if confirmation["state"] == "missed":
        return (
            "NOT CONFIRMED: the policy from before is in force; the file still has the other one."
            " Correct the file, then run `route-switcher reload`"
        )
    left = span(round(confirmation["left_seconds"] or 0))
    return f"ON TRIAL: `route-switcher confirm` within {left}, or the policy from before returns"


def _reasons(status: Document) -> str:
    """Of the families that stand as badly as the whole."""
    of_worst = [f for f in status["families"] if f["verdict"] == status["verdict"]]
    texts = [f"{f['family']}: {f['verdict_text']}" for f in of_worst]
    return "; ".join(texts) or "nothing is known yet"


def _family(family: Document, width: int) -> Iterator[str]:
    yield from _wrapped(width, "", f"{family['family']}: {_active(family)}", "  ")
    if family["why"]:
        previous = f"took over from {family['previous']}: " if family["previous"] else ""
        yield from _wrapped(width, "  ", f"{previous}{family['why']}")
    order = family["order"]
    if order is not None:
        yield from _wrapped(width, "  ", f"ORDER: {_order(order)}")
    if family.get("refusing"):  # an engine of before does not tell
        yield from _wrapped(
            width, "  ", "REFUSING: no uplink answers, so traffic is refused until one does"
        )
    if family["astray"]:
        yield from _wrapped(width, "  ", f"ASTRAY: {family['astray']}")
    for route in family["conflicts"]:
        yield from _wrapped(width, "  ", f"CONFLICT: a foreign route comes before ours: {route}")
    for route in family["undeletable"]:
        yield from _wrapped(width, "  ", f"REFUSED: our {route['route']} stays: {route['reason']}")
    if family["awaited"]:
        yield from _wrapped(
            width, "  ", f"next: {family['awaited']}{_more(family['awaited_seconds'])}"
        )
    for uplink in family["uplinks"]:
        yield from _uplink(uplink, width)


def _active(family: Document) -> str:
    since = _since(family["since"], family["since_seconds"])
    if family["active"] is not None:
        return f"{family['active']} is active {since}"
    if family["departing"] is not None:
        return f"{family['departing']} has left the policy, and stays active until another can"
    return "no uplink is selected yet"


def _order(order: Document) -> str:
    kind = "drill of" if order["drill"] else "forced to" if order["forced"] else "to"
    holds = "" if order["holds"] else "; it does not hold now"
    if order["left_seconds"] is None:
        return f"{kind} {order['uplink']} until `route-switcher release`{holds}"
    return f"{kind} {order['uplink']} for {span(round(order['left_seconds']))} more{holds}"


def _uplink(uplink: Document, width: int) -> Iterator[str]:
    name, minute = uplink["name"], uplink["last_minute"]
    indent = 3 + _NAME if width >= WIDTH else _NARROW
    lost = minute.get("request_loss")  # an engine of before does not tell
    lost = minute["loss"] if lost is None else lost
    loss = "no rounds" if lost is None else f"{share(lost)} lost"
    mean = minute["mean_seconds"]
    trip = "" if mean is None else f"{1000 * mean:.3g} ms"
    age = uplink["last_answer_seconds"]
    answered = "never answered" if age is None else f"answered {_short(age)} ago"
    stands, figures = f"{uplink['role']:<10}{uplink['state']:<12}", f"{loss:<12}{trip:<9}{answered}"
    pad = " " * indent
    if width < WIDTH:
        yield f"  {name:<{_NAME}} {stands}".rstrip()
        yield f"{pad}{figures}".rstrip()
    elif len(name) > _NAME:
        yield f"  {name}"
        yield f"{pad}{stands}{figures}".rstrip()
    else:
        yield f"  {name:<{_NAME}} {stands}{figures}".rstrip()
    yield from _wrapped(width, pad, _way(uplink))
    if ", " in uplink.get("broken", ""):  # alone, it says no more than the rules
        yield from _wrapped(width, pad, f"broken: {uplink['broken']}")
    for rule in _not_ok(uplink["rules"]):
        since = _since(rule["since"], rule["since_seconds"])
        yield from _wrapped(
            width, pad, f"rule {rule['name']} {rule['state']} {since}: {rule['evidence']}"
        )
    for wait in uplink["waits_for"]:
        mark = _MARKS.get(wait["kind"], "waits for")
        yield from _wrapped(width, pad, f"{mark}: {wait['text']}")
    if not uplink["waits_for"] and uplink["unfit"]:
        yield from _wrapped(width, pad, f"cannot be used now: {uplink['unfit']}")


def _way(uplink: Document) -> str:
    source, learned = _SOURCES.get(uplink["gateway_from"], ""), uplink["learned_from"]
    if learned is not None:
        source = f" (learned: {learned['protocol']}, table {_table(learned['table'])})"
    via = f"via {uplink['gateway']}" if uplink["gateway"] else _NO_GATEWAY[not source]
    return f"{uplink['interface']} {via}{source}, metric {uplink['metric']}"


def _table(number: int) -> str:
    return "main" if number == MAIN_TABLE else str(number)


_MARKS = {
    "link": "cannot be used now",
    "next-hop": "cannot be used now",
    "route": "REFUSED",
    "damping": "held back",
    "proving": "held back",
    "other-family": "held back",
}
"""For the waits whose text says what is wrong, and not what must come."""
_SOURCES = {"policy": " (policy)", "restart": " (from before the restart)"}
_NO_GATEWAY = ("alone, without a gateway", "with no next hop known")


def _not_ok(rules: Sequence[Document]) -> Iterator[Document]:
    return (rule for rule in rules if rule["state"] in ("failed", "recovering"))


def _since(stamp: str | None, seconds: float | None) -> str:
    if stamp is None or seconds is None:
        return ""
    then = datetime.fromisoformat(stamp).astimezone()
    today = (then + timedelta(seconds=seconds)).date()  # as the engine's clock had it
    day = "" if then.date() == today else f"{then.date().isoformat()} "
    return f"since {day}{then:%H:%M:%S} ({span(round(seconds))})"


def _more(seconds: float | None) -> str:
    return "" if seconds is None else f" ({span(round(seconds))} more)"


def _short(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else span(round(seconds))


def _wrapped(width: int, indent: str, text: str, more: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  " if more is None else more,
        break_on_hyphens=False,
        break_long_words=False,
    )
