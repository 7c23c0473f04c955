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


def make_wire(number: int) -> None:
    run_ip(f"link add eth{number} type veth peer name isp{number}")
    for end in (f"eth{number}", f"isp{number}"):
        # Without duplicate address detection addresses are usable at once.
        write_sysctl(f"ipv6/conf/{end}/accept_dad", 0)
    run_ip(
        f"link set isp{number} up",
        f"link set eth{number} up",
        f"addr add 198.51.100.{number * 128 + 2}/25 dev eth{number}",
        f"addr add 2001:db8:{number}::2/64 dev eth{number} nodad",
    )
    await_carrier(f"eth{number}")
    await_carrier(f"isp{number}")


def await_carrier(interface: str) -> None:
    """The kernel tells of a carrier, and makes the link-local address, up to a second later."""
    end = time.monotonic() + DEADLINE
    while True:
        words = ["ip", "-j", "link", "show", "dev", interface]
        (link,) = json.loads(subprocess.check_output(words))
        if link["operstate"] == "UP" and addresses_settled(interface):
            return
        assert time.monotonic() < end, f"{interface}: {link}"
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
    return make_wire


@pytest.fixture
def plugged_in() -> Callable[[str], None]:
    return await_carrier


@pytest.fixture
def unplug() -> Callable[[int], None]:
    return pull_plug


@pytest.fixture
def wires() -> Iterator[None]:
    for number in NUMBERS:
        make_wire(number)
    yield
    for number in NUMBERS:
        subprocess.run(["ip", "link", "del", f"eth{number}"], capture_output=True)
    for family in ("-4", "-6"):
        subprocess.run(["ip", family, "route", "flush", "table", "main"], capture_output=True)


@pytest.fixture
def net(wires: None, sysctl: Callable[[str, int], None]) -> Iterator[None]:
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
    for number, metric in ((0, 10), (1, 20)):
        for family in Family:
            via = GATEWAYS[family][number]
            line = f"route add default via {via} dev eth{number} metric {metric} proto 115"
            run_ip(f"{FLAGS[family]} {line}")
    yield
    subprocess.run(["ip", "link", "del", "lan0"], capture_output=True)
    for flag in FLAGS.values():
        for table in (100, 116):
            words = ["ip", flag, "route", "flush", "table", str(table)]
            subprocess.run(words, capture_output=True)
        words = ["ip", flag, "rule", "del", "pref", "100"]
        while subprocess.run(words, capture_output=True).returncode == 0:
            pass


@pytest.fixture
async def kernel(wires: None) -> AsyncIterator[NetlinkKernel]:
    with NetlinkKernel() as kernel:
        yield kernel
