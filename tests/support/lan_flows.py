"""Flows from the lab's LAN client to the internet, and what the router tracks of them."""

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_address

from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.lab.addresses import CLIENT, INTERNET, LAN_CLIENT, LAN_CLIENT_V6, ROUTER
from route_switcher.lab.topology import Lab
from support.running import DEADLINE

PERIOD = 0.05
"""Seconds between two packets of a flow."""

SIP, DOWNLOAD = 5060, 8080
"""Ports of the services in the internet. Datagrams to the first come from the same port."""

_CLIENTS = {Family.IPV4: LAN_CLIENT.ip, Family.IPV6: LAN_CLIENT_V6.ip}
_ECHO = {Family.IPV4: (socket.IPPROTO_ICMP, 8), Family.IPV6: (socket.IPPROTO_ICMPV6, 128)}


def translate(lab: Lab, *rules: str) -> None:
    """Have the router translate by these rules instead of the lab's masquerading."""
    lab.run(ROUTER, "nft", "flush", "ruleset")
    table = "table inet lab { chain post { type nat hook postrouting priority srcnat; %s; }; }"
    lab.run(ROUTER, "nft", "-f", "-", given=table % "; ".join(rules))


def snat(lab: Lab) -> None:
    """Translate to written addresses (`snat to`)."""
    translate(
        lab,
        *(f"oifname {u.interface} snat ip to {u.address.ip}" for u in lab.uplinks),
        *(f"oifname {u.interface} snat ip6 to {u.address_v6.ip}" for u in lab.uplinks),
    )


def tracked(lab: Lab, family: Family = Family.IPV4) -> set[tuple[str, Address]]:
    """The client's flows that the router tracks: protocol, and the address that replies go to."""
    found = set()
    for line in lab.run(ROUTER, "cat", "/proc/net/nf_conntrack").splitlines():
        addresses = [ip_address(word) for word in re.findall(r"(?:src|dst)=(\S+)", line)]
        if addresses[0] == _CLIENTS[family]:
            found.add((line.split()[2], addresses[3]))
    return found


class Flow:
    """Packets that the client sends for ever, and what the internet saw of them."""

    def __init__(self) -> None:
        self.sent = 0
        self.answered = 0
        self.sources: list[Address] = []
        """Whom the internet heard, packet by packet."""
        self.cut = threading.Event()
        """The other end has ended it (TCP)."""

    def hears(self, address: Address) -> bool:
        """Whether the latest packet in the internet came from this address."""
        return self.sources[-1:] == [address]


@contextmanager
def udp(lab: Lab, family: Family = Family.IPV4, port: int = SIP) -> Iterator[Flow]:
    """One pair of ports, as SIP and tunnels have it; each datagram is sent back."""
    kind, flow = _socket_family(family), Flow()
    with ExitStack() as stack:
        client = stack.enter_context(_opened(lab, CLIENT, kind, socket.SOCK_DGRAM))
        client.bind(("", port))
        server = stack.enter_context(_opened(lab, INTERNET, kind, socket.SOCK_DGRAM))
        server.bind((str(lab.targets(family)[0]), port))

        def echo() -> None:
            data, sender = server.recvfrom(64)
            flow.sources.append(ip_address(sender[0]))
            server.sendto(data, sender)

        def hear() -> None:
            client.recv(64)
            flow.answered += 1

        target = (str(lab.targets(family)[0]), port)
        stack.enter_context(_going(flow, lambda: client.sendto(b"x", target), echo, hear))
        yield flow


@contextmanager
def ping(lab: Lab, family: Family = Family.IPV4) -> Iterator[Flow]:
    """Echo requests of one identifier."""
    flow = Flow()
    protocol, kind = _ECHO[family]
    with _opened(lab, CLIENT, _socket_family(family), socket.SOCK_RAW, protocol) as client:
        header = struct.pack("!BBHHH", kind, 0, 0, 0x5001, 1)
        total = sum(struct.unpack("!4H", header))
        header = struct.pack("!BBHHH", kind, 0, ~total & 0xFFFF, 0x5001, 1)  # the kernel's in IPv6
        target = (str(lab.targets(family)[0]), 0)

        def hear() -> None:
            client.recv(64)
            flow.answered += 1

        with _going(flow, lambda: client.sendto(header, target), hear):
            yield flow


@contextmanager
def download(lab: Lab, family: Family = Family.IPV4) -> Iterator[Flow]:
    """A connection by which the internet sends for ever."""
    flow, kind = Flow(), _socket_family(family)
    with ExitStack() as stack:
        listener = stack.enter_context(_opened(lab, INTERNET, kind, socket.SOCK_STREAM))
        listener.bind((str(lab.targets(family)[0]), DOWNLOAD))
        listener.listen()
        listener.settimeout(DEADLINE)
        client = stack.enter_context(_opened(lab, CLIENT, kind, socket.SOCK_STREAM))
        client.settimeout(DEADLINE)
        client.connect(listener.getsockname()[:2])
        server, (source, *_) = listener.accept()
        stack.enter_context(server)
        flow.sources.append(ip_address(source))
        for each in (client, server):
            each.settimeout(PERIOD)

        def send() -> None:
            client.send(b"more")  # a request, so that the client speaks though it hears nothing

        def feed() -> None:
            server.send(b"x" * 1000)
            server.recv(4096)

        def hear() -> bool:
            try:
                heard = len(client.recv(4096))
            except ConnectionResetError:
                heard = 0
            flow.answered += heard
            if not heard:  # nothing, without an error, if that met a `send`
                flow.cut.set()
            return flow.cut.is_set()

        stack.enter_context(_going(flow, send, feed, hear))
        yield flow


@contextmanager
def _going(
    flow: Flow, send: Callable[[], object], *others: Callable[[], bool | None]
) -> Iterator[None]:
    over = threading.Event()

    def sending() -> None:
        while not over.wait(PERIOD):
            with suppress(OSError):
                send()
                flow.sent += 1

    def repeat(act: Callable[[], bool | None]) -> None:
        done: bool | None = False
        while not (done or over.is_set()):
            with suppress(OSError):
                done = act()

    threads = [threading.Thread(target=sending)]
    threads += [threading.Thread(target=repeat, args=(act,)) for act in others]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def _opened(
    lab: Lab, namespace: str, family: int, kind: int, protocol: int = 0
) -> Iterator[socket.socket]:
    with lab.inside(namespace):
        opened = socket.socket(family, kind, protocol)
    with opened:
        opened.settimeout(PERIOD)
        yield opened


def _socket_family(family: Family) -> int:
    return socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
