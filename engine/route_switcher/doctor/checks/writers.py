"""Which other programs write routes here, and what will they do about ours?"""

from collections.abc import Iterator
from dataclasses import dataclass

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.routes import LEASE_TABLE, protocol_name
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.doctor.check import Check
from route_switcher.doctor.crossing import own_name
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.processes import Process, Processes
from route_switcher.doctor.unread import Unread
from route_switcher.text.quantities import counted

_NAME = "writers"
_REMOVES_OURS = Fault(_NAME, "removes-ours", Verdict.WARN)
_METRIC_0 = Fault(_NAME, "metric-0", Verdict.WARN)
_NO_HOOK = Fault(_NAME, "no-hook", Verdict.WARN)
_ALSO_SWITCHES = Fault(_NAME, "also-switches", Verdict.WARN)

_SUBJECT = "this machine"

_NETWORKD = ("systemd-networkd", "systemd-network")
"""The kernel keeps 15 bytes of a name."""
_DHCLIENT, _UDHCPC = "dhclient", "udhcpc"

_SWITCHERS = ("mwan3track", "mwan3rtmon", "foolsm", "lsm", "pingu", "wan-failover")

_KNOWN = {
    "NetworkManager": "when it starts again it leaves our routes and rules alone",
    "dhcpcd": "it renews its own default routes only, each line with a metric of its own",
    "zebra": "when FRR starts again it removes only routes of its own protocols",
    "bird": "it changes routes of its own protocol only",
    "tailscaled": "its rules come before ours, so its traffic stays with it",
    "keepalived": "it changes its own routes and addresses only",
    "pppd": "with `defaultroute` it writes a default route by the device at each connection",
    "connmand": "we have not tested it: look at its routes after it has started again",
    "netifd": "we have not tested it: look at its routes after it has started again",
    "odhcp6c": "a script writes the routes that it learns",
}
"""What they do about routes that are not theirs."""

_HOOKS = (
    "install -m 755 examples/dhcp-clients/lease-route /usr/local/sbin/",
    "mkdir -p /etc/dhcp/dhclient-exit-hooks.d",
    "install -m 644 examples/dhcp-clients/dhclient-exit-hook "
    "/etc/dhcp/dhclient-exit-hooks.d/route-switcher",
)
_RA, _ZEBRA, _BIRD = 9, 11, 12
_PROTOCOLS = {
    _RA: (*_NETWORKD, "NetworkManager", "dhcpcd"),
    _ZEBRA: ("zebra",),
    _BIRD: ("bird", "bird6"),
}
_UNSEEN = {
    _RA: "the kernel writes those that routers advertise, and takes them back when they end",
    _ZEBRA: "FRR is not seen here, so nobody may look after them",
    _BIRD: "bird is not seen here, so nobody may look after them",
}
"""Of rtnetlink(7)."""

_DROP_IN = "/etc/systemd/networkd.conf.d"


@dataclass(frozen=True, slots=True)
class _Client:
    """A DHCP client that writes metric 0, for the interface of an uplink."""

    process: Process
    uplink: Uplink
    interface: str


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    found = machine.writers.processes
    if isinstance(found, Unread):
        yield skipped(_NAME, _SUBJECT, found.reason)
        return
    findings = [
        *_networkd(machine, policy, found),
        *_clients(machine, policy, found),
        *_switchers(found),
        *_others(found),
        *_by_protocol(machine, found),
    ]
    yield from findings
    if found.hidden and not machine.access.is_root:
        processes = counted(found.hidden, "process", "processes")
        yield skipped(
            _NAME, _SUBJECT, f"{processes} of others cannot be looked into: only root may"
        )
    elif not findings:
        yield passed(_NAME, _SUBJECT, "no other program that writes routes was seen")


def _networkd(machine: Machine, policy: Policy, found: Processes) -> Iterator[Finding]:
    set_to = machine.writers.networkd
    harms = {
        "routes": set_to.manages_routes,
        "rules": set_to.manages_rules and policy.placement.own,
    }
    removed = " and ".join(what for what, harmed in harms.items() if harmed)
    for process in found.named(*_NETWORKD):
        subject = _NETWORKD[0]
        if removed:
            text = (
                f"at its next start it (process {process.pid}) removes our {removed}; a running "
                "engine puts them back within a second. It reads the settings below at that start"
            )
            lines = "'[Network]' ManageForeignRoutes=no ManageForeignRoutingPolicyRules=no"
            yield _REMOVES_OURS.found(
                subject,
                text,
                f"mkdir -p {_DROP_IN}",
                f"printf '%s\\n' {lines} >{_DROP_IN}/zz-route-switcher.conf",
            )
        else:
            yield passed(_NAME, subject, f"process {process.pid} is set to leave ours alone")


