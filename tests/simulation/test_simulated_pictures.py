"""What a simulation shows: a timeline in the terminal, and a page that needs nothing else."""

from ipaddress import ip_address

import pytest

from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.drawing.terminal import ASCII, UNICODE, alphabet_for, draw
from route_switcher.simulation.episodes import Episode, Episodes
from route_switcher.simulation.figures import SWITCHES_KEPT
from route_switcher.simulation.network import Network, WanLine
from route_switcher.simulation.page import Simulated, page
from route_switcher.simulation.simulate import SimulationResult, simulate
from route_switcher.text.durations import span
from support.html_pages import read, unsound
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
    return list(draw(result.timeline.shares, 80, chosen, lambda _, text: text))


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
    line = next(draw(result.timeline.shares, 60, UNICODE, lambda _, text: text))
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


def _page(*names: str) -> str:
    result = _result((Episode(100.0, 200.0),))
    return page([Simulated(name, "version: 1\n", result) for name in names], ["seed 1"])


@pytest.mark.parametrize("names", [("dual-wan",), ("one", "other")])
def test_the_page_is_sound(names: tuple[str, ...]) -> None:
    assert unsound(_page(*names)) == []


def test_whatever_comes_from_outside_is_escaped() -> None:
    evil = "<script>alert(1)</script>&\"'\u202e"
    result = _result((Episode(100.0, 200.0),), first=evil)
    text = page([Simulated(evil, evil, result)], [evil])
    assert unsound(text) == []
    assert "\u202e" not in text
    assert "<script>alert(1)</script>" in read(text).text


def test_every_outage_switch_and_trouble_of_a_line_is_listed() -> None:
    rows = read(_page("dual-wan")).rows
    assert rows["seen0-0-0"][:2] == ["0 d 00:01:40.00", "0.52 s"]
    assert rows["seen0-0-0"][2] == (
        "the line of primary was dead; then secondary carried the traffic"
    )
    assert rows["dead0-0-0"] == ["0 d 00:01:40.00", "1 min 40 s", "primary dead"]
    assert rows["brown0-1-0"] == ["0 d 00:05:00.00", "1 min 40 s", "secondary in a brown-out"]
    assert ["primary", "secondary"] in [row[1:3] for row in rows.values()]


@pytest.mark.parametrize(
    ("dead", "end"),
    [
        (Episode(100.0, 200.0), "then secondary carried the traffic"),
        (Episode(100.0, 100.1), "then the line came back"),
        (Episode(599.9, 700.0), "it lasted at the end"),
    ],
)
def test_an_outage_says_how_it_ended(dead: Episode, end: str) -> None:
    text = page([Simulated("dual-wan", "", _result((dead,)))], [])
    assert read(text).rows["seen0-0-0"][2] == f"the line of primary was dead; {end}"


def test_a_bar_says_what_it_is_to_mouse_keyboard_and_reader_alike() -> None:
    bars = read(_page("dual-wan")).links
    assert bars["#dead0-0-0"] == "primary: line dead for 1 min 40 s, from 0 d 00:01:40.00"


def test_a_month_of_flaps_is_a_page_that_stays_small() -> None:
    times = [Episode(n, n + 0.3) for n in range(1, 1500)]
    result = _result(times, seconds=1_500.0)
    bars = sum(len(c.dead.runs) for c in result.timeline.courses.values())
    assert bars <= 480
    assert len(page([Simulated("dual-wan", "", result)], [])) < 1_000_000


def test_the_list_of_switches_ends_and_says_how_many_more_there_are() -> None:
    times = [Episode(4.0 * n, 4.0 * n + 2.0) for n in range(1, 600)]
    result = _result(times, seconds=2410.0)
    (figures,) = result.families.values()
    assert figures.switches > SWITCHES_KEPT == len(result.switches)
    text = page([Simulated("dual-wan", "", result)], [])
    assert f"And {figures.switches - SWITCHES_KEPT} more." in text
    assert unsound(text) == []


def test_a_policy_that_never_switched_has_no_list() -> None:
    text = page([Simulated("dual-wan", "", _result(()))], [])
    assert "<p>0 switches." in text
    assert unsound(text) == []
