"""The timeline of a report, and the lists to which its bars lead."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.drawing.axis import by_the_calendar
from route_switcher.drawing.look import Key, Look
from route_switcher.drawing.picture import Band, Bar, Lane, Picture
from route_switcher.drawing.stretches import LISTED, Run, Stretch, runs
from route_switcher.past.account import Account
from route_switcher.past.selections import Active
from route_switcher.reporting.clock import stamp
from route_switcher.reporting.lists import (
    Entry,
    Listing,
    not_counted,
    poor,
    seen,
    switches,
    unwatched,
    without_service,
)
from route_switcher.text.durations import span
from route_switcher.text.quantities import counted

_KEYS = (
    Key(Look.DEAD, "without service"),
    Key(Look.BROWN, "poor (half as high)"),
    Key(Look.APART, "not counted"),
    Key(Look.ACTIVE, "this uplink is active"),
    Key(Look.SEEN, "outage that users saw"),
    Key(Look.UNKNOWN, "nobody watched"),
)


def listings(account: Account, only: Sequence[UplinkId]) -> Iterator[tuple[str, Listing]]:
    """The lists of the page in their order, each with its id."""
    for place, its in enumerate(only):
        yield f"dead{place}", without_service(account, its)
        for listing in (poor(account, its), not_counted(account, its)):
            if listing.entries:
                yield f"{listing.key}{place}", listing
    for listing in (seen(account, only), switches(account, only), unwatched(account)):
        yield listing.key, listing


def picture(account: Account, only: Sequence[UplinkId]) -> Picture:
    """All of it, about these uplinks."""
    zone = f"{datetime.fromtimestamp(account.until).astimezone():%Z}"
    return Picture(
        f"Timeline from {stamp(account.since)} until {stamp(account.until)}",
        account.seconds,
        f"The time is that of this machine ({zone} at the end).",
        tuple(by_the_calendar(account.since, account.until)),
        tuple(_lanes(account, only)),
        _KEYS,
    )


def _lanes(account: Account, only: Sequence[UplinkId]) -> Iterator[Lane]:
    for place, its in enumerate(only):
        name = account.label(its)
        line = [
            _band(account, look, f"{name}: {words}", f"{listing.key}{place}", listing)
            for look, words, listing in (
                (Look.APART, "not counted", not_counted(account, its)),
                (Look.BROWN, "poor", poor(account, its)),
                (Look.DEAD, "without service", without_service(account, its)),
            )
        ]
        yield Lane(name, (line, (_active(account, its),)))
    for look, words, listing in (
        (Look.SEEN, "outage seen", seen(account, only)),
        (Look.UNKNOWN, "nobody watched", unwatched(account)),
    ):
        if listing.entries:
            yield Lane(words, ((_band(account, look, words, listing.key, listing),),))


def _active(account: Account, its: UplinkId) -> Band:
    spans = [a for a in account.actives if (a.uplink, a.family) == (its.name, its.family)]
    words = f"{account.label(its)}: active"
    return Band(Look.ACTIVE, [_bar(account, run, words, "switch") for run in _runs(account, spans)])


def _band(account: Account, look: Look, words: str, name: str, listing: Listing) -> Band:
    return Band(
        look,
        [
            _bar(account, run, words, f"{name}-{run.first}" if run.first < LISTED else name)
            for run in _runs(account, listing.entries)
        ],
    )


def _runs(account: Account, spans: Iterable[Entry | Active]) -> list[Run]:
    stretches = (Stretch(s.begins - account.since, s.ends - account.since) for s in spans)
    return runs(stretches, account.seconds)


def _bar(account: Account, run: Run, told: str, entry: str) -> Bar:
    begins = stamp(account.since + run.begins)
    words = f"{told} for {span(run.seconds)}, from {begins}"
    if run.count > 1:
        words = (
            f"{told} {counted(run.count, 'time')}, {span(run.seconds)} in all, from {begins}"
            f" until {stamp(account.since + run.ends)}"
        )
    return Bar(run.begins, run.ends, words, entry)
