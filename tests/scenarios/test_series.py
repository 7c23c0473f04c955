"""The notation of rounds: what it means, which round gets what, and what is said of nonsense."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.scenarios.scenario import LinkWord
from route_switcher.scenarios.series import (
    Cursor,
    Outcome,
    SeriesError,
    parse_series,
    stretches,
)

SECOND = 1_000_000_000
_LETTERS = {Outcome.GOOD: "g", Outcome.LOST: "l", Outcome.UNKNOWN: "u", Outcome.AT: "a"}


def course(text: str, rounds: int, every: float = 1.0, start: float = 0.0) -> str:
    """The outcomes of rounds that are sent at a steady interval, a letter for each."""
    cursor = Cursor(parse_series(text))
    times = (round((start + n * every) * SECOND) for n in range(rounds))
    return "".join(_LETTERS[cursor.next(at).outcome] for at in times)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("good", "gggggg"),
        ("lost", "llllll"),
        ("3 good, lost", "ggglll"),
        ("2 good, 1 lost, good", "gglggg"),
        ("good, lost, good", "glgggg"),
        ("2 unknown, at 30ms", "uuaaaa"),
        ("1 good, 2 at 30ms, lost", "gaalll"),
        ("2 x (1 good, 1 lost), good", "glglgg"),
        ("2x(good, lost), unknown", "glgluu"),
        ("2 x (1 lost, 2 x (1 good)), unknown", "lgglgg"),
        ("3 x (good, lost)", "glglgl"),
        ("1 x (good), 2 x (lost)", "glllll"),
        ("2s lost, good", "llgggg"),
        ("1s good, 2s lost, 3 at 20ms, unknown", "gllaaa"),
        ("2 good, 2s lost, good", "ggllgg"),
        ("  2   good ,lost ", "ggllll"),
    ],
)
def test_a_series_says_what_becomes_of_each_round(text: str, expected: str) -> None:
    assert course(text, len(expected)) == expected


def test_a_count_is_of_rounds_and_a_duration_is_of_time() -> None:
    assert course("3 lost, good", 8, every=0.25) == "lllggggg"
    assert course("1s lost, good", 8, every=0.25) == "llllgggg"
    assert course("1s lost, good", 4, every=0.25, start=0.5) == "llgg"
    # The time after counted rounds begins with the first round in it.
    assert course("2 good, 1s lost, good", 8, every=0.5, start=0.25) == "ggllgggg"


def test_times_that_nobody_asks_in_pass() -> None:
    assert course("1s good, 1s lost, 1s good, 1s lost, unknown", 3, every=2.5) == "ggu"


def test_a_share_of_losses_is_spread_evenly() -> None:
    assert course("20% lost", 10) == "gggglggggl"
    assert course("4 50% lost, 2 lost, good", 8) == "glglllgg"
    assert course("100% lost", 3) == "lll"
    assert course("7% lost", 100).count("l") == 7


def test_an_answer_takes_as_long_as_it_says() -> None:
    (stretch,) = stretches(parse_series("at 300ms"))
    assert stretch.rtt == 0.3
    (stretch,) = stretches(parse_series("10s at 1.5s"))
    assert (stretch.rtt, stretch.span) == (1.5, 10 * SECOND)


def test_the_series_of_hours_takes_no_memory() -> None:
    cursor = Cursor(parse_series("999999999 x (100 good, 1 lost)"))
    assert cursor.next(0).outcome is Outcome.GOOD


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("10 losst", "'losst' cannot stand here in a series", "did you mean 'lost'?"),
        ("10 good 3 lost", "'3' cannot stand here in a series", "is a ',' missing before it?"),
        ("10", "the series ends where an outcome is expected", "write for example"),
        ("10 good,", "the series ends where an outcome is expected", "write for example"),
        ("", "the series ends where an outcome is expected", "write for example"),
        ("0 good", "'0' cannot stand here in a series", "write 1 or more"),
        ("-5 good", "'-' cannot stand here in a series", "write 1 or more"),
        ("1 min good", "'min' cannot stand here in a series", "write '1m'"),
        ("90 seconds lost", "'seconds' cannot stand here in a series", "write '90s'"),
        ("5 * (2 lost, good)", "'*' cannot stand here in a series", "write 'x'"),
        ("at 300", "'300' cannot stand here in a series", "a unit is missing: write 'at 300ms'"),
        ("1m up, lost", "'up' cannot stand here in a series", "did you mean 'good'?"),
        ("1m ok, lost", "'ok' cannot stand here in a series", "did you mean 'good'?"),
        ("1m good, timeout", "'timeout' cannot stand here in a series", "did you mean 'lost'?"),
        ("1m good, Failed", "'Failed' cannot stand here in a series", "did you mean 'lost'?"),
        ("1m good then lost", "'then' cannot stand here in a series", "write a ',' instead"),
        ("1m good; lost", "';' cannot stand here in a series", "write a ',' instead"),
        ("0s good", "'0s' is no time at all", "write a longer one"),
        ("3 x good", "a '(' is missing after '3 x'", "write '3 good'"),
        ("3x lost", "a '(' is missing after '3 x'", "write '3 lost'"),
        ("3 x 20% lost", "a '(' is missing after '3 x'", "write for example"),
        ("3 x (good", "a ')' is missing at the end of the series", "close every '('"),
        ("3 x (good lost)", "'lost' cannot stand here in a series", "is a ',' missing before it?"),
        ("good)", "')' cannot stand here in a series", "remove it"),
        ("20%", "'lost' is missing after '20%'", "write '20% lost'"),
        ("50% loss", "'lost' is missing after '50%'", "write '50% lost'"),
        ("1m 50% good", "'lost' is missing after '50%'", "write '50% lost'"),
        ("20 % lost", "'%' cannot stand here in a series", "write '20% lost'"),
        ("30s1m good", "'30s1m' cannot stand here in a series", "write 90s"),
        ("at 500ms1s", "'500ms1s' cannot stand here in a series", "write 1500ms"),
        ("0s0m lost", "'0s0m' cannot stand here in a series", "write for example"),
        ("10 good for 5s", "'for' cannot stand here in a series", "write for example"),
        ("0% lost", "'0%' is not a share", "write 1% to 100%"),
        ("101% lost", "'101%' is not a share", "write 1% to 100%"),
        ("5 at soon", "'soon' cannot stand here in a series", "write for example"),
        ("5 at", "the series ends where an outcome is expected", "write for example"),
        ("5w good", "'5w' cannot stand here in a series", "write for example"),
        ("9 x (" * 9 + "good" + ")" * 9, "brackets are nested more than 8 deep", "nest fewer"),
    ],
)
def test_nonsense_is_named(text: str, message: str, hint: str) -> None:
    with pytest.raises(SeriesError) as caught:
        parse_series(text)
    assert str(caught.value) == message
    assert caught.value.hint.startswith(hint)


STRETCH_OR_ANSWER = (
    "write '1m good' for a stretch of time, or 'at 1m' for an answer after that time"
)
NEXT = "is a ',' missing before it?"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("1m good, 1m, good", "'1m' alone is no outcome", STRETCH_OR_ANSWER),
        ("good, 1m, lost, 5s", "'1m' alone is no outcome", STRETCH_OR_ANSWER),
        ("2 x (lost, 1m), good", "'1m' alone is no outcome", STRETCH_OR_ANSWER),
        ("1m", "'1m' alone is no outcome", STRETCH_OR_ANSWER),
        ("good 1m, lost", "'1m' cannot stand here in a series", "write '1m good'"),
        ("lost 5s", "'5s' cannot stand here in a series", "write '5s lost'"),
        ("lost for 10s", "'for' cannot stand here in a series", "write '10s lost'"),
        ("2 x (good, lost 3)", "'3' cannot stand here in a series", "write '3 lost'"),
        ("lost 20%", "'20%' cannot stand here in a series", "write '20% lost'"),
        ("good 3 lost", "'3' cannot stand here in a series", NEXT),
        ("10 good 5s, lost", "'5s' cannot stand here in a series", NEXT),
    ],
)
def test_a_time_says_what_becomes_of_the_rounds_in_it(text: str, message: str, hint: str) -> None:
    with pytest.raises(SeriesError) as caught:
        parse_series(text)
    assert (str(caught.value), caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("5s down", "{at: 5s, link: NAME, becomes: down}"),
        ("5s unplugged, good", "{at: 5s, link: NAME, becomes: unplugged}"),
        ("3 good, missing", "{at: TIME, link: NAME, becomes: missing}"),
        ("lost, 3 connected", "{at: TIME, link: NAME, becomes: connected}"),
    ],
)
def test_a_link_is_not_rounds(text: str, event: str) -> None:
    with pytest.raises(SeriesError) as caught:
        parse_series(text)
    assert caught.value.hint == f"a link is an event: {event}"
    assert event.rsplit(" ", 1)[1].removesuffix("}") in {word.value for word in LinkWord}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("10 good, 3 losst, good", "losst"),
        ("good, 1m, lost", "1m"),
        (" lost for 10s , good", "for"),
        ("10 good 3 lost", "3"),
        ("good)", ")"),
        ("5 at soon", "soon"),
        ("10 good, ", "10 good, "),
    ],
)
def test_the_place_of_nonsense_is_known(text: str, wrong: str) -> None:
    with pytest.raises(SeriesError) as caught:
        parse_series(text)
    begin, end = caught.value.place
    assert text[begin:end] == wrong


@given(st.text(st.sampled_from("0123456789 goodlstunkwa(),x%m."), max_size=40))
def test_any_text_is_a_series_or_an_error(text: str) -> None:
    try:
        parts = parse_series(text)
    except SeriesError:
        return
    assert list(islice(stretches(parts), 3))
