"""The figures of one uplink, in words."""

from collections.abc import Iterator
from math import floor

from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.journal.summary import Sums
from route_switcher.past.account import Account
from route_switcher.past.troubles import Kind, Trouble, length
from route_switcher.text.durations import seconds, span
from route_switcher.text.quantities import counted, number

MEANING = (
    "without service: from the first of the probe's rounds in a row that failed, once they have"
    " failed a rule, until the first good one; or from the loss of the link. It is as exact as the"
    " probe's interval",
    "watched: the policy had it, the engine ran, its probes said something of the line, and nothing"
    " on this machine kept the line from working",
    "availability: the share of the watched time that was not without service",
    "poor: a rule about losses, delay or the like had failed while the line answered",
    "switches: the length is how long the traffic then stayed there",
)


def figures(account: Account, uplink: UplinkId) -> Iterator[tuple[str, str]]:
    """What each is called, and what it is."""
    dead = [t for t in account.troubles_of(uplink) if t.counts]
    yield "watched", f"{span(account.watched(uplink))} of {span(account.seconds)}"
    yield "without service", _summed(dead)
    if len(dead) > 1:
        yield "  longest", span(max(t.seconds for t in dead))
    yield "availability", share(account.availability(uplink))
    yield "poor", _summed(account.troubles_of(uplink, Kind.POOR))
    apart = [t for t in account.troubles_of(uplink, Kind.NO_SERVICE) if not t.counts]
    if apart:
        yield "without service, for a reason here", _summed(apart)
    unknown = account.troubles_of(uplink, Kind.UNKNOWN)
    if unknown:
        yield "not known", _summed(unknown)
    yield "active", span(account.active_seconds(uplink))
    for (its, probe), sums in account.sums.items():
        if its == uplink:
            yield from _answers(probe, sums)


def share(value: float | None) -> str:
    """A share in percent, never rounded up to all of it."""
    if value is None:
        return "not known"
    return "100 %" if value >= 1 else f"{floor(value * 1e5) / 1e3:.3f} %"


def _summed(troubles: list[Trouble]) -> str:
    if not troubles:
        return span(0)
    whole = length((t.begins, t.ends) for t in troubles)
    return f"{span(whole)}, {counted(len(troubles), 'time')}"


def _answers(probe: str, sums: Sums) -> Iterator[tuple[str, str]]:
    """How many were lost, and how long the others took."""
    loss, median, most = sums.loss, sums.quantile(0.5), sums.quantile(0.95)
    if loss is not None:
        yield f"{probe}: without answer", f"{number(100 * loss)} %, outages included"
    if median is not None and most is not None:
        yield f"{probe}: answered within", f"{seconds(median)} (half), {seconds(most)} (95 %)"
