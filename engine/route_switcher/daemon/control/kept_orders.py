"""Orders are kept on disk, so that they hold over a restart. A reboot ends them.

They lie in the state folder (systemd.exec(5), `StateDirectory=`), else in the run folder. They go
with the numbers of the boot and of the network namespace, and their ends are times of the machine's
monotonic clock, which no reboot outlives (clock_gettime(2)). All reading and writing is done by a
thread: a disk may hang.
"""

import json
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from math import inf, isfinite
from pathlib import Path
from typing import Any

import trio

from route_switcher.core.vocabulary.events import Switch
from route_switcher.core.vocabulary.status import Status
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon.report import say
from route_switcher.daemon.signals import SIGNALS
from route_switcher.kernel.host.network_namespace import network_cookie
from route_switcher.kernel.host.run_folder import folder_name, opened, run_folders

LIMIT = 5.0
"""Seconds that a disk may take."""

_FILE, _NEW = "orders", "orders.new"
_LONGEST_FILE = 1 << 16
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_FAMILIES = {str(family): family for family in Family}


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """An order that holds, or will again; `until` is a time of the machine's monotonic clock."""

    uplink: str
    until: float
    force: bool
    families: frozenset[Family]


def state_folders() -> tuple[Path, ...]:
    """Where they may be kept, in the order of preference."""
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return tuple(dict.fromkeys([*([Path(given)] if given.startswith("/") else []), *run_folders()]))


class KeptOrders:
    """Writes what `status` says of orders, and reads what an engine before us wrote."""

    def __init__(self) -> None:
        self._ahead = time.monotonic() - trio.current_time()
        """The machine's clock before the engine's. They go at one pace."""
        self._kept: tuple[KeptOrder, ...] | None = ()
        """What the disk has; None: that is not known."""
        self._told = False
        # A disk that hangs keeps the token, so that threads do not pile up.
        self._one = trio.CapacityLimiter(1)
        self._turn = trio.Lock()

    async def restored(self) -> tuple[Switch, ...]:
        """The orders of an engine before us that still hold."""
        self._kept = await self._in_time(_read)
        now = trio.current_time()
        orders = (replace(o, until=o.until - self._ahead) for o in self._kept or ())
        return tuple(
            Switch(now, o.uplink, o.until, o.force, kept_in=o.families)
            for o in orders
            if o.until > now
        )

    async def keep(self, status: Status) -> bool:
        """Write the orders of `status`, if that is anything new; whether they are kept."""
        async with self._turn:
            orders = self._orders(status)
            if orders != self._kept:
                self._kept = await self._in_time(partial(_write, orders))
            return self._kept is not None

    def _orders(self, status: Status) -> tuple[KeptOrder, ...]:
        """Those that stand, each with the families that took it."""
        found: dict[tuple[str, float, bool], set[Family]] = {}
        for family in status.families:
            order = family.override
            if order is not None:
                # To the millisecond, so that what was read is the same as what was written.
                until = round(order.until + self._ahead, 3) if isfinite(order.until) else inf
                found.setdefault((order.uplink, until, order.force), set()).add(family.family)
        return tuple(KeptOrder(*order, frozenset(its)) for order, its in found.items())

    async def _in_time(
        self, work: Callable[[], tuple[KeptOrder, ...]]
    ) -> tuple[KeptOrder, ...] | None:
        """The result; None if there is none, which is told once."""
        why = "the disk hangs"
        if not self._one.borrowed_tokens:
            try:
                with trio.move_on_after(LIMIT):
                    result = await trio.to_thread.run_sync(
                        partial(_quietly, work), abandon_on_cancel=True, limiter=self._one
                    )
                    self._told = False
                    return result
            except OSError as error:
                why = ": ".join(str(part) for part in (error.filename, error.strerror) if part)
            except RuntimeError as error:  # no thread (threading)
                why = str(error)
        if not self._told:
            self._told = True
            say(logging.WARNING, "control", f"orders cannot be kept over a restart: {why}")
        return None


def _quietly(work: Callable[[], tuple[KeptOrder, ...]]) -> tuple[KeptOrder, ...]:
    # This thread may outlive the daemon's handlers, and must not take its signals then.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    return work()


def _bases() -> tuple[Path, ...]:
    """The state folders that have a file of ours. Raises OSError."""
    name = folder_name()
    return tuple(base for base in state_folders() if os.path.lexists(base / name / _FILE))


def _here() -> dict[str, str | int]:
    """What must be the same for orders to hold. Raises OSError if the boot has no number."""
    return {"boot": _BOOT.read_text().strip(), "network": network_cookie()}


def _read() -> tuple[KeptOrder, ...]:
    """The latest that was written in this boot for this network. Raises OSError as `_here`."""
    here = _here()
    documents = []
    for base in _bases():
        with suppress(OSError, ValueError, RecursionError), opened(base) as (folder, _):
            document = json.loads(_content(folder))
            if isinstance(document, dict) and here.items() <= document.items():
                documents.append(document)
    latest = max(documents, key=_written, default={})
    return tuple(order for order in map(_order, _list(latest)) if order is not None)


def _content(folder: int) -> bytes:
    # A FIFO in its place would hang, and a device may be without end.
    file = os.open(_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        return os.read(file, _LONGEST_FILE)
    finally:
        os.close(file)


def _written(document: Mapping[str, Any]) -> float:
    written = document.get("written")
    return written if isinstance(written, int | float) else -inf


def _list(document: Mapping[str, Any]) -> Sequence[Any]:
    orders = document.get("orders")
    return orders if isinstance(orders, list) else ()


def _order(written: Any) -> KeptOrder | None:
    """None if it is none."""
    match written:
        case {"uplink": str(uplink), "until": until, "force": bool(force), "families": [*names]}:
            families = frozenset(_FAMILIES[n] for n in names if n in _FAMILIES)
            if until is None:
                return KeptOrder(uplink, inf, force, families) if families else None
            if families and isinstance(until, int | float):
                return KeptOrder(uplink, float(until), force, families)
        case _:
            pass
    return None


def _write(orders: tuple[KeptOrder, ...]) -> tuple[KeptOrder, ...]:
    """Write them in the first folder that takes them, and take them away from every other.

    Returns what was written. Raises OSError.
    """
    document = {
        **_here(),
        "written": time.monotonic(),
        "orders": [
            {
                "uplink": order.uplink,
                "until": order.until if isfinite(order.until) else None,
                "force": order.force,
                "families": sorted(map(str, order.families)),
            }
            for order in orders
        ],
    }
    taken = _write_first(json.dumps(document).encode())
    for base in _bases():
        if base != taken:
            with suppress(OSError), opened(base) as (folder, _):
                os.unlink(_FILE, dir_fd=folder)
    return orders


def _write_first(content: bytes) -> Path:
    refused: list[OSError] = []
    for base in state_folders():
        try:
            with opened(base) as (folder, _):
                _replace(folder, content)
                return base
        except OSError as error:
            refused.append(error)
    raise refused[0]


def _replace(folder: int, content: bytes) -> None:
    """In one step: there is always the old file or the new one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    file = os.open(_NEW, flags, 0o600, dir_fd=folder)
    try:
        while content:
            content = content[os.write(file, content) :]
        os.fsync(file)
    finally:
        os.close(file)
    os.rename(_NEW, _FILE, src_dir_fd=folder, dst_dir_fd=folder)
