"""Orders are kept on disk, so that they hold over a restart. A reboot ends them."""

import time
from functools import partial

import trio

from route_switcher.core.vocabulary.orders import Switch
from route_switcher.core.vocabulary.status import Status
from route_switcher.daemon.control.disk import Disk
from route_switcher.daemon.control.kept_file import KeptFile
from route_switcher.daemon.control.order_list import (
    KeptOrder,
    as_commands,
    as_json,
    orders_in,
    orders_of,
)

_FILE = KeptFile("orders", 1 << 16)


class KeptOrders:
    """Writes what `status` says of orders, and reads what an engine before us wrote."""

    def __init__(self) -> None:
        self._ahead = time.monotonic() - trio.current_time()
        """The machine's clock before the engine's. They go at one pace."""
        self._kept: tuple[KeptOrder, ...] | None = ()
        """What the disk has; None: that is not known."""
        self._disk = Disk("orders cannot be kept over a restart")
        self._turn = trio.Lock()

    async def restored(self) -> tuple[Switch, ...]:
        """The orders of an engine before us that still hold."""
        async with self._turn:
            self._kept = await self._disk.do(_read)
        return as_commands(self._kept or (), self._ahead, trio.current_time())

    async def keep(self, status: Status) -> bool:
        """Write the orders of `status`, if that is anything new; whether they are kept."""
        async with self._turn:
            orders = orders_of(status, self._ahead)
            if orders != self._kept:
                self._kept = await self._disk.do(partial(_write, orders))
            return self._kept is not None

    async def look(self) -> None:
        """Write them again, if somebody has deleted the file."""
        async with self._turn:
            if self._kept and await self._disk.do(_FILE.is_there) is False:
                self._kept = await self._disk.do(partial(_write, self._kept))


def _read() -> tuple[KeptOrder, ...]:
    return orders_in(_FILE.read())


def _write(orders: tuple[KeptOrder, ...]) -> tuple[KeptOrder, ...]:
    """Returns what was written. Raises OSError."""
    _FILE.write({"orders": as_json(orders)})
    return orders
