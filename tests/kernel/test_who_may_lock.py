"""Who holds the lock, who keeps us from it, and who cannot."""

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from route_switcher.kernel.host.lock import AlreadyRunning, Lock

pytestmark = pytest.mark.kernel

HOLD = """
from route_switcher.kernel.host.lock import AlreadyRunning, Lock
try:
    lock = Lock()
except AlreadyRunning as error:
    print("refused", flush=True)
else:
    print("held", *lock.notes, sep="|", flush=True)
    input()
"""
SQUAT = """
import socket
taken = socket.socket(socket.AF_UNIX, socket.{kind})
taken.bind("\\0route-switcher")
{more}
print("held", flush=True)
input()
"""
LISTENING = SQUAT.format(kind="SOCK_STREAM", more="taken.listen(1)")
USER, OTHER = 4242, 4343
SYSTEM = Path("/run/route-switcher")


class Hold(Protocol):
    def __call__(
        self,
        script: str = HOLD,
        *,
        wrapped_in: Sequence[str] = (),
        python: str = sys.executable,
        **environment: str,
    ) -> str: ...


def as_user(user: int, *, engine: bool = True) -> list[str]:
    """With the rights of an engine, as systemd lends them, or with none."""
    words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    lent = "+net_admin,+net_raw"
    words += [f"--inh-caps={lent}", f"--ambient-caps={lent}"] if engine else []
    done = subprocess.run([*words, "true"], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"there is only one user here: {done.stderr.strip()}")
    return words


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is left of another test, and nothing is told by our own environment."""
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)

    def sweep() -> None:
        private = [f"/tmp/route-switcher-{user}" for user in (os.geteuid(), USER, OTHER)]
        subprocess.run(["rm", "-rf", str(SYSTEM), *private], check=True)

    # These folders of /tmp are those of every process that runs these tests.
    shared = os.open("/tmp", os.O_RDONLY)
    try:
        fcntl.flock(shared, fcntl.LOCK_EX)
        sweep()
        yield
        sweep()
    finally:
        os.close(shared)


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Start a process that holds something until the test ends; what it says of that."""
    with ExitStack() as ending:

        def start(
            script: str = HOLD,
            *,
            wrapped_in: Sequence[str] = (),
            python: str = sys.executable,
            **environment: str,
        ) -> str:
            process = subprocess.Popen(
                [*wrapped_in, python, "-I", "-c", script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **environment},
            )
            ending.enter_context(process)
            ending.callback(process.kill)
            assert process.stdout is not None
            return process.stdout.readline().rstrip("\n")

        yield start


@pytest.fixture
def services(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], str]:
    """Give the folder of the service to a user, with all that is in it, as systemd does."""

    def give(user: int) -> str:
        SYSTEM.mkdir(exist_ok=True)
        for path in (SYSTEM, *SYSTEM.rglob("*")):
            os.chown(path, user, user)
        return str(SYSTEM)

    return give


def network() -> str:
    """The number of our network namespace."""
    return str(Path("/proc/self/ns/net").stat().st_ino)


def test_the_lock_is_a_file_in_a_folder_of_the_network_namespace() -> None:
    with Lock() as lock:
        assert lock.notes == []
        file = SYSTEM / network() / "lock"
        assert file.read_text() == f"{os.getpid()}\n"
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o022 == 0


def test_the_file_is_locked_also_where_the_disk_is_full(hold: Hold) -> None:
    full = "mount -t tmpfs -o size=4k none /run && head -c 4096 /dev/zero >/run/filler"
    script = """
import fcntl
from pathlib import Path
from route_switcher.kernel.host.lock import Lock
lock = Lock()
(file,) = Path("/run/route-switcher").glob("*/lock")
try:
    fcntl.flock(file.open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("held", *lock.notes, flush=True)
"""
    wrapped_in = ["unshare", "--mount", "sh", "-c", f'{full} && exec "$@"', "sh"]
    assert hold(script, wrapped_in=wrapped_in) == "held"


def test_the_runtime_directory_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp_path}:/elsewhere")
    with Lock():
        assert (tmp_path / network() / "lock").exists()
        assert not SYSTEM.exists()


