"""`route-switcher COMMAND --help` on a terminal of 80 columns."""

import argparse

import pytest

from route_switcher.cli import main, parser

COMMANDS = next(
    action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
)


@pytest.mark.parametrize("words", [[], *([command] for command in COMMANDS)])
def test_help_fits_into_80_columns(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("usage: route-switcher ")
    assert [line for line in lines if len(line) > 80] == []
