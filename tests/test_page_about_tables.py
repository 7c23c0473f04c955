"""What the page about next hops and tables says is so."""

import re
import shlex
from pathlib import Path

import pytest

from route_switcher.analysis.prose.placement import rules
from route_switcher.core.vocabulary.policy_rules import PREFERENCE
from route_switcher.core.vocabulary.routes import LEASE_TABLE, PROTOCOL
from route_switcher.policy.load import load_text

TOP = Path(__file__).parents[1]
PAGE = (TOP / "docs" / "next-hops-and-tables.md").read_text("utf-8")
ROWS = re.findall(r"^\| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
KEYS = re.compile(r"`((?:gateway|families|routes): [^`]+)`")


def test_its_policy_is_sound_and_has_the_tables_that_it_says() -> None:
    written, *parts = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    policy = load_text(written, "page")
    assert policy.names == ("fibre", "lte")
    assert [policy.placement.table, *map(policy.placement.table_of, range(2))] == [115, 116, 117]
    kinds = len(list(rules(policy))) - 2 * (len(policy.names) - 1)
    assert kinds == len(re.findall(r"^\d\. ", PAGE, re.MULTILINE)) == 4
    assert parts
    for part in parts:
        assert load_text(written + part, "page") != policy


@pytest.mark.parametrize("what", [row[1] for row in ROWS if "`gateway:" in row[1]])
def test_each_line_can_be_written_so(what: str) -> None:
    keys = ", ".join(KEYS.findall(what))
    load_text(f"version: 1\nuplinks: {{a: {{interface: ppp0, {keys}}}}}\n", "page")


@pytest.mark.parametrize("row", [row for row in ROWS if "routes:" in row[0]])
def test_each_table_is_the_one_that_it_says(row: tuple[str, str]) -> None:
    (key,) = KEYS.findall(row[0])
    text = f"version: 1\nuplinks: {{a: {{interface: eth0, gateway: auto}}}}\n{key}\n"
    table = load_text(text, "page").placement.table
    assert row[1].split(",")[0].strip("`") == ("main" if table == 254 else str(table))


def test_numbers_are_those_of_the_program() -> None:
    assert f"preference {PREFERENCE} and protocol {PROTOCOL}" in PAGE
    assert f"into table {LEASE_TABLE}" in PAGE


def test_what_is_installed_is_there() -> None:
    installed = [shlex.split(line) for line in re.findall(r"^sudo (install .+)$", PAGE, re.M)]
    assert len(installed) == 6
    for words in installed:
        assert (TOP / words[3]).is_file()


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", PAGE):
        assert (TOP / "docs" / link).exists()
