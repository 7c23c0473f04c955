"""A router in the test's private network: two uplinks, whose gateways answer, and a LAN.

Everything is well with it. A test plants a fault with commands, as a person or a program would.
What is in its network goes with that, for the next test has another. The rest is taken away.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import cache, partial
from itertools import count
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from route_switcher.cli import main
from route_switcher.doctor.finding import Finding, Verdict
from route_switcher.doctor.reading import machine, processes, programs
from route_switcher.doctor.reading.engine import engine as ask_engine
from route_switcher.lab.namespaces import inside
from route_switcher.resources import shipped_schemas
from support.addresses import await_addresses
from support.forked import Forked

ROOM = "/run/doctor"
"""A folder for what a test needs, which goes with the router."""
PIDS = f"{ROOM}/pids"

FAR = "far"
"""The namespace of the gateways, the client, and all that is asked in the internet."""

PID = Path("/run/engine.pid")
"""Of the engine that runs. /run is the test's own."""

TARGETS = ("203.0.113.9/32", "203.0.113.10/32", "2001:db8:ffff::9/128")

ADDRESSES = {
    "eth0": ("198.51.100.2/25", "2001:db8:0::2/64"),
    "eth1": ("198.51.100.130/25", "2001:db8:1::2/64"),
    "lan0": ("203.0.113.129/25", "2001:db8:a::1/64"),
    "isp0": ("198.51.100.1/25", "2001:db8:0::1/64"),
    "isp1": ("198.51.100.129/25", "2001:db8:1::1/64"),
    "client0": ("203.0.113.130/25", "2001:db8:a::2/64"),
}
_PAIRS = {"eth0": "isp0", "eth1": "isp1", "lan0": "client0"}

POLICY = """\
version: 1
uplinks:
  primary: {interface: eth0, gateway: 198.51.100.1}
  secondary: {interface: eth1, gateway: 198.51.100.129}
probes:
  internet: {type: icmp, targets: [203.0.113.9, 203.0.113.10]}
"""
OWN = POLICY + "routes: {table: own}\n"
AUTO = """\
version: 1
uplinks:
  primary: {interface: eth0, gateway: auto}
  secondary: {interface: eth1, gateway: auto}
probes:
  internet: {type: icmp, targets: [203.0.113.9]}
"""
POLICY_V6 = """\
version: 1
uplinks:
  primary: {interface: eth0, gateway: "2001:db8:0::1"}
  secondary: {interface: eth1, gateway: "2001:db8:1::1"}
probes:
  internet: {type: icmp, targets: ["2001:db8:ffff::9"]}
"""

_SETTINGS = {
    "ipv4/conf/all/rp_filter": 0,
    "ipv4/conf/default/rp_filter": 0,
    "ipv4/conf/all/forwarding": 1,
    "ipv4/conf/default/forwarding": 1,
    "ipv6/conf/all/forwarding": 1,
    "ipv6/conf/default/forwarding": 1,
    "ipv6/conf/default/accept_dad": 0,
    "ipv6/conf/default/accept_ra": 0,
    "ipv4/conf/all/arp_filter": 0,
    "ipv4/conf/all/arp_ignore": 0,
    "ipv4/conf/all/arp_announce": 0,
    "ipv4/conf/all/src_valid_mark": 0,
    "ipv6/conf/all/disable_ipv6": 0,
    "ipv6/conf/default/disable_ipv6": 0,
}
_FIREWALL = """\
table inet box {
    chain postrouting {
        type nat hook postrouting priority srcnat;
        oifname { "eth0", "eth1" } masquerade
    }
}
"""
"""Clients get an address of the line that they leave by."""

_SELECTED = ("the kernel sends the traffic through primary", "whichever uplink is selected")
"""What an engine says when its routes stand; the other one, beside a VPN."""

_MOUNTS = Path("/proc/self/mounts")
_indexes = count(1000)
_PATIENCE = 60.0


def shell(*commands: str) -> None:
    """Run commands one after another, as a person would; each must succeed."""
    for command in commands:
        done = subprocess.run(
            ["sh", "-c", command], capture_output=True, text=True, timeout=_PATIENCE
        )
        assert done.returncode == 0, f"{command}: {done.stderr or done.stdout}"


@contextmanager
def engine(policy: Path) -> Iterator[None]:
    """An engine that has selected the first uplink."""
    reading, writing = os.pipe()
    words = ("run", str(policy))
    with os.fdopen(reading) as errors, open(os.devnull, "wb") as nothing:
        process = Forked(nullcontext(), words, os.environ, nothing.fileno(), writing)
        os.close(writing)
        try:
            PID.write_text(str(process.pid))
            told = []
            for line in errors:
                told.append(line)
                if any(words in line for words in _SELECTED):
                    break
            else:
                pytest.fail("".join(told))
            with pytest.MonkeyPatch.context() as patched:
                # It may be as busy as the machine is.
                patched.setattr(machine, "engine", partial(ask_engine, _PATIENCE))
                yield
        finally:
            # It takes its socket away when it ends, also when a test has stopped it.
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            finally:
                process.close()


