"""Tables that can be read on a telephone too: there each row is a small block.

The roles are written out, because browsers forget that a table is one when it is laid out as blocks
(https://www.w3.org/TR/wai-aria-1.2/#table).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from route_switcher.drawing.markup import Markup, element


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its cells, and the id by which it can be linked to, if any."""

    cells: Sequence[str]
    entry: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `figures`: numbers, times and lengths, which are not wrapped."""

    head: str
    figures: bool = False


def table(
    caption: str, columns: Sequence[Column], rows: Iterable[Row], *, blocks: bool = True
) -> Markup:
    """A list of things, each in a row that begins with what it is called by. Without `blocks` it is
    laid out as a table on a telephone too: for two short columns."""
    return element(
        "table",
        element("caption", caption),
        element("thead", _heads(columns), role="rowgroup"),
        element("tbody", *(_row(columns, row) for row in rows), role="rowgroup"),
        role="table",
        class_="blocks" if blocks else "short",
    )


def _heads(columns: Sequence[Column]) -> Markup:
    heads = (
        element("th", column.head, scope="col", role="columnheader", class_=_kind(column))
        for column in columns
    )
    return element("tr", *heads, role="row")


def _row(columns: Sequence[Column], row: Row) -> Markup:
    first, *others = zip(columns, row.cells, strict=True)
    cells = [_cell("th", *first, scope="row", role="rowheader")]
    cells += [_cell("td", *other, role="cell") for other in others]
    return element("tr", *cells, role="row", id=row.entry, tabindex="-1" if row.entry else None)


def _cell(name: str, column: Column, words: str, **attributes: str) -> Markup:
    # The head stands before the cell where the table is laid out as blocks.
    before = column.head or None
    return element(
        name, words or "\N{EN DASH}", class_=_kind(column), data_head=before, **attributes
    )


def _kind(column: Column) -> str | None:
    return "n" if column.figures else None