def test_root_first_and_the_service_later_and_the_other_way_round(
    hold: Hold, services: Callable[[int], str]
) -> None:
    service = as_user(USER)
    for _ in range(2):
        with Lock() as lock:
            assert lock.notes == []
            # Both live: by the file, though the service's user was given the folder meanwhile.
            given = services(USER)
            assert hold(wrapped_in=service, RUNTIME_DIRECTORY=given) == "refused"
        with ExitStack() as ending:
            words = [*service, sys.executable, "-P", "-c", HOLD]
            process = ending.enter_context(
                subprocess.Popen(
                    words,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env={**os.environ, "RUNTIME_DIRECTORY": given},
                )
            )
            ending.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            with pytest.raises(AlreadyRunning) as caught:
                Lock()
            assert caught.value.pid == process.pid
        with Lock() as lock:
            assert lock.notes == []


@pytest.mark.parametrize("given", [True, False])
def test_root_leaves_files_that_the_folders_owner_can_use(
    hold: Hold, tmp_path: Path, given: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nobody hands over what is in the folder, or no folder is given at all."""
    service = as_user(USER)
    environment = {}
    if given:
        SYSTEM.mkdir()
        os.chown(SYSTEM, USER, USER)
        environment = {"RUNTIME_DIRECTORY": str(SYSTEM)}
    with Lock():
        assert hold(wrapped_in=service, **environment) == "refused"
    assert hold(wrapped_in=service, **environment) == "held"
    assert os.stat(SYSTEM / network() / "lock").st_uid == (USER if given else 0)
    with pytest.raises(AlreadyRunning):
        Lock()


def test_two_users_with_the_rights_of_an_engine_exclude_each_other(hold: Hold) -> None:
    assert hold(wrapped_in=as_user(USER)) == "held"
    with pytest.raises(AlreadyRunning):
        Lock()


SQUATS = {
    "listening": LISTENING,
    "not listening": SQUAT.format(kind="SOCK_STREAM", more=""),
    "with a full queue": SQUAT.format(
        kind="SOCK_STREAM",
        more="taken.listen(0)\nasking = [socket.socket(socket.AF_UNIX) for _ in range(3)]\n"
        "for a in asking: a.setblocking(False); a.connect_ex('\\0route-switcher')",
    ),
    "connected": SQUAT.format(
        kind="SOCK_STREAM",
        more="other = socket.socket(socket.AF_UNIX); other.bind('\\0x'); other.listen(1)\n"
        "taken.connect('\\0x')",
    ),
    "inherited": SQUAT.format(
        kind="SOCK_STREAM",
        more="import os, time\ntaken.listen(1); listener = os.getpid()\n"
        "if os.fork(): os._exit(0)\nwhile os.getppid() == listener: time.sleep(.01)",
    ),
}
"""Ways to take the name; in the last one the process that has listened has gone."""


@pytest.mark.parametrize("squat", SQUATS)
def test_a_user_without_rights_who_takes_the_name_is_ignored_and_named(
    hold: Hold, squat: str
) -> None:
    assert hold(SQUATS[squat], wrapped_in=as_user(USER, engine=False)) == "held"
    with Lock() as lock:
        (note,) = lock.notes
        assert note.endswith("holds the socket @route-switcher and is no route-switcher: ignored")
        if squat == "listening":
            assert f"of user {USER} " in note
            assert note.startswith("process ")
        assert hold() == "refused"  # by the file


def test_rights_in_a_user_namespace_of_ones_own_are_none(hold: Hold) -> None:
    wrapped_in = [*as_user(USER, engine=False), "unshare", "--user", "--map-root-user"]
    if subprocess.run([*wrapped_in, "true"], capture_output=True).returncode != 0:
        pytest.skip("a user may not make user namespaces here")
    # The machine's own: that user may not be let in where ours is.
    assert hold(LISTENING, wrapped_in=wrapped_in, python="python3") == "held"
    with Lock() as lock:
        assert f"of user {USER} " in lock.notes[0]


@pytest.mark.parametrize("squat", SQUATS)
def test_root_without_the_right_to_change_routes_is_no_engine(hold: Hold, squat: str) -> None:
    """As in a container that has the host's network."""
    wrapped_in = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]
    assert hold(SQUATS[squat], wrapped_in=wrapped_in) == "held"
    with Lock() as lock:
        user = "unknown" if squat == "connected" else "0"  # the list of sockets has only others
        assert f"of user {user} " in lock.notes[0]


def test_our_own_user_counts(hold: Hold) -> None:
    assert hold(LISTENING) == "held"
    with pytest.raises(AlreadyRunning):
        Lock()