@contextmanager
def box() -> Iterator[None]:
    """The router, from the beginning to the end of the block."""
    mounts = _mounts()
    shell(
        f"ip netns add {FAR}",
        # Nobody there asks for routers: to be asked makes an entry in the table of neighbours.
        f"ip netns exec {FAR} sysctl -qw net.ipv6.conf.default.accept_dad=0"
        " net.ipv6.conf.default.router_solicitations=0",
    )
    try:
        _set()
        _batch(_lines())
        subprocess.run(["nft", "-f", "-"], input=_FIREWALL, text=True, check=True)
        yield
    finally:
        _end_started()
        for mounted in reversed(_mounts()[len(mounts) :]):
            subprocess.run(["umount", mounted], check=True)
        subprocess.run(["ip", "netns", "delete", FAR], capture_output=True)


def _lines() -> Iterator[str]:
    for near, far in _PAIRS.items():
        # The kernel tells of the carrier at once only if the two indexes differ.
        indexes = next(_indexes), next(_indexes)
        yield f"link add {near} index {indexes[0]} type veth peer name {far} index {indexes[1]}"
        yield f"link set {far} netns {FAR}"
        yield from (f"addr add {each} dev {near}" for each in ADDRESSES[near])
        yield f"link set {near} up"


def _batch(lines: Iterator[str]) -> None:
    near = "\n".join(lines)
    there = ["link set lo up", *(f"addr add {each} dev lo" for each in TARGETS)]
    far = (
        "\n".join(there)
        + "\n"
        + "\n".join(
            line
            for name in _PAIRS.values()
            for line in (
                *(f"addr add {each} dev {name}" for each in ADDRESSES[name]),
                f"link set {name} up",
            )
        )
    )
    subprocess.run(["ip", "-batch", "-"], input=near, text=True, check=True)
    subprocess.run(["ip", "-n", FAR, "-batch", "-"], input=far, text=True, check=True)
    for name in _PAIRS:
        await_addresses(name)
    with inside(FAR):
        for name in ("lo", *_PAIRS.values()):
            await_addresses(name)


def _set() -> None:
    for name, value in _SETTINGS.items():
        Path("/proc/sys/net", name).write_text(str(value))


@contextmanager
def _patient() -> Iterator[None]:
    """What `doctor` asks in this process takes as long as a busy machine needs for it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(processes, "_LIMIT", _PATIENCE)
        patched.setattr(programs, "PATIENCE", _PATIENCE)
        yield


def started(program: str, *words: str) -> tuple[str, ...]:
    """Commands that start a program, which ends with the router at the latest."""
    return (f"{shlex.join([program, *words])} >/dev/null 2>&1 & echo $! >>{PIDS}",)


def gone(pids: str) -> str:
    """A command that ends these processes, and waits until they are seen no more."""
    return (
        f"for pid in {pids}; do kill $pid;"
        " while grep -qs . /proc/$pid/cmdline; do sleep 0.01; done; done"
    )


def acted(name: str, *words: str) -> tuple[str, ...]:
    """Commands that start something with this name and command line, which does nothing."""
    wait = f"exec 3<>{ROOM}/fifo; read forever <&3"
    return (
        f"mkdir -p {ROOM} && ln -sf /bin/sh {ROOM}/{name}",
        f"test -p {ROOM}/fifo || mkfifo {ROOM}/fifo",
        *started(f"{ROOM}/{name}", "-c", wait, *words),
        f'until grep -qs {name[:15]} /proc/"$(tail -n 1 {PIDS})"/comm; do sleep 0.01; done',
    )


def _end_started() -> None:
    """By their pids. One that another process has by now is not of this network. When this returns,
    they hold nothing of what is mounted."""
    pids, here = Path(PIDS), os.stat("/proc/self/ns/net")
    for pid in pids.read_text().split() if pids.exists() else ():
        with suppress(OSError):
            if os.path.samestat(os.stat(f"/proc/{pid}/ns/net"), here):
                os.kill(int(pid), signal.SIGKILL)
                while os.path.samestat(os.stat(f"/proc/{pid}/ns/net"), here):
                    time.sleep(0.002)
    shutil.rmtree(ROOM, ignore_errors=True)


def _mounts() -> list[str]:
    """Those of namespaces are left out."""
    found = [line.split()[1] for line in _MOUNTS.read_text().splitlines()]
    return [mounted for mounted in found if not mounted.startswith("/run/netns")]


def diagnosed(
    policy: Path, capsys: pytest.CaptureFixture[str], under: Sequence[str] = ()
) -> tuple[int, tuple[Finding, ...]]:
    """The exit code of `doctor --json`, whose output fits its schema, and its findings. `under`
    are words of a command line that starts it as another process."""
    words = ["doctor", str(policy), "--json"]
    if under:
        line = [*under, sys.executable, "-P", "-m", "route_switcher", *words]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60)
        code, out, err = done.returncode, done.stdout, done.stderr
    else:
        capsys.readouterr()
        with _patient():
            code = main(words)
        out, err = capsys.readouterr()
    assert err == ""
    told = json.loads(out)
    _schema().validate(told)
    return code, tuple(
        Finding(
            each["check"],
            each["subject"],
            Verdict(each["verdict"]),
            each["text"],
            tuple(each["remedies"]),
            each["fault"],
        )
        for each in told["findings"]
    )


@cache
def _schema() -> Draft7Validator:
    schema = json.loads(shipped_schemas()["doctor"].read_text("utf-8"))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def troubles(findings: Sequence[Finding]) -> list[Finding]:
    """Those that warn or fail."""
    return [each for each in findings if each.verdict in (Verdict.WARN, Verdict.FAIL)]
