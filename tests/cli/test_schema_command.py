"""`route-switcher schema`."""

import json
from pathlib import Path

import pytest

from route_switcher.cli import EXIT_OK, EXIT_USAGE, main

SCHEMAS = Path(__file__).parents[2] / "schemas"
NAMES = [file.name.removesuffix(".schema.json") for file in sorted(SCHEMAS.glob("*.schema.json"))]


def test_without_a_name_it_is_that_of_a_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == EXIT_OK
    assert capsys.readouterr() == ((SCHEMAS / "policy.schema.json").read_text("utf-8"), "")


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_that_comes_along_is_printed(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", name]) == EXIT_OK
    assert json.loads(capsys.readouterr().out)["$schema"].startswith("http://json-schema.org/")


@pytest.mark.parametrize(
    "word", ["polcy", "POLICY", "../policies/dual-wan", "", "x" * 100, "\x1b["]
)
def test_an_unknown_name_is_wrong_usage(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", word]) == EXIT_USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("route-switcher schema: there is no schema named '")
    assert "\x1b" not in err
    assert "policy" in err


def test_a_misspelt_name_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    main(["schema", "polcy"])
    assert "did you mean 'policy'?" in capsys.readouterr().err


def test_help_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["schema", "--help"])
    assert ", ".join(NAMES) in " ".join(capsys.readouterr().out.split())
