"""What the live screen of `watch` draws."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from control.test_document import document, failed_over, well
from route_switcher.cli import status_screen
from route_switcher.cli.live_screen import _STYLES, View, _drawn

TIME = "2026-11-27T12:00:00.000+00:00"


def said(kind: str, **keys: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps({"kind": kind, "time": TIME, **keys}))
    return found


@pytest.mark.parametrize("width", [200, 80, 60, 40])
@pytest.mark.parametrize("height", [40, 24, 8, 2, 1])
def test_it_fits_whatever_the_size(width: int, height: int) -> None:
    view = View()
    view.take(said("status", status=document(failed_over())), 0.0)
    for number in range(60):
        view.take(said("event", message=f"{number} " + "something happened " * 20), 0.0)
    lines = view.lines(width, height, 0.0)
    assert 0 < len(lines) <= height
    if height == 40:
        assert any("59 something" in line for line in lines)
    if width >= 60:
        # The rows of figures; long words are cut when they are drawn.
        assert all(len(line) <= width for line in lines if "lost" in line)


def test_times_go_on_while_nothing_is_said() -> None:
    view = View()
    view.take(said("status", status=document(well())), 100.0)
    now, later = (" ".join(view.lines(100, 40, 100.0 + s)) for s in (0.0, 30.0))
    assert "running for 1 min 40 s" in now
    assert "running for 2 min 10 s" in later


def test_whatever_stands_out_has_a_style() -> None:
    source = Path(inspect.getfile(status_screen)).read_text("utf-8")
    heads = set(re.findall(r'"([A-Z ]+:) ', source)) | {"NO ENGINE:"}
    assert "REFUSING:" in heads
    assert heads <= _STYLES.keys()


def test_nothing_that_is_said_is_obeyed_by_the_terminal() -> None:
    status = json.loads(json.dumps(document(well())).replace("secondary", "\\u001b[2J\\u202e"))
    view = View()
    view.take(said("status", status=status), 0.0)
    view.take(said("event", message="a name \x1b]0;title\x07 \x9b2J [bold]no markup[/]"), 0.0)
    console = Console(width=100, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(_drawn(view.lines(100, 40, 0.0)))
    drawn = capture.get()
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(drawn)
    assert r"\x1b]0;title\x07 \x9b2J [bold]no markup[/]" in drawn


def test_when_the_engine_has_gone_that_is_said_above_what_was_known_last() -> None:
    view = View()
    view.take(said("status", status=document(well())), 0.0)
    view.take(said("no-engine", message="no engine runs"), 1.0)
    lines = view.lines(100, 40, 50.0)
    assert lines[0].startswith("NO ENGINE: no engine runs, since ")
    assert lines[1].startswith("What was known last")
    assert "running for 1 min 40 s" in " ".join(lines)
