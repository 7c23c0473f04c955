"""A control socket in a folder of the test."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio

from route_switcher.control.place import NAME
from route_switcher.daemon.control.listener import Listener
from route_switcher.kernel.host.run_folder import folder_name


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the socket will be."""
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    return folder / folder_name() / NAME


@pytest.fixture
def threads_take_no_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock that jumps does not see that a thread is at work."""
    # A thread holds back the signals of the daemon, for itself alone.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())

    async def run_sync(work: Callable[[], object], **_: object) -> object:
        await trio.lowlevel.checkpoint()
        return work()

    monkeypatch.setattr(trio.to_thread, "run_sync", run_sync)
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.fixture
def listener(place: Path) -> Iterator[Listener]:
    with Listener() as listening:
        yield listening
