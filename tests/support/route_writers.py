"""Real programs that write default routes in the lab's router, each with folders of its own.

Each starts in a mount namespace where /etc and /var/lib are copies that are thrown away and
/usr/local/sbin holds our hooks, so that nothing of the machine changes. Each ends with the lab.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.running import DEADLINE, eventually

TOP = Path(__file__).parents[2]
HOOKS = TOP / "examples" / "dhcp-clients"
LEASES = 1115
"""The table of the hooks."""

_FOLDERS = """set -e
room=$(mktemp --directory /run/writer.XXXXXX)
mount -t tmpfs none "$room"
for folder in /etc /var/lib; do
    mkdir -p "$room/upper$folder" "$room/work$folder"
    mount -t overlay none "$folder" \\
        -o "lowerdir=$folder,upperdir=$room/upper$folder,workdir=$room/work$folder"
done
mount -t tmpfs none /usr/local/sbin
"""

_INSTALLED = f"""cp {shlex.quote(str(HOOKS))}/* /usr/local/sbin
if test -d /etc/dhcp/dhclient-exit-hooks.d; then
    cp /usr/local/sbin/dhclient-exit-hook /etc/dhcp/dhclient-exit-hooks.d/route-switcher
fi
cp /usr/local/sbin/dhcpcd-exit-hook /etc/dhcpcd.exit-hook
"""

# A program that waits for udev believes that none runs where /sys is read-only.
NO_UDEV = "mount -t sysfs -o ro,nosuid none /sys\n"
"""Shell."""
NETWORKD = "/lib/systemd/systemd-networkd"
# systemd-networkd asks for a lease by it. A container may have none.
MACHINE_ID = "test -s /etc/machine-id || echo 5f5ac5f561a74a4ea4a49e3b1d0c4b1e >/etc/machine-id\n"
"""Shell."""

_CONNECTION = "5f5ac5f5-61a7-4a4e-a4a4-9e3b1d0c4b1e"


def need(*programs: str, host_root: bool = False) -> None:
    """Skip the test where a program is missing, or where it wants more users than root.

    Where kernel tests are required, a program that is missing is a failure.
    """
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        reason = f"missing: {', '.join(missing)}; `make programs` installs what it needs"
        if os.environ.get("ROUTE_SWITCHER_REQUIRE_KERNEL") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    if host_root and int(Path("/proc/self/uid_map").read_text().split()[2]) == 1:
        pytest.skip(f"{programs[0]} wants more users than root")


@dataclass(frozen=True, slots=True)
class RouteWriter:
    """A program that runs, and what it says."""

    process: subprocess.Popen[str]
    log: Path

    def said(self) -> str:
        return self.log.read_text()

    def renew(self) -> None:
        """Make udhcpc renew once it has a lease. The others keep to the time that it says.

        udhcpc gives its lease up at a signal that comes while it waits for an answer.
        """
        if "udhcpc: " in self.said():
            before = self.said().count("lease of")
            self.process.send_signal(signal.SIGUSR1)
            eventually(lambda: self.said().count("lease of") > before, "a renewal of udhcpc")

    def end(self, number: int = signal.SIGTERM) -> None:
        """Ask it to end, by its own pid, and wait."""
        self.process.send_signal(number)
        self.process.wait(DEADLINE)


Client: TypeAlias = Callable[..., RouteWriter]
"""`udhcpc`, `dhclient` or `dhcpcd` of this module."""


def in_own_folders(script: str, *, hooks: bool = True) -> list[str]:
    """A command line for a shell script that may write where a program of the system would."""
    return ["unshare", "--mount", "sh", "-c", _FOLDERS + (_INSTALLED if hooks else "") + script]


@contextmanager
def logs_shown() -> Iterator[None]:
    """At its end all that the programs said is printed, for pytest to show if the test fails."""
    try:
        yield
    finally:
        for log in Path("/run").glob("*.log"):
            sys.stdout.write(f"{log}\n{log.read_text()}\n")
            log.unlink()


def start(lab: Lab, name: str, script: str, *, hooks: bool = True) -> RouteWriter:
    """Start what the shell script ends with (`exec …`) in the router, in folders of its own."""
    log = Path(f"/run/{name}.log")
    with log.open("a") as said:
        words = in_own_folders(script, hooks=hooks)
        process = lab.start(ROUTER, words, stdout=said, stderr=said)
    return RouteWriter(process, log)


def udhcpc(lab: Lab, interface: str, *, hooks: bool = True) -> RouteWriter:
    """It renews after half of the lease, and at SIGUSR1; at SIGUSR2 it gives its lease back."""
    need("udhcpc", "busybox")
    script = "/usr/local/sbin/udhcpc-script" if hooks else "/etc/udhcpc/default.script"
    words = ["udhcpc", "-f", "-t", "20", "-T", "1", "-A", "1", "-s", script, "-i", interface]
    return start(lab, f"udhcpc-{interface}", f"exec {shlex.join(words)}", hooks=hooks)


def dhclient(lab: Lab, interface: str, *, hooks: bool = True) -> RouteWriter:
    """It renews when the lease says so, and at no signal."""
    need("dhclient")
    words = ["dhclient", "-4", "-d", "-lf", "/var/lib/leases", "-pf", "/run/dhclient", interface]
    return start(
        lab, f"dhclient-{interface}", f": >/var/lib/leases\nexec {shlex.join(words)}", hooks=hooks
    )


def dhcpcd(lab: Lab, interface: str, *, hooks: bool = True, arp: bool = False) -> RouteWriter:
    """With `arp` it takes five seconds longer, and an address of its own if nobody answers."""
    need("dhcpcd", host_root=True)
    words = ["dhcpcd", "-4", "-B", *([] if arp else ["--noarp"]), interface]
    return start(lab, f"dhcpcd-{interface}", f"exec {shlex.join(words)}", hooks=hooks)


def networkd(lab: Lab, interface: str) -> RouteWriter:
    """systemd-networkd with DHCP on the interface."""
    need(NETWORKD, host_root=True)
    network = f"[Match]\nName={interface}\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n"
    script = (
        f"{NO_UDEV}{MACHINE_ID}mkdir -p /run/systemd/network /run/systemd/netif/links"
        " /run/systemd/netif/leases /run/systemd/netif/lldp\n"
        "chown -R systemd-network: /run/systemd/netif\n"
        "test -s /etc/machine-id || printf '%032x\\n' 115 >/etc/machine-id\n"
        f"printf %s {shlex.quote(network)} >/run/systemd/network/10-line.network\n"
        f"exec {NETWORKD}"
    )
    return start(lab, "networkd", script, hooks=False)


def network_manager(lab: Lab, interface: str) -> RouteWriter:
    """NetworkManager with DHCP on the interface; the others are none of its business."""
    need("NetworkManager", "dbus-daemon", host_root=True)
    settings = (
        "[main]\nplugins=keyfile\ndns=none\ndhcp=internal\nauth-polkit=false\n"
        f"no-auto-default=*\n[keyfile]\nunmanaged-devices=except:interface-name:{interface}\n"
    )
    connection = (
        f"[connection]\nid=line\nuuid={_CONNECTION}\ntype=ethernet\ninterface-name={interface}\n"
        "[ipv4]\nmethod=auto\n[ipv6]\nmethod=disabled\n"
    )
    # What is up already it takes for somebody else's; after a restart, for its own.
    restart = Path("/run/network_manager.log").exists()
    afresh = f"rm -rf /run/NetworkManager /run/dbus\nip link set {interface} down\n"
    script = (
        f"{NO_UDEV}{'' if restart else afresh}"
        "rm -rf /etc/NetworkManager/* /var/lib/NetworkManager/*\n"
        "mkdir -p /etc/NetworkManager/system-connections /run/dbus\n"
        f"printf %s {shlex.quote(settings)} >/etc/NetworkManager/NetworkManager.conf\n"
        f"printf %s {shlex.quote(connection)}"
        " >/etc/NetworkManager/system-connections/line.nmconnection\n"
        "chmod 600 /etc/NetworkManager/system-connections/line.nmconnection\n"
        "test -S /run/dbus/system_bus_socket || dbus-daemon --system --fork --nopidfile"
        " --address=unix:path=/run/dbus/system_bus_socket\n"
        "exec NetworkManager --debug"
    )
    return start(lab, "network_manager", script, hooks=False)


def dnsmasq(
    lab: Lab, namespace: str, interface: str, *ranges: str, options: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """A server of DHCP, and of router advertisements where a range says `ra-only`.

    `ranges` are its --dhcp-range, `options` more words of its command line. Two minutes are its
    shortest lease.
    """
    need("dnsmasq")
    words = ["dnsmasq", "-d", "--conf-file=/dev/null", "--port=0", f"--interface={interface}"]
    words += ["--bind-interfaces", "--user=root", "--no-ping", "--dhcp-authoritative"]
    words += [f"--dhcp-leasefile=/run/leases.{namespace}"]
    words += [f"--dhcp-range={text}" for text in ranges]
    return lab.start(namespace, [*words, *options])


@dataclass(frozen=True, slots=True, order=True)
class DefaultRoute:
    """A default route as `ip -j route` shows it; what is not there is empty or 0."""

    interface: str
    gateway: str = ""
    metric: int = 0
    protocol: str = ""
    source: str = ""
    onlink: bool = False
    scope: str = ""


def default_routes(
    lab: Lab, table: int | str = "main", family: Family = Family.IPV4
) -> list[DefaultRoute]:
    """The default routes of a table in the router, by metric."""
    with lab.inside(ROUTER):
        words = ["ip", f"-{family.value}", "-j", "route", "show", "default", "table", str(table)]
        done = subprocess.run(words, capture_output=True, text=True)
    # It fails if there is no such table.
    shown: list[dict[str, Any]] = json.loads(done.stdout) if done.returncode == 0 else []
    routes = [
        DefaultRoute(
            interface=route["dev"],
            gateway=route.get("gateway", ""),
            metric=route.get("metric", 0),
            protocol=route.get("protocol", ""),
            source=route.get("prefsrc", ""),
            onlink="onlink" in route["flags"],
            scope=route.get("scope", ""),
        )
        for route in shown
    ]
    return sorted(routes, key=lambda route: (route.metric, route))
