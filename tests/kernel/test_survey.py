"""What the survey of a machine finds, and that a draft made of it is accepted and works."""

import struct
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address, ip_interface
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, main
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.drafting.draft import draft
from route_switcher.kernel.host.snapshot import Interface
from route_switcher.kernel.host.survey import Assigned, assigned, survey
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.framing import RTM_NEWADDR, RTM_NEWLINK, Message
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from route_switcher.policy.load import load_text

V4, V4_FAR = bytes((198, 51, 100, 2)), bytes((198, 51, 100, 1))


def address_message(family: int, length: int, *attributes: tuple[int, bytes]) -> Message:
    body = struct.pack("=4BI", family, length, 0, 0, 7)
    for kind, value in attributes:
        body += struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
    data = struct.pack("=IHHII", 16 + len(body), RTM_NEWADDR, 0, 1, 0) + body
    return Message(RTM_NEWADDR, 0, 1, data)


def test_an_address_with_a_peer_is_told_from_one_of_a_network() -> None:
    network = address_message(2, 25, (1, V4), (2, V4))
    assert assigned(network) == Assigned(7, ip_interface("198.51.100.2/25"), None)
    to_one = address_message(2, 32, (1, V4_FAR), (2, V4))
    assert assigned(to_one) == Assigned(
        7, ip_interface("198.51.100.2/32"), ip_address("198.51.100.1")
    )
    v6 = ip_interface("2001:db8::2/64")
    assert assigned(address_message(10, 64, (1, v6.packed))) == Assigned(7, v6, None)


def test_what_is_no_address_of_ours_is_passed_over() -> None:
    assert assigned(Message(RTM_NEWLINK, 0, 1, b"")) is None
    assert assigned(address_message(7, 0)) is None


@pytest.mark.parametrize(
    "message",
    [
        address_message(2, 24),
        address_message(2, 24, (1, V4[:3])),
        address_message(2, 33, (1, V4)),
        address_message(10, 64, (1, V4)),
        address_message(2, 32, (1, V4[:3]), (2, V4)),
        Message(RTM_NEWADDR, 0, 1, b"short"),
    ],
)
def test_malformed_addresses_are_refused(message: Message) -> None:
    with pytest.raises(MalformedMessageError):
        assigned(message)


@given(st.sampled_from((2, 10, 0, 7)), st.integers(0, 255), st.binary(max_size=80))
def test_any_bytes_are_an_address_or_refused(family: int, length: int, rest: bytes) -> None:
    data = struct.pack("=IHHII4BI", 24 + len(rest), RTM_NEWADDR, 0, 1, 0, family, length, 0, 0, 7)
    with suppress(MalformedMessageError):
        assigned(Message(RTM_NEWADDR, 0, 1, data + rest))


@pytest.mark.kernel
async def test_interfaces_are_found_with_what_they_have(
    wires: None, ip: Callable[..., None], sysctl: Callable[[str, int], None]
) -> None:
    ip("link set eth1 down", "addr add 198.51.100.9 peer 198.51.100.10/32 dev isp0")
    sysctl("ipv4/conf/eth0/rp_filter", 1)
    found = {each.name: each for each in (await survey()).interfaces}
    assert "lo" not in found
    assert found["eth0"] == Interface(
        "eth0",
        True,
        (ip_interface("198.51.100.2/25"), ip_interface("2001:db8:0::2/64")),
        (),
        "sysctl -w net.ipv4.conf.eth0.rp_filter=2",
    )
    assert not found["eth1"].up
    assert found["isp0"].peers == (ip_address("198.51.100.10"),)


def drafted(capsys: pytest.CaptureFixture[str], code: int = EXIT_OK) -> tuple[Policy, str, str]:
    """Policy, text and what was said, of `route-switcher init`."""
    assert main(["init"]) == code
    out, err = capsys.readouterr()
    return load_text(out, "draft"), out, err


def uplinks(policy: Policy) -> list[tuple[str, str, int]]:
    return [(u.name, str(u.gateway), u.metric) for u in policy.uplinks]


@pytest.mark.kernel
def test_a_machine_without_anything_gets_a_template_and_is_told_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    policy, text, said = drafted(capsys, EXIT_PROBLEMS)
    assert [u.name for u in policy.uplinks] == ["primary", "secondary"]
    assert text.splitlines()[1].startswith("# A TEMPLATE")
    assert "route-switcher init: no default route with a gateway was found" in said


