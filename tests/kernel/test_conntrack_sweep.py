"""Connections that stick to the uplink that was left are deleted, and no others."""

import os
import re
import socket
import struct
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.vocabulary.uplinks import Address
from route_switcher.kernel.conntrack import sweep as sweeping
from route_switcher.kernel.conntrack.entries import (
    DELETE,
    NEW,
    Dump,
    MalformedEntryError,
)
from route_switcher.kernel.conntrack.process import command, outcome
from route_switcher.kernel.conntrack.sweep import Swept, sweep, tracked
from support.many_connections import fill, make, message, opened

TABLE = Path("/proc/net/nf_conntrack")

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not TABLE.exists(), reason="no /proc/net/nf_conntrack in this kernel"),
]

LAN = {4: "10.7.0.1", 6: "fd00:7::1"}
LEFT = {4: ip_address("198.51.100.2"), 6: ip_address("2001:db8::2")}
"""The address of eth0."""
OTHER = {4: ip_address("198.51.100.130"), 6: ip_address("2001:db8:1::2")}
"""The address of eth1."""
PEERS = {
    ("eth0", 4): "198.51.100.9",
    ("eth1", 4): "198.51.100.139",
    ("eth0", 6): "2001:db8::9",
    ("eth1", 6): "2001:db8:1::9",
}
MARKED, IN_A_ZONE = 7007, 7008
"""Ports of the peer: flows to these get a connmark, or are tracked in a zone of their own."""

RULES = f"""
table inet t {{
    chain zones {{
        type filter hook output priority raw; policy accept;
        meta l4proto udp udp dport {IN_A_ZONE} ct zone set 5
    }}
    chain marks {{
        type filter hook output priority mangle; policy accept;
        meta l4proto udp udp dport {MARKED} ct mark set 1
    }}
    chain nat {{
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr {LAN[4]} oifname eth0 masquerade
        ip6 saddr {LAN[6]} oifname eth0 masquerade
        ip saddr {LAN[4]} oifname eth1 snat to {OTHER[4]}
        ip6 saddr {LAN[6]} oifname eth1 snat to {OTHER[6]}
    }}
}}
"""


@pytest.fixture
def translated(wires: None, ip: Callable[..., None]) -> Iterator[None]:
    ip(f"addr add {LAN[4]}/32 dev lo", f"addr add {LAN[6]}/128 dev lo nodad")
    subprocess.run(["nft", "-f", "-"], input=RULES, text=True, check=True)
    yield
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    for address in (*LEFT.values(), *OTHER.values()):
        swept(address)
    ip(f"addr del {LAN[4]}/32 dev lo", f"addr del {LAN[6]}/128 dev lo")


def swept(*addresses: Address, stopped: Callable[[], bool] = lambda: False) -> Swept:
    return sweep([each.packed for each in addresses], len(addresses[0].packed), stopped)


