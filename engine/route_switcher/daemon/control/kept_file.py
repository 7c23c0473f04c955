"""A file that holds over a restart of the engine, and ends with a reboot.

It lies in the state folder (systemd.exec(5), `StateDirectory=`), else in the run folder. It goes
with the numbers of the boot and of the network namespace, so times in it may be of the machine's
monotonic clock, which no reboot outlives (clock_gettime(2)). A disk may hang: a thread reads and
writes it.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from route_switcher.kernel.host.network_namespace import network_cookie
from route_switcher.kernel.host.run_folder import folder_name, opened
from route_switcher.kernel.host.state_folder import state_folders

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class KeptFile:
    """The file of this name, of so many bytes at most."""

    name: str
    longest: int

    def read(self) -> Mapping[str, Any]:
        """The latest that was written in this boot for this network; empty, if nothing was.

        Raises OSError if the boot has no number, or where no folder can be looked for.
        """
        here = _here()
        documents = []
        for base in self._bases():
            with (
                suppress(OSError, ValueError, RecursionError),
                opened(base) as (folder, _),
            ):
                document = json.loads(self._content(folder))
                if isinstance(document, dict) and here.items() <= document.items():
                    documents.append(document)
        return max(documents, key=_written, default={})

    def write(self, keys: Mapping[str, object]) -> None:
        """Write it in the first folder that takes it, and take it away from every other.

        Raises OSError.
        """
        document = {**_here(), "written": time.monotonic(), **keys}
        taken = self._write_first(json.dumps(document).encode())
        self._remove_except(taken)

    def remove(self) -> None:
        """Take it away from every folder. Raises OSError if it stays in any."""
        for base in self._bases():
            with opened(base) as (folder, _):
                os.unlink(self.name, dir_fd=folder)

    def is_there(self) -> bool:
        """Whether any folder has it. Raises OSError."""
        return bool(self._bases())

    def _bases(self) -> tuple[Path, ...]:
        """The folders that have it. Raises OSError."""
        inner = folder_name()
        return tuple(base for base in state_folders() if os.path.lexists(base / inner / self.name))

    def _content(self, folder: int) -> bytes:
        # A FIFO in its place would hang, and a device may be without end.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        file = os.open(self.name, flags, dir_fd=folder)
        try:
            return os.read(file, self.longest)
        finally:
            os.close(file)

    def _write_first(self, content: bytes) -> Path:
        refused: list[OSError] = []
        for base in state_folders():
            try:
                with opened(base) as (folder, _):
                    self._replace(folder, content)
                    return base
            except OSError as error:
                refused.append(error)
        raise refused[0]

    def _remove_except(self, taken: Path) -> None:
        for base in self._bases():
            if base != taken:
                with suppress(OSError), opened(base) as (folder, _):
                    os.unlink(self.name, dir_fd=folder)

    def _replace(self, folder: int, content: bytes) -> None:
        """In one step: there is always the old file or the new one."""
        new = f"{self.name}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        file = os.open(new, flags, 0o600, dir_fd=folder)
        try:
            while content:
                content = content[os.write(file, content) :]
            os.fsync(file)
        finally:
            os.close(file)
        os.rename(new, self.name, src_dir_fd=folder, dst_dir_fd=folder)


def _here() -> dict[str, str | int]:
    """What must be the same for it to count. Raises OSError if the boot has no number."""
    return {"boot": _BOOT.read_text().strip(), "network": network_cookie()}


def _written(document: Mapping[str, Any]) -> float:
    written = document.get("written")
    return written if isinstance(written, int | float) else -inf
