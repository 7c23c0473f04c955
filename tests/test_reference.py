"""The pages in docs/reference are what the schema and `--help` say now."""

import sys

import pytest

from support import reference


def test_the_pages_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.version_info[:2] != (3, 11):
        pytest.skip("each version of Python lays out help in its own way: 3.11 made the pages")
    monkeypatch.setenv("COLUMNS", "80")
    for name, text in reference.pages().items():
        written = (reference.FOLDER / name).read_text("utf-8")
        assert written == text, f"{name} is out of date: `make reference` writes it again"
