"""A folder for scenario files."""

from pathlib import Path

import pytest

from support.written_scenarios import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with a policy in it."""
    return Folder(tmp_path)