def test_who_asked_too_often_still_learns_whose_the_name_is(hold: Hold) -> None:
    """Nobody can hide a holder that counts by filling its queue."""
    assert hold(LISTENING) == "held"
    asking = [socket.socket(socket.AF_UNIX) for _ in range(5)]
    for one in asking:
        one.setblocking(False)
        one.connect_ex("\0route-switcher")
    with pytest.raises(AlreadyRunning):
        Lock()
    for one in asking:
        one.close()


def test_no_other_user_can_lock_the_file(hold: Hold) -> None:
    with Lock():
        pass
    file = SYSTEM / network() / "lock"
    squat = f"import fcntl; fcntl.flock(open({str(file)!r}), fcntl.LOCK_EX); print('held')"
    done = subprocess.run(
        [*as_user(USER, engine=False), sys.executable, "-P", "-c", squat],
        capture_output=True,
        text=True,
    )
    assert "PermissionError" in done.stderr
    with Lock() as lock:
        assert lock.notes == []


@pytest.mark.parametrize("what", ["folder", "folder with a lock", "link", "file", "open to all"])
def test_what_stands_in_the_way_of_a_users_folder_is_not_used(
    hold: Hold, tmp_path: Path, what: str
) -> None:
    """In /tmp everybody could have put it there."""
    user = as_user(USER)
    private = Path(f"/tmp/route-switcher-{USER}")
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o777)
    match what:
        case "folder":
            private.mkdir()
        case "folder with a lock":
            (private / network()).mkdir(parents=True)
            (private / network() / "lock").touch()
        case "link":
            private.symlink_to(victim)
        case "file":
            private.touch()
        case "open to all":
            private.mkdir()
            private.chmod(0o777)
    if what != "open to all":
        for path in (*private.rglob("*"), private):
            os.chown(path, OTHER, OTHER, follow_symlinks=False)
    said = hold(wrapped_in=user)
    assert said.startswith("held|no file can be the lock: /run/route-switcher: Permission denied")
    assert list(victim.iterdir()) == []
    assert hold(wrapped_in=user) == "refused"  # by the name


@pytest.mark.parametrize("what", ["link", "open to all", "second link", "link as lock"])
def test_what_stands_in_the_way_of_roots_folder_is_not_used(tmp_path: Path, what: str) -> None:
    victim = tmp_path / "victim"
    match what:
        case "link":
            victim.mkdir()
            SYSTEM.symlink_to(victim)
        case "open to all":
            SYSTEM.mkdir()
            SYSTEM.chmod(0o777)
        case "second link":
            (SYSTEM / network()).mkdir(parents=True)
            victim = SYSTEM / "victim"
            victim.write_text("precious")
            victim.chmod(0o600)
            os.link(victim, SYSTEM / network() / "lock")
        case "link as lock":
            (SYSTEM / network()).mkdir(parents=True)
            victim.write_text("precious")
            (SYSTEM / network() / "lock").symlink_to(victim)
    try:
        with Lock() as lock:
            assert lock.notes == []
            assert Path(f"/tmp/route-switcher-{os.geteuid()}", network(), "lock").exists()
            if victim.is_file():
                assert victim.read_text() == "precious"
            elif victim.is_dir():
                assert list(victim.iterdir()) == []
    finally:
        if SYSTEM.is_symlink():
            SYSTEM.unlink()


def test_two_mount_namespaces_with_one_network_exclude_each_other(hold: Hold) -> None:
    script = f"import subprocess; subprocess.run(['mount', '-t', 'tmpfs', 'x', '/run'])\n{HOLD}"
    with Lock():
        assert hold(script, wrapped_in=["unshare", "--mount"]) == "refused"


def test_two_networks_with_one_file_system_do_not(hold: Hold) -> None:
    with Lock():
        assert hold(wrapped_in=["unshare", "--net"]) == "held"


def test_after_a_kill_it_can_be_had_again() -> None:
    words = [sys.executable, "-P", "-c", HOLD]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "held\n"
        killed.kill()
    with Lock() as lock:
        assert lock.notes == []


def test_a_lock_that_was_deleted_is_made_again_and_the_name_still_excludes(hold: Hold) -> None:
    with Lock():
        subprocess.run(["rm", "-r", str(SYSTEM)], check=True)
        assert hold() == "refused"
