"""The report in 80 columns."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.past.account import Account
from route_switcher.reporting.clock import minute, stamp
from route_switcher.reporting.figures import MEANING, figures
from route_switcher.reporting.lists import (
    Listing,
    not_counted,
    poor,
    seen,
    switches,
    unwatched,
    without_service,
)
from route_switcher.text.durations import span
from route_switcher.text.quantities import listed

_WIDTH = 80
_LABEL = 40


def text(account: Account, only: Sequence[UplinkId]) -> Iterator[str]:
    """The lines of the report about these uplinks."""
    names = listed([account.label(its) for its in only])
    yield from _wrapped(f"Report about {names}", "")
    yield f"from {minute(account.since)} until {minute(account.until)} ({span(account.seconds)})"
    for its in only:
        yield ""
        yield account.label(its)
        yield from _figures(account, its)
    for its in only:
        yield from _listing(without_service(account, its))
        for listing in (poor(account, its), not_counted(account, its)):
            if listing.entries:
                yield from _listing(listing)
    yield from _listing(seen(account, only))
    yield from _listing(switches(account, only))
    yield from _listing(unwatched(account))
    yield ""
    for line in MEANING:
        yield from _wrapped(line, "  ", "    ")


def _figures(account: Account, its: UplinkId) -> Iterator[str]:
    rows = list(figures(account, its))
    width = min(max(len(label) for label, _ in rows), _LABEL)
    for label, value in rows:
        line = f"  {label:{width}}  {value}"
        # The name of a probe may be long.
        yield from [line] if len(line) <= _WIDTH else [f"  {label}", f"      {value}"]


def _listing(listing: Listing) -> Iterator[str]:
    yield ""
    yield listing.title
    if not listing.entries:
        yield f"  {listing.none}"
    for entry in listing.entries:
        lasting = ", and it lasts" if entry.lasting else ""
        yield f"  {stamp(entry.begins)}  {entry.length}{lasting}"
        yield from _wrapped(entry.reason, "      ")


def _wrapped(words: str, first: str, others: str | None = None) -> list[str]:
    indent = first if others is None else others
    return wrap(
        words, _WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False
    )
