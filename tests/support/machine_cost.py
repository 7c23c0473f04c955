"""What the machine kept from the engine, and from the traffic, while a test went on.

A bound says what theory allows, and some slack. What is measured here comes on top: on a machine
whose processors have other work too nobody can be faster. An idle machine keeps nothing back.
"""

import os
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from route_switcher.lab.addresses import CLIENT, INTERNET
from route_switcher.lab.topology import Lab

A_MOMENT = 20
"""Packets that may be lost where the theory allows two (masquerade maps a flow again, and drops one
packet or two while doing so), and the traffic does not wait for the engine: slack for a busy
machine, and still far from any interval."""

_NANOSECONDS = 1_000_000_000
_STOLEN = 8
"""The place in the first line of /proc/stat (proc(5)): what went to other virtual machines."""
_PERIOD = 0.01
_AT_ONCE = 0.01
"""Seconds that a free lock may take, with all that this thread itself waits for a processor."""

_DELETE_ROUTE = struct.pack("=IHHII", 36, 25, 0x5, 1, 0)
_NO_SUCH_ROUTE = struct.pack("=8BI", socket.AF_INET, 32, 0, 0, 254, 0, 0, 1, 0)
_TO = struct.pack("=HH4s", 8, 1, socket.inet_aton("203.0.113.255"))


@dataclass(frozen=True, slots=True)
class Cost:
    """What was kept back."""

    seconds: float
    """Time that the engine could have used."""
    packets: int
    """Packets that were dropped for want of room, before anybody had looked whose they are."""

    def allows(self, most: int) -> int:
        """How many packets of a stream of 1,000 a second may be lost, where it may be `most` on a
        machine that keeps nothing back. Above `A_MOMENT` the traffic waits for the engine."""
        return most + self.packets + (round(1000 * self.delay) if most > A_MOMENT else 0)

    @property
    def delay(self) -> float:
        """Seconds by which a decision may be later. A round that the machine delays by more than
        its timeout counts for nothing, and the next one follows after an interval, which is no
        longer here: so such a delay costs as much again."""
        return 2 * self.seconds


class MachineCost:
    """Measures from `__enter__` on, until asked.

    The time is the sum of three: the engine was ready to run, and waited for a processor
    (/proc/PID/schedstat); the processors of this virtual machine ran others; and the lock that
    every change of a route takes (rtnl_lock), one for all networks of the machine, was not free.
    """

    def __init__(self, lab: Lab, process: int) -> None:
        self._lab = lab
        self._process = process
        self._waited = _waited(process)
        self._stolen = _stolen()
        self._dropped = self._drops()
        self._locked = 0.0
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch_lock)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def up_to_now(self) -> Cost:
        """What was kept back since the beginning."""
        now = _waited(self._process)
        waited = sum(number - self._waited.get(thread, 0) for thread, number in now.items())
        seconds = waited / _NANOSECONDS + (_stolen() - self._stolen) + self._locked
        return Cost(seconds, self._drops() - self._dropped)

    def _watch_lock(self) -> None:
        while not self._ended.wait(_PERIOD):
            began = time.monotonic()
            self._socket.send(_DELETE_ROUTE + _NO_SUCH_ROUTE + _TO)
            self._socket.recv(4096)
            self._locked += max(0.0, time.monotonic() - began - _AT_ONCE)

    def _drops(self) -> int:
        backlogs = Path("/proc/net/softnet_stat").read_text().splitlines()
        dropped = sum(int(line.split()[1], 16) for line in backlogs)
        for namespace in (CLIENT, INTERNET):
            with self._lab.inside(namespace):
                dropped += _full_buffers()
        return dropped


def _waited(process: int) -> dict[str, int]:
    """Nanoseconds that each thread has waited for a processor."""
    waited = {}
    with suppress(OSError):  # the process has ended
        for thread in os.listdir(f"/proc/{process}/task"):
            with suppress(OSError):  # the thread has ended
                numbers = Path(f"/proc/{process}/task/{thread}/schedstat").read_text().split()
                waited[thread] = int(numbers[1])
    return waited


def _stolen() -> float:
    """Seconds, of all processors."""
    with open("/proc/stat") as numbers:
        return int(numbers.readline().split()[_STOLEN]) / os.sysconf("SC_CLK_TCK")


def _full_buffers() -> int:
    """Packets that met a full receive buffer of UDP in the network of this thread."""
    here = Path("/proc/thread-self/net")
    names, values = (
        line.split() for line in (here / "snmp").read_text().splitlines() if line[:4] == "Udp:"
    )
    of_ipv6 = dict(line.split() for line in (here / "snmp6").read_text().splitlines())
    return int(values[names.index("RcvbufErrors")]) + int(of_ipv6["Udp6RcvbufErrors"])
