import os
import subprocess
import sys

import pytest

from route_switcher.kernel.host import lock
from route_switcher.kernel.host.lock import AlreadyRunning, Lock

HOLD = """
from route_switcher.kernel.host.lock import Lock
lock = Lock()
print("held", flush=True)
input()
"""


@pytest.mark.kernel
def test_the_second_engine_in_a_namespace_learns_who_the_first_is() -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning, match=rf"\(process {first.pid}\)") as caught:
            Lock()
        assert caught.value.pid == first.pid
        first.kill()
    with Lock():
        pass


CHILD = """
import os, time
if os.fork() == 0:
    time.sleep(0.5)
    os._exit(0)
"""


@pytest.mark.kernel
def test_a_program_that_a_killed_engine_was_starting_holds_it_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lock, "_PATIENCE", 60.0)  # that moment is long where it is busy
    script = HOLD.replace("print(", f"{CHILD}print(")
    words = [sys.executable, "-P", "-c", script]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning):
            Lock()
        first.kill()
        os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
        with Lock():
            pass


@pytest.mark.kernel
def test_the_lock_can_be_taken_again_after_it_was_let_go() -> None:
    for _ in range(2):
        with Lock(), pytest.raises(AlreadyRunning, match=str(os.getpid())):
            Lock()


@pytest.mark.kernel
def test_who_asked_too_often_still_learns_that_it_is_held() -> None:
    with Lock():
        for _ in range(200):
            with pytest.raises(AlreadyRunning):
                Lock()


@pytest.mark.kernel
def test_another_network_namespace_has_a_lock_of_its_own() -> None:
    with Lock():
        done = subprocess.run(
            ["unshare", "--net", sys.executable, "-P", "-c", HOLD],
            input="\n",
            text=True,
            capture_output=True,
        )
    assert done.stdout == "held\n", done.stderr
