"""Programs that write routes, started with the configuration that docs/other-writers.md shows."""

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from route_switcher.lab.topology import Lab
from support import recipes
from support.route_writers import MACHINE_ID, NETWORKD, NO_UDEV, RouteWriter, need, start
from support.running import DEADLINE

INTERFACES = ("eth0", "eth1")
_MANAGED = ",".join(f"except:interface-name:{name}" for name in INTERFACES)


# systemd-networkd takes a link when udev has said so (sd_device_get_is_initialized(3)); where it
# believes that no udev runs, it takes it before it knows the routes, and so removes none.
_AS_UDEV_LEAVES_IT = """mount -t sysfs none /sys
mkdir -p /run/udev/data
for index in /sys/class/net/*/ifindex; do
    echo I:1 >/run/udev/data/n$(cat $index)
done
"""


@dataclass
class Written:
    """A program with both lines, and how it is started again while it runs."""

    lab: Lab
    restart: Callable[[], None]
    """As its service manager or its administrator does; of the first line, where each has its own
    process."""


Recipe: TypeAlias = Callable[[Lab], Written]


@dataclass
class _Daemon:
    """One process for both lines."""

    lab: Lab
    name: str
    script: str
    end_signal: int
    running: RouteWriter = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.running = start(self.lab, self.name, self.script, hooks=False)

    def again(self) -> None:
        self.running.end(self.end_signal)
        self.begin()


def ifupdown(lab: Lab) -> Written:
    """A process holds the mount namespace in which `ifup` has run; dhclient goes with the lab."""
    title = "ifupdown with dhclient"
    need("ifup", "dhclient")
    script = (
        f"mkdir -p /run/network\n{_writing(recipes.files(title))}{recipes.installing(title)}"
        "ifup --all || exit\nexec sleep infinity"
    )
    running = start(lab, "ifupdown", script, hooks=False)
    lab.keep("dhclients", _end_dhclients)

    def again() -> None:
        inside = ["nsenter", f"--target={running.process.pid}", "--mount", "--net", "--"]
        words = ["sh", "-c", "ifdown eth0; ifup eth0"]
        with running.log.open("a") as said:
            subprocess.run([*inside, *words], stdout=said, stderr=said, timeout=DEADLINE)

    return Written(lab, again)


def udhcpc(lab: Lab) -> Written:
    """Each line has its own; with a second between two questions."""
    title = "udhcpc"
    need("udhcpc", "busybox")
    daemons = [
        _Daemon(
            lab,
            f"udhcpc-{interface}",
            f"{recipes.installing(title)}exec {line} -f -t 20 -T 1 -A 1",
            signal.SIGTERM,
        )
        for interface, line in zip(INTERFACES, recipes.starting(title), strict=True)
    ]
    return Written(lab, daemons[0].again)


def dhcpcd(lab: Lab) -> Written:
    """Without its five seconds of ARP."""
    need("dhcpcd", host_root=True)
    script = f"{_writing(recipes.files('dhcpcd'), more=True)}exec dhcpcd -4 -B --noarp"
    return Written(lab, _Daemon(lab, "dhcpcd", script, signal.SIGTERM).again)


def networkd_left_alone(lab: Lab) -> Written:
    """It removes what it does not know."""
    return _networkd(lab, lambda path: path.endswith(".network"))


def networkd_told(lab: Lab) -> Written:
    """It is told to leave our routes and rules."""
    return _networkd(lab, lambda _: True)


def _networkd(lab: Lab, is_written: Callable[[str], bool]) -> Written:
    need(NETWORKD, host_root=True)
    files = recipes.files("systemd-networkd")
    script = (
        f"{_AS_UDEV_LEAVES_IT}{MACHINE_ID}mkdir -p /run/systemd/netif/links"
        " /run/systemd/netif/leases /run/systemd/netif/lldp\n"
        "chown -R systemd-network: /run/systemd/netif\n"
        f"{_writing({path: text for path, text in files.items() if is_written(path)})}"
        f"exec {NETWORKD}"
    )
    # RestartKillSignal= in systemd-networkd.service: it keeps its leases.
    return Written(lab, _Daemon(lab, "networkd", script, signal.SIGUSR2).again)


def network_manager(lab: Lab) -> Written:
    """It has no other interface, and no helpers of the system."""
    need("NetworkManager", "dbus-daemon", host_root=True)
    settings = (
        "[main]\nplugins=keyfile\ndns=none\ndhcp=internal\nauth-polkit=false\n"
        f"no-auto-default=*\n[keyfile]\nunmanaged-devices={_MANAGED}\n"
    )
    files = {
        "/etc/NetworkManager/NetworkManager.conf": settings,
        **recipes.files("NetworkManager"),
    }
    # What is up already it takes for somebody else's.
    down = "".join(f"ip link set {interface} down\n" for interface in INTERFACES)
    script = (
        f"{NO_UDEV}test -e /run/dbus || {{\n{down}}}\n"
        "rm -rf /etc/NetworkManager/* /var/lib/NetworkManager/*\nmkdir -p /run/dbus\n"
        f"{_writing(files)}chmod 600 /etc/NetworkManager/system-connections/*\n"
        "test -S /run/dbus/system_bus_socket || dbus-daemon --system --fork --nopidfile"
        " --address=unix:path=/run/dbus/system_bus_socket\nexec NetworkManager --debug"
    )
    lab.run("router", "rm", "-rf", "/run/NetworkManager", "/run/dbus")
    return Written(lab, _Daemon(lab, "network_manager", script, signal.SIGTERM).again)


def _writing(files: Mapping[str, str], *, more: bool = False) -> str:
    """Shell that writes these files, or adds to them."""
    return "".join(
        f"mkdir -p {shlex.quote(str(Path(path).parent))}\n"
        f"printf %s {shlex.quote(text)} {'>>' if more else '>'}{shlex.quote(path)}\n"
        for path, text in files.items()
    )


def _end_dhclients() -> None:
    """They are no children of ours; each wrote its pid where ifupdown told it to."""
    for file in Path("/run").glob("dhclient.*.pid"):
        with suppress(ProcessLookupError, ValueError):
            pid = int(file.read_text())
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and str(file).encode() in command.read_bytes():
                os.kill(pid, signal.SIGKILL)
        file.unlink()
