"""What an administrator shows to the provider: in the terminal, as a page, and for programs."""

import json
import os
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE, main
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.past.account import Account
from route_switcher.reporting.data import as_data
from route_switcher.reporting.figures import share
from route_switcher.reporting.page import page
from route_switcher.reporting.text import text
from support.html_pages import read, unsound
from support.journal_on_disk import keep, world
from support.lived import NOON, Lives, lived
from support.world import World, policy

TOP = Path(__file__).parents[2]
SCHEMA = Draft7Validator(json.loads((TOP / "schemas" / "report.schema.json").read_text("utf-8")))
RULES = policy()


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@cache
def _much() -> Account:
    """All kinds of trouble, and a time in which no engine ran."""
    there = World(RULES).run(1000.0)
    there.outage("primary", 1160.0)
    there.run(2000.0)
    there.link("primary", up=False, carrier=False)
    there.run(2500.0)
    there.link("primary")
    there.silence("secondary")
    there.run(3000.0)
    there.silence("secondary", False)
    there.switch("secondary", seconds=600.0)
    there.run(3100.0)
    there.outage("primary", 3200.0)
    there.run(5000.0)
    lives = Lives()
    lives.add(there, RULES, ends=5000.0)
    lives.add(World(RULES).run(500.0), RULES, ahead=NOON + 8000)
    return lives.account(NOON + 8500)


def test_a_report_fits_into_80_columns_and_says_all_that_is_asked() -> None:
    told = _much()
    lines = list(text(told, told.uplinks))
    assert max(map(len, lines)) <= 80
    whole = " ".join(" ".join(lines).split())
    for said in (
        "from 2026-11-27 13:00 CET until 2026-11-27 15:21 CET (2 h 22 min)",
        "without service 2 min 41 s, 1 time",
        "primary without service 2026-11-27 13:16:40 CET 2 min 41 s Rule no-internet: 3 rounds in"
        " a row failed: no answer within 1 s. Probe internet: 161 rounds failed. Users saw 3 s of"
        " it. Meanwhile secondary had service.",
        "Not counted: the traffic was ordered to secondary.",
        "The interface eth0 was down on this machine.",
        "secondary, not counted",
        "The probes said nothing: delayed.",
        "Then secondary was selected: the active uplink failed.",
        "primary to secondary: ordered; ",
        "The engine was stopped.",
    ):
        assert said in whole


def test_a_report_of_one_uplink_tells_of_others_only_how_they_fared() -> None:
    told = _much()
    lines = "\n".join(text(told, [UplinkId("primary", Family.IPV4)]))
    assert "secondary without service" not in lines
    assert "Meanwhile secondary had service." in " ".join(lines.split())


def test_a_line_that_was_always_well_is_told_of() -> None:
    told = lived(World(RULES).run(100.0), RULES, 100.0)
    lines = "\n".join(text(told, told.uplinks))
    assert "primary without service\n  Never." in lines
    assert re.search("^  availability +100 %$", lines, re.MULTILINE)
    assert "The engine ran all the time." in lines
    assert "primary was never without service." in page(told, told.uplinks)


def test_outages_behind_another_line_are_not_in_the_report_of_one() -> None:
    there = World(RULES).run(100.0)
    there.cut("primary")
    there.run(200.0)
    there.outage("secondary", 250.0)
    there.mend("primary")
    there.run(500.0)
    told = lived(there, RULES, 500.0)
    data = json.loads(json.dumps(as_data(told, [UplinkId("primary", Family.IPV4)])))
    assert [outage["uplinks"] for outage in data["outages"]] == [["primary"]]
    data = json.loads(json.dumps(as_data(told, told.uplinks)))
    assert [outage["uplinks"] for outage in data["outages"]] == [["primary"], ["secondary"]]


def test_an_outage_behind_a_line_to_which_the_traffic_was_ordered_is_told_apart() -> None:
    there = World(RULES).run(100.0)
    there.switch("secondary", force=True, seconds=300.0)
    there.run(150.0)
    there.outage("secondary", 200.0)
    there.run(500.0)
    told = lived(there, RULES, 500.0)
    whole = " ".join(" ".join(text(told, told.uplinks)).split())
    assert "No provider is to be asked: the traffic was ordered to secondary." in whole


@pytest.mark.parametrize(
    ("value", "words"),
    [(1.0, "100 %"), (0.9999999, "99.999 %"), (0.5, "50.000 %"), (None, "not known")],
)
def test_an_availability_is_never_rounded_up_to_all(value: float | None, words: str) -> None:
    assert share(value) == words


def test_the_data_are_as_their_schema_says() -> None:
    told = _much()
    data = json.loads(json.dumps(as_data(told, told.uplinks)))
    SCHEMA.validate(data)
    assert data["since"] == "2026-11-27T13:00:00.000+01:00"
    primary = data["uplinks"][0]
    assert [t["counts"] for t in primary["troubles"]] == [True, False, False]
    assert data["gaps"][0]["seconds"] == 3000.0


def test_the_page_has_every_entry_and_every_bar_leads_to_one() -> None:
    told = _much()
    whole = page(told, told.uplinks)
    assert unsound(whole) == []
    rows = read(whole).rows
    assert rows["dead0-0"][:2] == ["2026-11-27 13:16:40 CET", "2 min 41 s"]
    assert {"apart0-0", "apart0-1", "apart1-0", "seen-0", "switch-0", "gap-0"} <= rows.keys()
    bars = read(whole).links
    assert bars["#dead0-0"] == (
        "primary: without service for 2 min 41 s, from 2026-11-27 13:16:40 CET"
    )
    assert "nobody watched for 50 min" in bars["#gap-0"]


