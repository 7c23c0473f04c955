"""The report as a page, to be shown, printed and sent."""

from collections.abc import Iterator, Sequence

from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.drawing.document import document, paragraphs, section
from route_switcher.drawing.markup import Markup, element, joined
from route_switcher.drawing.stretches import LISTED
from route_switcher.drawing.tables import Column, Row, table
from route_switcher.drawing.timeline import timeline
from route_switcher.past.account import Account
from route_switcher.reporting.clock import minute, stamp
from route_switcher.reporting.figures import MEANING, figures
from route_switcher.reporting.lists import Listing
from route_switcher.reporting.picture import listings, picture
from route_switcher.text.durations import span
from route_switcher.text.quantities import counted, listed

_COLUMNS = (Column("begin", figures=True), Column("length", figures=True), Column("reason"))


def page(account: Account, only: Sequence[UplinkId]) -> str:
    """The whole file, about these uplinks."""
    names = listed([account.label(its) for its in only])
    return document(f"Report about {names}", _parts(account, only))


def _parts(account: Account, only: Sequence[UplinkId]) -> Iterator[Markup]:
    whole = f"{minute(account.since)} until {minute(account.until)} ({span(account.seconds)})"
    lines = [f"From {whole}.", *(_said(account, its) for its in only)]
    yield section("In short", *paragraphs(lines, "lead"))
    yield section("Timeline", timeline(picture(account, only)))
    yield _figures(account, only)
    for name, listing in listings(account, only):
        yield section(listing.title, _list(name, listing), entry=name)


def _said(account: Account, its: UplinkId) -> str:
    dead = [t for t in account.troubles_of(its) if t.counts]
    if not dead:
        return f"{account.label(its)} was never without service."
    times = counted(len(dead), "time")
    lost = span(account.without_service(its))
    return f"{account.label(its)} was without service {times}, {lost} in all."


def _figures(account: Account, only: Sequence[UplinkId]) -> Markup:
    tables = []
    for its in only:
        rows = [Row((_label(label), value)) for label, value in figures(account, its)]
        columns = (Column("what"), Column("figure", figures=True))
        tables.append(table(account.label(its), columns, rows, blocks=False))
    return section("Figures", joined(*tables), joined(*paragraphs(MEANING, "soft")))


def _label(words: str) -> str:
    return element("span", words.strip(), class_="sub") if words.startswith(" ") else words


def _list(name: str, listing: Listing) -> Markup:
    if not listing.entries:
        return element("p", listing.none)
    rows = [
        Row(
            (
                stamp(entry.begins),
                entry.length + (", and it lasts" if entry.lasting else ""),
                entry.reason,
            ),
            f"{name}-{number}",
        )
        for number, entry in enumerate(listing.entries[:LISTED])
    ]
    total = len(listing.entries)
    seconds = sum(entry.ends - entry.begins for entry in listing.entries)
    caption = f"{counted(total, 'time')}, {span(seconds)} in all"
    if listing.key == "switch":
        caption = f"{counted(total, 'switch', 'switches')}; the length is how long it stayed so"
    more = total - len(rows)
    rest = [element("p", f"And {more:,} more.")] if more else []
    return joined(table(caption, _COLUMNS, rows), *rest)