def send(interface: str, version: int, source: str | Address, port: int) -> None:
    """A first packet of a UDP flow. Its entry is there when this returns."""
    kind = socket.AF_INET if version == 4 else socket.AF_INET6
    with socket.socket(kind, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        sender.bind((str(source), 0))
        sender.sendto(b"x", (PEERS[interface, version], port))


def flows(version: int) -> Counter[tuple[str, int]]:
    """How many there are of each interface and port of the peer."""
    found: Counter[tuple[str, int]] = Counter()
    for line in TABLE.read_text().splitlines():
        destination = re.search(r"dst=(\S+)", line)
        port = re.search(r"dport=(\d+)", line)
        if destination is None or port is None:
            continue
        for (interface, its_version), peer in PEERS.items():
            if its_version == version and ip_address(destination[1]) == ip_address(peer):
                found[interface, int(port[1])] += 1
    return found


@pytest.mark.usefixtures("translated")
@pytest.mark.parametrize("version", [4, 6])
def test_only_translated_flows_of_the_uplink_that_was_left_are_deleted(version: int) -> None:
    for interface in ("eth0", "eth1"):
        for port in (53, 5060, IN_A_ZONE, MARKED):
            send(interface, version, LAN[version], port)
    send("eth0", version, LEFT[version], 99)  # the machine's own, which nobody translated
    assert sum(flows(version).values()) == 9
    assert swept(LEFT[version]) == Swept(deleted=3)
    eth1 = {("eth1", port): 1 for port in (53, 5060, IN_A_ZONE, MARKED)}
    assert flows(version) == Counter({("eth0", MARKED): 1, ("eth0", 99): 1, **eth1})
    assert swept(LEFT[version]) == Swept(deleted=0)


@pytest.mark.usefixtures("translated")
def test_tcp_and_ping_are_deleted_too_and_several_addresses_go_in_one_sweep() -> None:
    for interface in ("eth0", "eth1"):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
            stream.setblocking(False)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            stream.bind((LAN[4], 0))
            stream.connect_ex((PEERS[interface, 4], 443))
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        raw.bind((LAN[4], 0))
        raw.sendto(struct.pack("!BBHHH", 8, 0, 0xF7FD, 1, 1), (PEERS["eth0", 4], 0))
    assert swept(LEFT[4], OTHER[4]) == Swept(deleted=3)


@pytest.mark.usefixtures("translated")
def test_a_large_table_is_swept_wholly_and_a_sweep_can_be_stopped() -> None:
    with opened() as kernel:
        for number in range(6000):
            make(kernel, number, LEFT[4] if number % 3 else OTHER[4])
        first = swept(LEFT[4], stopped=lambda: True)
        assert 0 < first.deleted < 4000
        assert first.trouble == "traffic has moved again"
        assert swept(LEFT[4]) == Swept(deleted=4000 - first.deleted)
        assert swept(OTHER[4]) == Swept(deleted=2000)


@pytest.mark.usefixtures("translated")
def test_the_kernel_is_never_long_at_one_part_though_nothing_matches() -> None:
    parts = []

    def count() -> bool:
        parts.append(1)
        return False

    with opened() as kernel:
        fill(kernel, 3000, OTHER[4])
        assert swept(LEFT[4], stopped=count) == Swept()
        assert len(parts) > 60
        assert swept(LEFT[6], stopped=count) == Swept()  # nor though none is of the family
        assert len(parts) > 120
        assert swept(OTHER[4]) == Swept(deleted=3000)


@pytest.mark.usefixtures("translated")
@pytest.mark.parametrize("version", [4, 6])
def test_a_process_of_its_own_does_the_same(version: int) -> None:
    send("eth0", version, LAN[version], 53)
    send("eth1", version, LAN[version], 53)
    length = len(LEFT[version].packed)
    assert swept_by_process([LEFT[version].packed], length) == Swept(deleted=1)
    assert swept_by_process([], 20 - length) == Swept()  # all of the other family
    assert swept_by_process([], length) == Swept(deleted=1)


def swept_by_process(addresses: list[bytes], length: int) -> Swept | None:
    words = command(addresses, length)
    reading, writing = os.pipe()  # an input that is not at its end
    with os.fdopen(reading), os.fdopen(writing):
        done = subprocess.run(words, stdin=reading, stdout=subprocess.PIPE, cwd="/", timeout=60)
    return outcome(done.stdout)


@pytest.mark.usefixtures("translated")
def test_a_process_whose_input_is_at_its_end_leaves_the_rest() -> None:
    with opened() as kernel:
        fill(kernel, 500, LEFT[4])
    words = command([LEFT[4].packed], 4)
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60)
    left = outcome(done.stdout)
    assert left is not None
    assert 0 < left.deleted < 500
    assert left.trouble == "traffic has moved again"


def test_a_process_that_says_nothing_has_no_outcome() -> None:
    assert outcome(b"") is None


def test_where_nothing_is_tracked_that_is_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert tracked() is not None
    monkeypatch.setattr(sweeping, "_COUNT", str(tmp_path / "absent"))
    assert tracked() is None


@pytest.mark.usefixtures("translated")
def test_what_the_kernel_does_not_allow_is_told() -> None:
    child = os.fork()
    if child == 0:
        os.setresuid(65534, 65534, 65534)
        came_of_it = swept(LEFT[4])
        os._exit(0 if came_of_it.deleted == 0 and "EPERM" in came_of_it.trouble else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@given(st.binary(max_size=300), st.sampled_from([LEFT[4], LEFT[6]]))
def test_bytes_of_any_kind_end_in_one_error(data: bytes, address: Address) -> None:
    for datagram in (data, message(NEW, 0, 1, data), message(NEW, 0, 1, data + address.packed)):
        try:
            answers = Dump([address.packed], len(address.packed), 1).read(datagram)
        except MalformedEntryError:
            continue
        assert all(struct.unpack_from("=IHH", d)[1] == DELETE for d in answers.deletions)


def test_answers_to_another_request_are_none_of_ours() -> None:
    assert Dump([], 4, 1).read(message(3, 2, 2, b"")).done is False
    assert Dump([], 4, 1).read(message(3, 2, 1, b"")).done is True
    assert Dump([], 4, 1).request != Dump([], 4, 2).request
