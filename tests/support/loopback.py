"""Echo over the loopback interface, where a script can answer in the kernel's place."""

import socket
import struct
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol, TypeAlias

import trio
import trio.testing

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes.icmp import IcmpProber
from route_switcher.probes.interface import ADDRESS_FAMILY
from route_switcher.probes.packets import ECHO_REPLY
from support.pinging import target

TARGETS = {
    Family.IPV4: tuple(target(f"198.51.100.{n}") for n in (1, 2, 3)),
    Family.IPV6: tuple(target(f"2001:db8::{n}") for n in (1, 2, 3)),
}
V4 = TARGETS[Family.IPV4]
IGNORE = {
    Family.IPV4: Path("/proc/sys/net/ipv4/icmp_echo_ignore_all"),
    Family.IPV6: Path("/proc/sys/net/ipv6/icmp/echo_ignore_all"),
}
_PROTOCOL = {Family.IPV4: socket.IPPROTO_ICMP, Family.IPV6: socket.IPPROTO_ICMPV6}
_LENGTH = {Family.IPV4: 32, Family.IPV6: 128}
_NODAD = {Family.IPV4: "", Family.IPV6: " nodad"}
_ECHO_REQUEST = {Family.IPV4: 8, Family.IPV6: 128}
LONG = 30.0
"""Seconds that a round may take which ends by answers."""
SHORT = 0.5


@contextmanager
def targets_on_loopback() -> Iterator[None]:
    """The targets are addresses of this machine."""
    every = [
        (f"{each}/{_LENGTH[family]} dev lo", _NODAD[family])
        for family in Family
        for each in TARGETS[family]
    ]
    # Without duplicate address detection addresses are usable at once.
    _ip("".join(f"address add {words}{nodad}\n" for words, nodad in every))
    _await_local_routes(TARGETS[Family.IPV6])
    try:
        yield
    finally:
        _ip("".join(f"address delete {words}\n" for words, _ in every))


def _await_local_routes(addresses: Iterable[Target]) -> None:
    """The kernel makes an IPv6 address its own a moment after it has acknowledged it."""
    end = time.monotonic() + LONG
    words = ["ip", "-6", "route", "show", "table", "local"]
    while time.monotonic() < end:
        routes = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        if all(f"local {address} dev lo" in routes for address in addresses):
            return
        time.sleep(0.01)
    raise TimeoutError(f"the kernel does not take {addresses} for its own")


def _ip(lines: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)


@contextmanager
def silent_kernel() -> Iterator[None]:
    """The kernel answers no echo request."""
    for sysctl in IGNORE.values():
        sysctl.write_text("1")
    try:
        yield
    finally:
        for sysctl in IGNORE.values():
            sysctl.write_text("0")


@asynccontextmanager
async def receiving(
    family: Family = Family.IPV4, warn: Callable[[str], None] = lambda _: None
) -> AsyncIterator[IcmpProber]:
    with IcmpProber("lo", family, warn) as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            yield prober
            nursery.cancel_scope.cancel()


class Send(Protocol):
    """Sends an ICMP packet to who asked; an IPv4 one may have options in its header, and another
    checksum than the right one."""

    def __call__(
        self, packet: bytes, source: Target, options: bytes = b"", checksum: bytes = b""
    ) -> None: ...


Script: TypeAlias = Callable[[bytes, Target, Send], None]
"""What is done with the right reply to a request for this target."""


@contextmanager
def answering(script: Script, *, family: Family = Family.IPV4, requests: int = 1) -> Iterator[None]:
    """Answer that many echo requests by `script` in the kernel's place, from another thread."""
    with silent_kernel(), _raw(family) as raw:
        raw.settimeout(2 * LONG)
        thread = threading.Thread(target=_answer, args=(raw, family, script, requests))
        thread.start()
        try:
            yield
        finally:
            thread.join()


async def round_that_hears(
    prober: IcmpProber,
    clock: trio.testing.MockClock,
    script: Script,
    targets: tuple[Target, ...],
    needed: int = 1,
) -> RoundResult:
    """A round whose timeout is over when the script has answered to all its requests, however long
    that takes: its time stands still until then."""
    results: list[RoundResult] = []
    sent = threading.Event()

    async def make() -> None:
        results.append(await prober.ask(targets, needed, LONG))

    def when_all_are_sent(reply: bytes, asked: Target, send: Send) -> None:
        sent.wait(60)
        script(reply, asked, send)

    async with trio.open_nursery() as nursery:
        with answering(when_all_are_sent, family=prober.family, requests=len(targets)):
            nursery.start_soon(make)
            await trio.testing.wait_all_tasks_blocked()
            sent.set()
        clock.jump(LONG)
    return results[0]


def _raw(family: Family) -> socket.socket:
    return socket.socket(ADDRESS_FAMILY[family], socket.SOCK_RAW, _PROTOCOL[family])


def checksummed(message: bytes) -> bytes:
    """An ICMPv4 message with the right checksum (RFC 1071); over IPv6 the kernel puts it in."""
    padded = message + b"\0" * (len(message) % 2)
    words = struct.unpack(f"!{len(padded) // 2}H", padded)
    total = sum(words) - words[1]
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return message[:2] + struct.pack("!H", total ^ 0xFFFF) + message[4:]


def _answer(raw: socket.socket, family: Family, script: Script, requests: int) -> None:
    while requests:
        packet, (asked, *_) = raw.recvfrom(2048)
        if family is Family.IPV4:
            packet = packet[(packet[0] & 0x0F) * 4 :]
        if packet[0] != _ECHO_REQUEST[family]:
            continue
        requests -= 1

        def send(
            packet: bytes,
            source: Target,
            options: bytes = b"",
            checksum: bytes = b"",
            to: str = asked,
        ) -> None:
            if family is Family.IPV4:
                right = checksummed(packet)
                packet = right[:2] + (checksum or right[2:4]) + right[4:]
            with _raw(family) as sender:
                if options:
                    sender.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, options)
                sender.bind((str(source), 0))
                sender.sendto(packet, (to, 0))

        # Within one machine an address is asked from itself.
        script(bytes([ECHO_REPLY[family]]) + packet[1:], target(asked), send)
