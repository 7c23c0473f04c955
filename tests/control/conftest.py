"""A socket where clients look for the engine."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from route_switcher.control.place import NAME
from route_switcher.kernel.host.run_folder import folder_name


@pytest.fixture
def listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where the engine would listen."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    folder = tmp_path / folder_name()
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as found:
        found.bind(str(folder / NAME))
        found.listen(0)
        yield found
