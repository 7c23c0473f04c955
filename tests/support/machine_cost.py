"""What the machine kept from the engine, and from the traffic, while a test went on.

A bound says what theory allows, and some slack. What is measured here comes on top: on a machine
whose processors have other work too nobody can be faster. An idle machine keeps nothing back.
"""

import os
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from route_switcher.lab.addresses import CLIENT, INTERNET
from route_switcher.lab.topology import Lab
from support.socket_thread import SocketThread

A_MOMENT = 20
"""Packets that may be lost where the theory allows two (masquerade maps a flow again, and drops one
packet or two while doing so), and the traffic does not wait for the engine: slack for a busy
machine, and still far from any interval."""

_NANOSECONDS = 1_000_000_000
_STOLEN = 8
"""The place in the first line of /proc/stat (proc(5)): what went to other virtual machines."""
_CLOCK_OF_ANOTHER = 2
"""With a process, the clock of what it has run, to the nanosecond (clock_getcpuclockid(3))."""
_PERIOD = 0.01
_AT_ONCE = 0.01
"""Seconds that a free lock may take, with all that this thread itself waits for a processor."""
_MOST = 20.0
"""Seconds that may come on top of a bound: a machine that keeps more back can show nothing."""

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
        return min(2 * self.seconds, _MOST)

    def __str__(self) -> str:
        kept = f"kept back: {self.seconds:.3f} s, {self.packets} packets"
        return kept if 2 * self.seconds <= _MOST else f"this machine is too busy: {kept}"


class MachineCost(SocketThread):
    """Measures from `__enter__` on, until asked.

    The time is the sum of three: the engine was ready to run, and waited for a processor; a
    processor of this virtual machine ran others; and others held the lock that every change of a
    route takes (rtnl_lock), one for all networks of the machine. While the engine itself runs, or
    waits for a processor, it does not wait for that lock, and may be the one that holds it: such
    time is not counted as the lock's.
    """

    def __init__(self, lab: Lab, process: int) -> None:
        super().__init__(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE))
        self._lab = lab
        self._process = process
        self._waited = waited(process)
        self._stolen = _stolen()
        self._dropped = self._drops()
        self._locked = 0.0

    def up_to_now(self) -> Cost:
        """What was kept back since the beginning."""
        kept = max(0.0, waited(self._process) - self._waited)
        seconds = kept + (_stolen() - self._stolen) + self._locked
        return Cost(seconds, self._drops() - self._dropped)

    def _work(self) -> None:
        while not self._ended.wait(_PERIOD):
            began, engine = time.monotonic(), self._engine()
            self._socket.send(_DELETE_ROUTE + _NO_SUCH_ROUTE + _TO)
            self._socket.recv(4096)
            took, its_own = time.monotonic() - began, max(0.0, self._engine() - engine)
            self._locked += max(0.0, took - its_own - _AT_ONCE)

    def _engine(self) -> float:
        """Seconds for which the engine has run, or waited for a processor."""
        return _ran(self._process) + waited(self._process)

    def _drops(self) -> int:
        backlogs = Path("/proc/net/softnet_stat").read_text().splitlines()
        dropped = sum(int(line.split()[1], 16) for line in backlogs)
        for namespace in (CLIENT, INTERNET):
            with self._lab.inside(namespace):
                dropped += _full_buffers()
        return dropped


def waited(process: int) -> float:
    """Seconds for which the main thread, in which the engine's loop runs, has waited for a
    processor (Documentation/scheduler/sched-stats.rst); 0 if it has ended."""
    with suppress(OSError):
        numbers = Path(f"/proc/{process}/task/{process}/schedstat").read_text().split()
        return int(numbers[1]) / _NANOSECONDS
    return 0.0


def _ran(process: int) -> float:
    """Seconds for which its threads have run; 0 if it has ended."""
    with suppress(OSError):
        return time.clock_gettime(~process << 3 | _CLOCK_OF_ANOTHER)
    return 0.0


def _stolen() -> float:
    """Seconds, of one processor on average."""
    with open("/proc/stat") as numbers:
        ticks = int(numbers.readline().split()[_STOLEN])
    return ticks / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1)


def _full_buffers() -> int:
    """Packets that met a full receive buffer of UDP in the network of this thread."""
    here = Path("/proc/thread-self/net")
    names, values = (
        line.split() for line in (here / "snmp").read_text().splitlines() if line[:4] == "Udp:"
    )
    of_ipv6 = dict(line.split() for line in (here / "snmp6").read_text().splitlines())
    return int(values[names.index("RcvbufErrors")]) + int(of_ipv6["Udp6RcvbufErrors"])