@pytest.mark.kernel
def test_the_writers_of_routes_are_told_apart(
    wires: None, ip: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    ip(
        "route add default via 198.51.100.129 dev eth1 metric 700 proto dhcp",
        "route add default via 198.51.100.1 dev eth0 metric 100 proto static",
        "-6 route add default via fe80::1 dev eth0 metric 1024 proto ra",
    )
    policy, text, said = drafted(capsys)
    assert uplinks(policy) == [
        ("eth0", "198.51.100.1", 10),
        ("eth0", "auto", 10),
        ("eth1", "auto", 20),
    ]
    assert "# default via 198.51.100.1 dev eth0 metric 100 proto static" in text
    assert "gateway 198.51.100.129 of eth1 came by DHCP" in said
    assert "gateway fe80::1 of eth0 came by a router advertisement" in said
    assert "to do" not in said


@pytest.mark.kernel
@pytest.mark.parametrize("protocol", ["", "proto 0"])
def test_a_route_as_dhcp_clients_write_it_is_learned(
    wires: None, ip: Callable[..., None], capsys: pytest.CaptureFixture[str], protocol: str
) -> None:
    ip(f"route add default via 198.51.100.1 dev eth0 {protocol}")
    policy, text, said = drafted(capsys)
    assert uplinks(policy) == [("eth0", "auto", 10)]
    assert "examples/dhcp-clients/lease-route" in said
    assert "eth1 is up with 198.51.100.130/25" in text


@pytest.mark.kernel
def test_what_the_hooks_wrote_is_found(
    wires: None, ip: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    ip(
        "route add default via 198.51.100.1 dev eth0",
        "route add default via 198.51.100.1 dev eth0 table 1115 metric 32 proto dhcp",
        "route add default via 198.51.100.129 dev eth1 table 1115 metric 48 proto dhcp",
        "route add default via 198.51.100.129 dev eth1 table 77 metric 9 proto dhcp",
        "tuntap add tun0 mode tun",
        "link set tun0 up",
        "route add default dev tun0 metric 900",
    )
    try:
        policy, _, said = drafted(capsys)
    finally:
        ip("link del tun0")
    assert uplinks(policy) == [("eth0", "auto", 10), ("eth1", "auto", 20), ("tun0", "none", 30)]
    assert "to do" not in said


@pytest.mark.kernel
def test_a_route_of_an_unknown_writer_makes_an_uplink(
    wires: None, ip: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    ip("route add default via 198.51.100.1 dev eth0 proto 250")
    policy, text, said = drafted(capsys)
    assert uplinks(policy) == [("eth0", "198.51.100.1", 10)]
    assert "ip route del default via 198.51.100.1 dev eth0 metric 0" in said
    assert "eth1 is up with 198.51.100.130/25" in text


@pytest.mark.kernel
def test_a_multipath_route_makes_an_uplink_of_each_hop(
    wires: None, ip: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    hops = "nexthop via 198.51.100.129 dev eth1 nexthop via 198.51.100.1 dev eth0"
    ip(f"route add default metric 100 {hops}")
    policy, _, said = drafted(capsys)
    assert uplinks(policy) == [("eth1", "198.51.100.129", 10), ("eth0", "198.51.100.1", 20)]
    assert "Equal metrics" in said


@pytest.mark.kernel
def test_routes_of_an_engine_give_order_and_metrics(
    wires: None, ip: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    ip(
        "route add default via 198.51.100.1 dev eth0 metric 1010 proto 115",
        "route add default via 198.51.100.129 dev eth1 metric 20 proto 115",
    )
    policy, _, said = drafted(capsys)
    assert uplinks(policy) == [("eth0", "198.51.100.1", 10), ("eth1", "198.51.100.129", 20)]
    assert "An engine runs or ran here" in said
    assert "to do" not in said


@pytest.mark.kernel
async def test_the_kernel_takes_the_peer_of_a_point_to_point_link_for_a_gateway(
    wires: None, ip: Callable[..., None]
) -> None:
    ip(
        "addr flush dev eth0",
        "addr add 198.51.100.2 peer 198.51.100.1/32 dev eth0",
        "route add default dev eth0 metric 100",
    )
    (uplink,) = draft(await survey()).uplinks
    assert uplink.gateway == ip_address("198.51.100.1")
    with NetlinkKernel() as kernel:
        standing = Route(uplink.family, uplink.interface, uplink.written_gateway, uplink.metric)
        assert await kernel.apply(RouteAction(Change.ADD, standing, "test")) is None


@pytest.mark.kernel
def test_names_that_only_a_kernel_allows(
    wires: None, ip: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    ip("link set eth0 down", "link set eth0 name no", "link set dev no up")
    ip("route add default via 198.51.100.1 dev no metric 100")
    ip("link set eth1 down", "link set eth1 name ?@{e}'", "link set ?@{e}' up")
    try:
        ip("route add default via 198.51.100.129 dev ?@{e}' metric 200")
        policy = drafted(capsys)[0]
        assert [(u.name, u.interface) for u in policy.uplinks] == [("no", "no"), ("e", "?@{e}'")]
    finally:
        ip("link del dev no", "link del ?@{e}'")


@pytest.mark.kernel
def test_a_file_is_written_once_and_overwritten_only_by_force(
    wires: None, ip: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ip("route add default via 198.51.100.1 dev eth0 metric 100")
    file = tmp_path / "policy.yaml"
    assert main(["init", "--output", str(file)]) == EXIT_OK
    assert main(["validate", str(file)]) == EXIT_OK
    out, err = capsys.readouterr()
    assert f"written: {file}. Read it, then: route-switcher validate {file}" in err
    assert "eth0:" not in out
    written = file.read_text()

    file.write_text("mine")
    assert main(["init", "--output", str(file)]) == EXIT_PROBLEMS
    assert f"{file} is there already" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert main(["init", "--output", str(file), "--force"]) == EXIT_OK
    assert file.read_text() == written


@pytest.mark.kernel
def test_a_file_that_cannot_be_written_is_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--output", str(tmp_path / "none" / "policy.yaml")]) == EXIT_PROBLEMS
    assert "cannot write" in capsys.readouterr().err
    assert main(["init", "--output", "/dev/full", "--force"]) == EXIT_PROBLEMS
    assert "cannot write /dev/full: No space left on device" in capsys.readouterr().err
