"""A whole page: one file, in which nothing is loaded from anywhere and nothing runs."""

from collections.abc import Iterable

from route_switcher import __version__
from route_switcher.drawing.markup import Markup, element
from route_switcher.drawing.style import STYLE


def document(title: str, parts: Iterable[Markup]) -> str:
    """The file, with its title as the first heading."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(STYLE)),
    )
    main = element("main", element("h1", title), *(Markup(f"\n{part}") for part in parts))
    made = element("footer", element("p", f"Made by route-switcher {__version__}."))
    return f"<!doctype html>\n{element('html', head, element('body', main, made), lang='en')}\n"


def section(title: str, *parts: Markup, entry: str | None = None) -> Markup:
    """A part of the page under a heading; `entry` is the id by which it can be linked to."""
    return element("section", element("h2", title), *parts, id=entry)


def paragraphs(lines: Iterable[str], kind: str | None = None) -> Iterable[Markup]:
    """Each line as a paragraph."""
    return (element("p", line, class_=kind) for line in lines)
