"""HTML in which what comes from outside is text."""

from hypothesis import given
from hypothesis import strategies as st

from route_switcher.drawing.markup import Markup, element
from support.html_pages import read


def test_what_is_not_marked_is_escaped() -> None:
    assert element("p", "<b>", Markup("<i></i>")) == "<p>&lt;b&gt;<i></i></p>"


def test_attributes_are_escaped_and_those_that_are_none_left_out() -> None:
    made = element("a", "x", href='"><b>', class_="k", aria_label="l", id=None)
    assert made == '<a href="&quot;&gt;&lt;b&gt;" class="k" aria-label="l">x</a>'


def test_what_cannot_be_seen_is_written_as_an_escape() -> None:
    assert element("p", "a\u202eb\udcff\x1b[31m") == "<p>a\\u202eb\\xff\\x1b[31m</p>"


@given(st.text())
def test_any_text_leaves_the_page_whole(words: str) -> None:
    page = element("div", element("a", words, href=words), element("p", "end"))
    assert read(page).text.endswith("end")
    page.encode()