def _clients(machine: Machine, policy: Policy, found: Processes) -> Iterator[Finding]:
    clients = list(_metric_0_clients(machine, policy, found))
    lines = {client.interface for client in clients}
    for client in clients:
        subject = f"{client.process.program} at {client.interface}"
        name = client.uplink.name
        if not policy.placement.own:
            text = (
                f"whenever it gets an address for {name} it writes a default route with metric 0, "
                "which comes before all of ours in main: write `routes: {table: own}` in the policy"
            )
            yield _METRIC_0.found(subject, text)
        elif client.uplink.gateway is GatewayMode.AUTO and not _has_hook(machine, client):
            yield from _without_hook(client, subject, alone=len(lines) == 1)
        else:
            yield passed(_NAME, subject, f"its default route for {name} does not matter to ours")


def _metric_0_clients(machine: Machine, policy: Policy, found: Processes) -> Iterator[_Client]:
    there = {each.name for each in machine.interfaces.up}
    for process in found.named(_DHCLIENT, _UDHCPC):
        named = _words(process) & there  # none: it takes all that there are
        for uplink in policy.uplinks_of(Family.IPV4):
            interface = own_name(machine, uplink)
            if "-6" not in process.words and interface in (named or {interface}):
                yield _Client(process, uplink, interface)


def _words(process: Process) -> set[str]:
    """The words of its command line, also those behind a `-i` or `--interface=`."""
    whole = set(process.words)
    joined = {word.removeprefix("-i").rpartition("=")[2] for word in process.words}
    return whole | joined


def _has_hook(machine: Machine, client: _Client) -> bool:
    if any("udhcpc-script" in word for word in client.process.words):
        return True
    if client.process.program == _DHCLIENT and machine.writers.dhclient_hook:
        return True
    return any(
        route.table == LEASE_TABLE and hop.interface == client.interface
        for route in machine.network.defaults
        for hop in route.hops
    )


def _without_hook(client: _Client, subject: str, *, alone: bool) -> Iterator[Finding]:
    """udhcpc follows a new router; only where a second client writes metric 0, one is refused."""
    name = client.uplink.name
    refused = "of two default routes with metric 0 the kernel refuses the second"
    if client.process.program == _DHCLIENT:
        text = (
            f"when a renewal names another router for {name}, its route stays as it was, and "
            f"{refused}: our hook, from a checkout, tells of the right one at each lease"
        )
        yield _NO_HOOK.found(subject, text, *_HOOKS)
    elif alone:
        text = f"it follows each new router of {name}, and no second client has metric 0"
        yield passed(_NAME, subject, text)
    else:
        text = (
            f"{refused}, so the router of {name} may be unknown: install our script "
            "(examples/dhcp-clients), and start it with --script /usr/local/sbin/udhcpc-script"
        )
        yield _NO_HOOK.found(subject, text)


def _switchers(found: Processes) -> Iterator[Finding]:
    for process in found.named(*_SWITCHERS):
        subject = process.name if process.name in _SWITCHERS else process.program
        text = (
            f"it (process {process.pid}) moves the traffic between lines as well, and each undoes "
            "what the other does. End its service too, if it has one"
        )
        yield _ALSO_SWITCHES.found(subject, text, f"kill {process.pid}")


def _others(found: Processes) -> Iterator[Finding]:
    for name, does in _KNOWN.items():
        for process in found.named(name):
            yield passed(_NAME, name, f"process {process.pid}: {does}")


def _by_protocol(machine: Machine, found: Processes) -> Iterator[Finding]:
    """Whose default routes there are, though no such program was seen."""
    protocols = {route.protocol for route in machine.network.defaults}
    for protocol, programs in _PROTOCOLS.items():
        if protocol in protocols and not found.named(*programs):
            what = protocol_name(protocol)
            text = f"there are default routes of protocol {what}: {_UNSEEN[protocol]}"
            yield passed(_NAME, what, text)


CHECK = Check(_NAME, _judge, (_REMOVES_OURS, _METRIC_0, _NO_HOOK, _ALSO_SWITCHES))
