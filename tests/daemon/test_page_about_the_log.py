"""docs/log.md has a row for each event that the code can tell, with its fields, and no other."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parents[2]
ENGINE = TOP / "engine" / "route_switcher"
PAGE = TOP / "docs" / "log.md"

NAMED_ELSEWHERE = {
    "packets": {"malformed", "wrong_source", "wrong_token", "late", "repeated", "unasked"}
    | {"foreign", "implausible_stamps", "receive_errors"},
    "conntrack": {"family", "left", "addresses", "again", "deleted", "seconds", "problem"},
    "hook": {"hook", "run", "family", "uplink", "attempt", "seconds", "problem"},
    "hook-output": {"hook", "run", "family", "uplink", "attempt"},
    "order": {"user", "process", "uplink", "force", "seconds", "confirm_seconds"},
}
"""The fields of calls of `say` that have them from a mapping (`**counts`, `**fields`)."""


def told() -> dict[str, set[str]]:
    """The fields of each event, from every call of `say` and every effect."""
    found: dict[str, set[str]] = defaultdict(set)
    found["lost"] = {"lines"}  # told by the writer itself
    for file in ENGINE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
                event = node.args[1]
                if isinstance(event, ast.Constant):
                    name = str(event.value)
                    fields = {word.arg for word in node.keywords if word.arg is not None}
                    if any(word.arg is None for word in node.keywords):
                        fields |= NAMED_ELSEWHERE[name]
                    found[name] |= fields
                else:
                    assert ast.unparse(event) == "effect.log_event"
            elif isinstance(node, ast.ClassDef):
                for event_name in _log_events(node):
                    found[event_name] |= set(_keys(node))
    return found


def _log_events(node: ast.ClassDef) -> Iterator[str]:
    for line in node.body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "log_event":
            assert isinstance(line.value, ast.Constant)
            if line.value.value is not None:
                yield str(line.value.value)


def _keys(node: ast.ClassDef) -> Iterator[str]:
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "log_fields":
            for each in ast.walk(method):
                if isinstance(each, ast.Dict):
                    yield from (ast.literal_eval(key) for key in each.keys if key is not None)


def test_the_page_has_every_event_with_its_fields_and_no_other() -> None:
    rows = re.findall(
        r"^\| `([a-z0-9-]+)` \| [a-z, ]+ \| [^|]+ \|([^|]*)\|$",
        PAGE.read_text("utf-8").partition("| event | level |")[2],
        re.MULTILINE,
    )
    written = {event: set(re.findall(r"`(\w+)`", fields)) for event, fields in rows}
    assert len(written) == len(rows)
    assert written == dict(told())
