"""podman with everything that it keeps in one folder, which goes when the test ends.

The process is in a private network (see the top `conftest.py`). podman makes its bridges and rules
there, so that no container can reach the host's network.
"""

import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from compose.machine import WHEELS, Unavailable

FOLDER = Path(__file__).parents[2] / "compose"

DEADLINE = 600.0
"""Seconds that anything may take; far more than it does, for machines that are busy."""

BASE = "localhost/route-switcher-base"
_IMAGE = "localhost/route-switcher"

_CONFIGURATION = {
    "containers.conf": """\
[containers]
# Otherwise podman raises them to the maximum, which needs CAP_SYS_RESOURCE.
default_ulimits = ["nofile=1024:4096", "nproc=4096:8192"]
[network]
network_config_dir = "{folder}/networks"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{folder}/run"
{runtime}
""",
    "storage.conf": """\
[storage]
driver = "overlay"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
""",
}
_RUNTIME = 'runtime = "runc"  # crun refuses machines that mix the versions of cgroups'

# It waits for the end of its input, which comes when the test ends, even if by SIGKILL.
_CLEAN_UP = """
read -r _
remove='podman rm --all --force --time 0'
# The client goes before the router that it depends on, and that before the others.
$remove >/dev/null 2>&1 || $remove >/dev/null 2>&1 || $remove
umount --lazy "$FOLDER"
for group in $CGROUPS; do
    # What watched over a container ends a moment after it.
    for _ in $(seq 100); do
        test -d "$group" || break
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done
    test ! -d "$group" || exit 1
done
"""


class Podman:
    """podman, from `__enter__` to `__exit__`, with the router's image in its store.

    `folder` is made; a memory file system is mounted there. The base image has these packages too;
    the router's image is left out unless `builds`. Raises `Unavailable` if no container
    can run; what fails after that is a failure. With `root`, a folder that holds a whole system,
    there is no image: containers are run by `--rootfs`, and leave the folder as it is.
    """

    def __init__(
        self,
        folder: Path,
        packages: Sequence[str] = (),
        *,
        builds: bool = True,
        root: Path | None = None,
        **environment: str,
    ) -> None:
        self._folder = folder
        self._packages = packages
        self._builds = builds and root is None
        self._root = root
        self._environment = {
            **os.environ,
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            **environment,
        }
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self._prepare())
            try:
                if self._root is None:
                    self.run(f"./make-base-image {BASE} {' '.join(self._packages)}")
                image = f"--rootfs {self._root}:O" if self._root else f"--pull=never {BASE}"
                self.run(f"podman run --rm --init --network=none {image} true")
            except AssertionError as error:
                raise Unavailable(str(error)) from None
            if self._builds:
                self._build_image()
            self._closing = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def run(self, command: str) -> str:
        """Run a command in `compose/`: what it wrote to stdout. It must end well."""
        done = self.ask(shlex.split(command))
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def ask(
        self, words: Sequence[str], deadline: float = DEADLINE
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in `compose/`: how it ended, and what it wrote."""
        return subprocess.run(
            words,
            cwd=FOLDER,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=deadline,
        )

    def start(self, command: str) -> subprocess.Popen[str]:
        """Start a command in `compose/`, to read what it writes."""
        return subprocess.Popen(
            shlex.split(command),
            cwd=FOLDER,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def left(self) -> Mapping[str, list[str]]:
        """What containers have left: themselves, networks, interfaces in this network."""
        return {
            "containers": self.run("podman ps --all --format {{.Names}}").split(),
            "networks": self.run("podman network ls --format {{.Name}}").split(),
            "interfaces": [name for _, name in socket.if_nameindex()],
        }

    def _prepare(self) -> Callable[[], None]:
        """Mount and fill the folder, and start what removes everything; returns the way to that."""
        self._folder.mkdir()
        self.run(f"mount -t tmpfs -o mode=700 tmpfs {self._folder}")
        new = [str(path) for path in _podman_cgroups() if not path.exists()]
        cleaner = subprocess.Popen(
            ["sh", "-c", _CLEAN_UP],
            stdin=subprocess.PIPE,
            cwd="/",
            env=self._environment | {"FOLDER": str(self._folder), "CGROUPS": " ".join(new)},
            start_new_session=True,
        )
        for name, text in _CONFIGURATION.items():
            runtime = _RUNTIME if shutil.which("runc") else ""
            (self._folder / name).write_text(text.format(folder=self._folder, runtime=runtime))

        def clean() -> None:
            cleaner.communicate(timeout=DEADLINE)
            assert cleaner.returncode == 0

        return clean

    def _build_image(self) -> None:
        arguments = {"BASE_IMAGE": BASE, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}
        words = " ".join(f"--build-arg {name}={value}" for name, value in arguments.items())
        self.run(
            f"podman build --quiet --network=none --pull=never {words} --volume {WHEELS}:/wheels:ro"
            f" --file Containerfile --tag {_IMAGE} .."
        )


def _podman_cgroups() -> list[Path]:
    """Where podman makes a cgroup that it leaves behind, with either version of cgroups."""
    top = Path("/sys/fs/cgroup")
    return [folder / "libpod_parent" for folder in (top, *top.iterdir()) if folder.is_dir()]
