"""What docs/history.md shows is what the program prints."""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from route_switcher.cli import history, main
from route_switcher.policy.load import load_text
from support.remembered import NOW, TEXT, remember

TOP = Path(__file__).parents[1]
PAGE = (TOP / "docs" / "history.md").read_text("utf-8")
SCHEMA = json.loads((TOP / "schemas" / "history.schema.json").read_text("utf-8"))
SHOWN = re.findall(r"`\$ route-switcher (history[^`]*)`\n\n```\n(.*?)```\n", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder with the journal of the page."""
    state = tmp_path_factory.mktemp("state")
    remember(state)
    return state


@pytest.fixture(autouse=True)
def at_noon(written: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As the page has it."""
    monkeypatch.setenv("STATE_DIRECTORY", str(written))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(history, "time_of_day", lambda: NOW.astimezone())
    yield
    monkeypatch.undo()
    time.tzset()


Say = Callable[..., str]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """What a command prints."""

    def run(*words: str, code: int = 0) -> str:
        assert main(["history", *words]) == code
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return run


@pytest.mark.parametrize(("command", "shown"), [pair for pair in SHOWN if "jq" not in pair[0]])
def test_what_the_page_shows_is_printed(say: Say, command: str, shown: str) -> None:
    printed = say(*command.split()[1:])
    assert printed == shown
    assert all(len(line) <= 80 for line in printed.splitlines())


def test_the_json_of_the_page(say: Say) -> None:
    ((command, shown),) = [pair for pair in SHOWN if "jq" in pair[0]]
    words = command.partition(" |")[0].split()[1:]
    switch = json.loads(say(*words))["switches"][0]
    keys = ("at", "previous", "selected", "cause")
    assert json.loads(shown) == {key: switch[key] for key in keys}


@pytest.mark.parametrize("since", ["7d", "2026-03", "2020-01", "1s"])
def test_the_json_is_as_the_schema_says(say: Say, since: str) -> None:
    document = json.loads(say("--since", since, "--json"))
    Draft7Validator(SCHEMA).validate(document)


def test_an_outage_is_told_once_with_its_length(say: Say) -> None:
    document = json.loads(say("--json"))
    (outage,) = document["outages"]
    assert (outage["uplinks"], outage["lasting"]) == (["fibre"], False)
    first = document["switches"][0]
    assert outage["begins"] == first["lost"] < first["detected"] <= first["at"] <= first["acted"]
    assert outage["ends"] == first["at"]
    assert first["answered"] > first["acted"]
    # Three rounds, of which the last has its second; then the answer of the other line.
    assert 3.0 <= outage["seconds"] < 3.2


def test_only_what_is_about_an_uplink_is_told(say: Say) -> None:
    assert {u["uplink"] for u in json.loads(say("--json", "--uplink", "lte"))["uplinks"]} == {"lte"}
    refused = say("--uplink", "cable", code=2)
    assert "knows no uplink 'cable'; it knows: fibre, lte" in refused


@pytest.mark.parametrize("since", ["7 days", "march", "2026-13", "2026-02-30", "-1d", "", "1e9d"])
def test_what_is_no_time_is_refused_with_what_to_write(say: Say, since: str) -> None:
    refused = say(f"--since={since}", code=2)
    assert "is no time: write " in refused
    assert "Traceback" not in refused


def test_a_time_that_ends_before_it_begins_is_refused(say: Say) -> None:
    assert "not before" in say("--since", "2026-11-26", "--until", "2026-11-20", code=2)


def test_a_time_to_come_is_refused(say: Say) -> None:
    assert "'2027-01-01' is not in the past" in say("--since", "2027-01-01", code=2)


def test_where_there_is_no_journal_that_is_said(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    refused = say(code=1)
    assert "there is no journal" in refused
    assert "journal: {size: none}" in refused
    assert str(tmp_path / "journal") in refused


def test_where_it_cannot_be_read_that_is_said(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "loop"))
    assert "the journal cannot be read" in say(code=1)


def test_the_policy_of_the_page_is_sound() -> None:
    assert load_text(TEXT, "policy").names == ("fibre", "lte")
    assert os.environ["TZ"] == "UTC"
