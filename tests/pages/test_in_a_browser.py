"""Our pages in a real browser: on a screen, on a telephone, in the dark and on paper."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import Browser, browser
from support.seen_page import background, contrasts, what_is_wrong
from support.written_pages import PAGES

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

WIDTHS = (390, 1280)

LOOKS = (".dead", ".brown", ".active", ".seen", ".unknown", ".apart")


@pytest.fixture(scope="module")
def shown() -> Iterator[Browser]:
    # It can reach nobody: it is started in the private network of the tests.
    assert [name for _, name in socket.if_nameindex()] == ["lo"]
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, make in PAGES.items():
        made[name] = folder / f"{name}.html"
        made[name].write_text(make(), encoding="utf-8")
    return made


@pytest.mark.parametrize("name", PAGES)
def test_everything_can_be_read_at_every_width_and_on_paper(
    name: str, shown: Browser, files: dict[str, Path]
) -> None:
    shown.open(files[name])
    wrong = {}
    for width in WIDTHS:
        for paper in (False, True):
            shown.look_like(width=width, paper=paper)
            wrong[width, paper] = what_is_wrong(shown)
    assert wrong == {(width, paper): [] for width in WIDTHS for paper in (False, True)}
    assert shown.value("document.querySelectorAll('tbody tr').length") > 0


@pytest.mark.parametrize("dark", [False, True])
def test_every_colour_stands_out(dark: bool, shown: Browser, files: dict[str, Path]) -> None:
    shown.open(files["simulate"])
    shown.look_like(width=1280, dark=dark)
    found = contrasts(shown)
    for text in ("ink", "soft", "link"):
        assert found.pop(text) >= 4.5, text
    assert min(found.values()) >= 3, found


def test_the_dark_page_is_another_and_paper_is_always_light(
    shown: Browser, files: dict[str, Path]
) -> None:
    shown.open(files["simulate"])
    seen = {}
    for dark in (False, True):
        for paper in (False, True):
            shown.look_like(width=1280, dark=dark, paper=paper)
            seen[dark, paper] = background(shown, "body")
    assert seen[True, False] != seen[False, False]
    assert seen[True, True] == seen[False, True] == seen[False, False]


def test_each_look_has_a_colour_and_a_pattern_of_its_own(
    shown: Browser, files: dict[str, Path]
) -> None:
    shown.open(files["report"])
    shown.look_like(width=1280)
    found = [background(shown, f".legend {look}") for look in LOOKS]
    assert len(set(found)) == len(LOOKS)


def test_mouse_and_keyboard_show_the_same_words(shown: Browser, files: dict[str, Path]) -> None:
    shown.open(files["simulate"])
    for width in WIDTHS:
        shown.look_like(width=width)
        x, y = shown.value(
            "(b => [b.x + b.width / 2, b.y + b.height / 2])"
            "(document.querySelector('.row .dead').getBoundingClientRect())"
        )
        tip = "document.querySelector('.row a:has(.dead) .tip')"
        box = f"(b => [b.height, b.left, b.right])({tip}.getBoundingClientRect())"
        shown.point_at(0, 0)
        assert shown.value(box)[0] < 10
        shown.point_at(x, y)
        pointed = shown.value(box)
        shown.point_at(0, 0)
        shown.value("document.querySelector('.row a:has(.dead)').previousElementSibling?.focus()")
        shown.value("document.querySelector('.row a:has(.dead)').focus()")
        assert shown.value(box) == pointed
        height, left, right = pointed
        assert height > 15
        assert 0 <= left < right <= width
        shown.value("document.activeElement.blur()")


def test_the_tab_key_leads_from_bar_to_bar_and_a_link_to_its_entry(
    shown: Browser, files: dict[str, Path]
) -> None:
    shown.open(files["simulate"])
    shown.look_like(width=1280)
    for _ in range(3):
        shown.press("Tab", 9)
    assert shown.value("document.activeElement.matches('.row a')")
    leads = shown.value("document.activeElement.getAttribute('href')")
    shown.value("document.activeElement.click()")
    assert shown.value(f"document.querySelector(':target').id === {leads[1:]!r}")


def test_a_page_of_a_month_of_trouble_is_small_and_has_every_entry(
    files: dict[str, Path],
) -> None:
    assert files["simulate"].stat().st_size < 300_000
