"""Two uplinks in the private network of the test process: eth0 and eth1, wired to isp0 and isp1."""

import json
import re
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import groupby

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.rtnetlink import monitor
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from route_switcher.lab.settled_addresses import addresses_settled
from support.addresses import await_no_carrier
from support.asking import FLAGS, GATEWAYS
from support.sysctls import restored_sysctls, write_sysctl

NUMBERS = (0, 1)

DEADLINE = 60.0


def run_ip(*commands: str) -> None:
    """Run `ip` commands, with -4 or -6 in front where needed; fail if one fails."""
    for family, group in groupby(commands, lambda command: re.findall(r"^-[46]", command)):
        lines = "\n".join(command.removeprefix("".join(family)) for command in group)
        words = ["ip", *family, "-batch", "-"]
        done = subprocess.run(words, input=lines, text=True, capture_output=True)
        assert done.returncode == 0, f"{done.stderr}\n{lines[:500]}"


def make_wires(*numbers: int) -> None:
    """As few processes as can be: most tests here have wires, and take no longer themselves."""
    ends = [f"{end}{number}" for number in numbers for end in ("isp", "eth")]
    run_ip(*(f"link add eth{number} type veth peer name isp{number}" for number in numbers))
    for end in ends:
        # Without duplicate address detection addresses are usable at once.
        write_sysctl(f"ipv6/conf/{end}/accept_dad", 0)
    run_ip(
        *(f"link set {end} up" for end in ends),
        *(f"addr add 198.51.100.{n * 128 + 2}/25 dev eth{n}" for n in numbers),
        *(f"addr add 2001:db8:{n}::2/64 dev eth{n} nodad" for n in numbers),
    )
    await_carriers(*ends)


def await_carrier(interface: str) -> None:
    await_carriers(interface)


def await_carriers(*interfaces: str) -> None:
    """The kernel tells of a carrier, and makes the link-local address, up to a second later."""
    end = time.monotonic() + DEADLINE
    while True:
        if all(addresses_settled(interface) for interface in interfaces):
            links = json.loads(subprocess.check_output(["ip", "-j", "link", "show"]))
            up = {link["ifname"] for link in links if link["operstate"] == "UP"}
            if up.issuperset(interfaces):
                return
        assert time.monotonic() < end, interfaces
        time.sleep(0.002)


def pull_plug(number: int) -> None:
    """Take the carrier of an uplink, and return when the kernel is done with that."""
    run_ip(f"link set isp{number} down")
    await_no_carrier(f"eth{number}")


@pytest.fixture(autouse=True)
def deletions_are_soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was deleted is told again for seconds, where no test needs to wait so long for rest."""
    monkeypatch.setattr(monitor, "_REPEATED_AFTER", monitor._REPEATED_AFTER[:1])


@pytest.fixture
def ip() -> Callable[..., None]:
    return run_ip


@pytest.fixture
def sysctl() -> Iterator[Callable[[str, int], None]]:
    """Writes /proc/sys/net/ and a name; in the end each is what it was."""
    with restored_sysctls() as write:
        yield write


@pytest.fixture
def wire() -> Callable[[int], None]:
    return make_wires


@pytest.fixture
def plugged_in() -> Callable[[str], None]:
    return await_carrier


@pytest.fixture
def unplug() -> Callable[[int], None]:
    return pull_plug


@pytest.fixture
def wires() -> None:
    """They go with the network of the test."""
    make_wires(*NUMBERS)


@pytest.fixture
def net(wires: None, sysctl: Callable[[str, int], None]) -> None:
    """The two uplinks with standing routes, and a network of clients behind `lan0`."""
    run_ip(
        "link add lan0 type veth peer name client0",
        "link set client0 up",
        "link set lan0 up",
        "addr add 203.0.113.129/25 dev lan0",
        "addr add 2001:db8:a::1/64 dev lan0 nodad",
    )
    for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        sysctl(name, 1)
    run_ip(
        *(
            f"{FLAGS[family]} route add default via {GATEWAYS[family][number]} dev eth{number}"
            f" metric {metric} proto 115"
            for family in Family
            for number, metric in ((0, 10), (1, 20))
        )
    )


@pytest.fixture
async def kernel(wires: None) -> AsyncIterator[NetlinkKernel]:
    with NetlinkKernel() as kernel:
        yield kernel
