"""What a drill came to, in words, from its JSON document."""

import textwrap
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from route_switcher.text.durations import span

Document: TypeAlias = Mapping[str, Any]

_OUTCOMES = {
    "running": "it is running",
    "returned": "it worked, and the traffic returned",
    "released": "it worked until it was ended early, and the traffic returned",
    "not-returned": "it worked, but the traffic has not returned",
    "policy-changed": "a reload ended it",
    "replaced": "another order took its place",
    "went-astray": "the kernel sent traffic another way",
    "did-not-hold": "IT FAILED",
}


def in_one_line(document: Document) -> str:
    """For the log."""
    parts = [f"drill of {document['uplink']}: {_OUTCOMES[document['outcome']]}"]
    for family in document["families"]:
        for key in ("there", "back"):
            move = family[key]
            if move is not None and move["outage_seconds"] is not None:
                outage = _milliseconds(move["outage_seconds"])
                parts.append(f"{family['family']} {key}: an outage of {outage} at most")
    lost = ", ".join(f"{u['name']} {u['lost']} of {u['rounds']}" for u in document["uplinks"])
    return "; ".join([*parts, f"rounds lost: {lost}"])


def report(document: Document) -> Iterator[str]:
    """Its lines, for a terminal of 80 columns."""
    for line in _report(document):
        yield from textwrap.wrap(
            line,
            80,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]


def _report(document: Document) -> Iterator[str]:
    yield f"drill of {document['uplink']}: {_OUTCOMES[document['outcome']]}"
    if document["restarted"]:
        yield "the engine was restarted during the drill: the figures begin after that"
    for family in document["families"]:
        yield ""
        yield from _family(document, family)
    yield ""
    yield f"{'':<16} {'':<6}{'rounds':>7}{'lost':>7}{'mean':>10}{'longest':>10}"
    for uplink in document["uplinks"]:
        name, mean, longest = uplink["name"], uplink["mean_seconds"], uplink["longest_seconds"]
        yield (
            f"{name:<16} {uplink['family']:<6}{uplink['rounds']:>7}{uplink['lost']:>7}"
            f"{_milliseconds(mean):>10}{_milliseconds(longest):>10}"
        )
    for note in document["notes"]:
        yield f"{_hour(note['time'])} {note['text']}"


def _family(document: Document, family: Document) -> Iterator[str]:
    name, uplink, first = family["family"], document["uplink"], family["from"]
    there, back = family["there"], family["back"]
    if there is None:
        yield f"{name}: {uplink} was active when the engine began"
    else:
        yield f"{name}: {first} -> {uplink} {_moved(there)}"
        yield f"  {_outage(there)}"
    if family["astray"]:
        yield f"  the kernel did not send traffic through it: {family['astray']}"
    elif family["asked"]:
        yield "  the kernel confirms that traffic uses it"
    else:
        yield "  it is not known if the kernel sends traffic through it"
    if back is not None:
        yield f"  {uplink} -> {family['active']} {_moved(back)}"
        yield f"  {_outage(back)}"
    if family["why_not_back"]:
        yield f"  the traffic has not returned: {family['why_not_back']}"
    yield (
        "  longest time between two answered requests through the active uplink:"
        f" {_milliseconds(family['longest_gap_seconds'])}"
    )


def _moved(move: Document) -> str:
    seconds = move["seconds"]
    took = "" if seconds is None else f", routes changed in {_milliseconds(seconds)}"
    return f"at {_hour(move['at'])}{took}"


def _outage(move: Document) -> str:
    gap = move["outage_seconds"]
    return "no answer yet" if gap is None else f"an outage of {_milliseconds(gap)} at most"


def _hour(stamp: str) -> str:
    return f"{datetime.fromisoformat(stamp):%H:%M:%S}"


def _milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else span(round(seconds, 2))
