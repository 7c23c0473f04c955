"""The sample of docs/report.md is what the program prints."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from route_switcher.cli import main
from route_switcher.past.account import Account
from route_switcher.policy.load import load_text
from route_switcher.reporting.text import text
from support.journal_on_disk import POLICY, world
from support.lived import NOON, Lives

PAGE = (Path(__file__).parents[2] / "docs" / "report.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _two_hours() -> Account:
    there = world().run(1000.4)
    there.outage("fibre", 1540.7)
    there.run(4000.0)
    there.link("fibre", up=False, carrier=False)
    there.run(4060.0)
    there.link("fibre")
    there.run(7200.0)
    lives = Lives()
    lives.add(there, load_text(POLICY, "policy.yaml"))
    return lives.account(NOON + 7200)


def test_the_sample() -> None:
    told = _two_hours()
    only = [its for its in told.uplinks if its.name == "fibre"]
    (sample,) = re.findall(r"^```\n\$ route-switcher report .*?\n(.*?)^```$", PAGE, re.M | re.S)
    shown = "\n".join(text(told, only)) + "\n"
    assert sample == shown


def test_the_options_that_the_page_names_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["report", "--help"])
    said = capsys.readouterr().out
    named = set(re.findall(r"--[a-z]+", PAGE))
    assert named == {"--since", "--until", "--uplink", "--html", "--json"}
    assert all(option in said for option in named)
