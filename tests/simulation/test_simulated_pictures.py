"""What a simulation shows: a timeline in the terminal, and a page that needs nothing else."""

import re
from html.parser import HTMLParser
from ipaddress import ip_address
from xml.etree import ElementTree

import pytest

from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.simulation.episodes import Episode, Episodes
from route_switcher.simulation.figures import SWITCHES_KEPT
from route_switcher.simulation.html_page import Simulated, page
from route_switcher.simulation.network import Network, WanLine
from route_switcher.simulation.pictures import ASCII, UNICODE, alphabet_for, draw
from route_switcher.simulation.simulate import SimulationResult, simulate
from route_switcher.simulation.svg import svg
from route_switcher.text.durations import span
from support.pinging import pinging, target

SECONDS = 600.0


def _policy(first: str) -> Policy:
    uplinks = tuple(
        Uplink(name, f"eth{n}", ip_address(f"198.51.100.{n + 1}"), 10 * (n + 1), Family.IPV4)
        for n, name in enumerate((first, "secondary"))
    )
    probe = pinging("internet", target("203.0.113.1"), timeout=0.5)
    rule = Rule("no-internet", ConsecutiveFailures("internet", 1), Recover(1.0))
    return Policy(uplinks, (probe,), (rule,), False)


def _result(
    dead: Episodes, *, first: str = "primary", seconds: float = SECONDS
) -> SimulationResult:
    lines = {first: WanLine(dead=dead), "secondary": WanLine(brown=(Episode(300.0, 400.0),))}
    return simulate(_policy(first), Network(lines, {}), seconds)


def _drawn(alphabet: object = UNICODE) -> list[str]:
    result = _result((Episode(100.0, 200.0),))
    chosen = ASCII if alphabet is ASCII else UNICODE
    return list(draw(result.timeline, 80, chosen, lambda _, text: text))


def test_the_picture_fits_its_width() -> None:
    assert max(map(len, _drawn())) <= 80


def test_every_uplink_has_its_line_and_when_it_was_active() -> None:
    lines = _drawn()
    cells = [line.split(maxsplit=2) for line in lines[:4]]
    assert cells[0][:2] == ["primary", "line"]
    assert cells[2][:2] == ["secondary", "line"]
    columns = len(cells[0][2])
    share = cells[0][2].count("█") / columns
    assert share == pytest.approx(100 / SECONDS, abs=0.05)
    assert "░" in cells[2][2] or "▓" in cells[2][2]
    assert lines[1].split()[0] == "active"


def test_a_second_of_a_long_time_is_still_seen() -> None:
    result = _result((Episode(100.0, 101.0),))
    line = next(draw(result.timeline, 60, UNICODE, lambda _, text: text))
    assert "▁" in line


def test_a_terminal_without_blocks_gets_letters() -> None:
    assert alphabet_for("utf-8") is UNICODE
    assert alphabet_for("ascii") is ASCII
    assert alphabet_for("latin-1") is ASCII
    assert alphabet_for(None) is ASCII
    assert "\n".join(_drawn(ASCII)).isascii()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (2.44, "2.4 s"),
        (59.0, "59 s"),
        (59.96, "1 min"),
        (61, "1 min 1 s"),
        (3599.6, "1 h"),
        (3600, "1 h"),
        (7199, "2 h"),
        (86_399, "1 day"),
        (86_400, "1 day"),
        (187_200, "2 days 4 h"),
        (31_536_000, "365 days"),
    ],
)
def test_spans_have_their_two_largest_units(seconds: float, text: str) -> None:
    assert span(seconds) == text


# The page.


class _Tags(HTMLParser):
    """Every element must be closed but those that cannot be; notes names and attributes."""

    _VOID = frozenset({"meta", "br", "path", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _tags(text: str) -> _Tags:
    tags = _Tags()
    tags.feed(text)
    tags.close()
    return tags


def _page(*names: str) -> str:
    result = _result((Episode(100.0, 200.0),))
    return page([Simulated(name, "version: 1\n", result) for name in names], ["seed 1"])


def test_the_page_is_well_formed() -> None:
    assert _tags(_page("dual-wan")).open == []
    assert _tags(_page("one", "other")).open == []


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    text = _page("dual-wan")
    tags = {tag for tag, _ in _tags(text).seen}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed"}
    assert not re.search(r"https?:|url\(|@import|\bon\w+=", text)


def test_whatever_comes_from_outside_is_escaped() -> None:
    evil = "<script>alert(1)</script>&\"'"
    result = _result((Episode(100.0, 200.0),), first=evil)
    text = page([Simulated(evil, evil, result)], [evil])
    assert "<script" not in text
    assert _tags(text).open == []


def test_the_picture_tells_in_words_what_it_shows() -> None:
    root = ElementTree.fromstring(svg(_result((Episode(100.0, 200.0),)), 3))
    assert root.get("role") == "img"
    texts = {element.tag: element.text or "" for element in root}
    assert root.get("aria-labelledby") == "title3 desc3"
    assert "Timeline" in texts["title"]
    assert "primary: active for" in texts["desc"]
    assert "its line dead for 1 min 40 s" in texts["desc"]


def test_two_policies_have_ids_of_their_own() -> None:
    ids = [attrs["id"] for _, attrs in _tags(_page("one", "other")).seen if "id" in attrs]
    assert len(ids) == len(set(ids)) == 4


def test_the_list_of_switches_ends_and_says_how_many_more_there_are() -> None:
    times = [Episode(10.0 * n, 10.0 * n + 4.0) for n in range(1, 150)]
    result = _result(times, seconds=1600.0)
    (figures,) = result.families.values()
    assert figures.switches > SWITCHES_KEPT == len(result.switches)
    text = page([Simulated("dual-wan", "", result)], [])
    assert f"And {figures.switches - SWITCHES_KEPT} more." in text


def test_a_policy_that_never_switched_has_no_list() -> None:
    text = page([Simulated("dual-wan", "", _result(()))], [])
    assert "<p>None.</p>" in text