def test_names_from_outside_are_escaped() -> None:
    rules = policy()
    there = World(rules).run(50.0)
    told = lived(there, rules, 50.0)
    evil = UplinkId("<script>x</script>\u202e", Family.IPV4)
    whole = page(told, [evil])
    assert unsound(whole) == []
    assert "\u202e" not in whole


def test_where_the_clock_goes_back_an_hour_the_zone_tells_which_one_it_is() -> None:
    there = World(RULES).run(100.0)
    there.outage("primary", 130.0)
    there.run(300.0)
    lives = Lives()
    # 2026-10-25 02:30 CEST; half an hour later it is 02:00 CET.
    begin = 1_792_888_200.0
    for ahead in (begin, begin + 3600):
        lives.add(there, RULES, ahead=ahead)
    told = lives.account(begin + 4000, since=begin)
    whole = "\n".join(text(told, told.uplinks))
    assert "2026-10-25 02:31:40 CEST" in whole
    assert "2026-10-25 02:31:40 CET" in whole


# The command.


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A state directory, in which there is no journal yet."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    return tmp_path / "journal"


@cache
def _an_outage() -> World:
    there = world().run(200.0)
    there.outage("fibre", 360.0)
    return there.run(600.0)


def _keep_an_outage(folder: Path) -> None:
    keep(folder, _an_outage(), wall=time.time() - 3000.0)


def test_the_command_reports_from_the_journal(
    capsys: pytest.CaptureFixture[str], state: Path
) -> None:
    _keep_an_outage(state)
    file = state.parent / "page.html"
    assert main(["report", "--since", "1h", "--html", str(file)]) == EXIT_OK
    said = capsys.readouterr().out
    assert "fibre without service\n" in said
    assert "161 rounds failed" in " ".join(said.split())
    assert "there is no journal of that time" in said.lower()
    assert unsound(file.read_text("utf-8")) == []
    assert main(["report", "--since", "1h", "--uplink", "lte", "--json"]) == EXIT_OK
    data = json.loads(capsys.readouterr().out)
    SCHEMA.validate(data)
    assert [its["uplink"] for its in data["uplinks"]] == ["lte"]


def test_a_month_is_just_that_month(capsys: pytest.CaptureFixture[str], state: Path) -> None:
    """As `history` takes it."""
    keep(state, _an_outage(), wall=time.mktime((2020, 1, 10, 12, 0, 0, 0, 0, -1)))
    assert main(["report", "--since", "2020-01", "--json"]) == EXIT_OK
    data = json.loads(capsys.readouterr().out)
    assert data["since"] == "2020-01-01T00:00:00.000+01:00"
    assert data["until"] == "2020-02-01T00:00:00.000+01:00"


def test_what_cannot_be_reported_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], state: Path
) -> None:
    assert main(["report"]) == EXIT_PROBLEMS
    assert capsys.readouterr().err.startswith("route-switcher report: there is no journal")
    _keep_an_outage(state)
    assert main(["report", "--uplink", "fiber"]) == EXIT_USAGE
    assert "there was no uplink 'fiber': did you mean 'fibre'?" in capsys.readouterr().err
    assert main(["report", "--html", "/nowhere/page.html"]) == EXIT_PROBLEMS
    assert "cannot write /nowhere/page.html" in capsys.readouterr().err
    for words in (
        ("--since", "the day before"),
        ("--since", "2999-01-01"),
        ("--until", "never"),
        ("--since", "1h", "--until", "2h"),
    ):
        assert main(["report", *words]) == EXIT_USAGE
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("route-switcher report: ")


def test_a_report_ends_where_until_says(capsys: pytest.CaptureFixture[str], state: Path) -> None:
    keep(state, _an_outage(), wall=time.mktime((2020, 1, 10, 12, 0, 0, 0, 0, -1)))
    assert main(["report", "--since", "2020-01-05", "--until", "2020-01-10", "--json"]) == EXIT_OK
    data = json.loads(capsys.readouterr().out)
    assert data["since"] == "2020-01-05T00:00:00.000+01:00"
    assert data["until"] == "2020-01-11T00:00:00.000+01:00"


def test_a_journal_of_a_policy_that_is_not_understood_any_more_is_reported(
    capsys: pytest.CaptureFixture[str], state: Path
) -> None:
    keep(state, _an_outage(), wall=time.time() - 3000.0, policy="version: 99\n")
    assert main(["report", "--since", "1h"]) == EXIT_OK
    assert "161 rounds failed" in " ".join(capsys.readouterr().out.split())


def test_a_journal_that_is_cut_off_anywhere_is_reported(
    capsys: pytest.CaptureFixture[str], state: Path
) -> None:
    _keep_an_outage(state)
    (file,) = state.iterdir()
    content = file.read_bytes()
    for length in range(0, len(content), len(content) // 10):
        file.write_bytes(content[:length])
        code = main(["report", "--since", "1h"])
        assert code in (EXIT_OK, EXIT_PROBLEMS)
        assert "Traceback" not in capsys.readouterr().err
    assert os.path.exists(file)
