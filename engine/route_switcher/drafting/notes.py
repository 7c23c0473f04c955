"""What a draft of a policy assumes, and what must be put right on the machine before it runs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from route_switcher.core.routing.conflicts import conflicts, describe_conflict
from route_switcher.core.routing.remedies import route_deletion
from route_switcher.core.vocabulary.routes import RouteKind, protocol_name
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.drafting.lines import DraftLine, is_learned, passed_over, wins_in_main
from route_switcher.kernel.host.snapshot import HostSnapshot, Interface
from route_switcher.policy.suggestions import first_of

MAX_TOLD = 8
"""Routes of a kind that are told of: a routing daemon's are many."""

_BY_HAND = "was set by hand or by ifupdown, as its metric says, so it is written"
_MEANINGS = {"0": _BY_HAND, "boot": _BY_HAND}
"""What follows from the protocol of the route that a gateway was taken from, if it is written."""

_FOLLOWED = "so it is not written (auto): the engine learns it, and follows when it changes"
_LEARNED = {
    "dhcp": f"came by DHCP, {_FOLLOWED}",
    "ra": f"came by a router advertisement, {_FOLLOWED}",
}
_LIKE_A_CLIENT = (
    f"is from a route with metric 0, as DHCP clients (udhcpc, dhclient) write it, {_FOLLOWED}. If"
    " you have set that route by hand, write the gateway"
)
"""The same, if it is learned."""

_HOOKS = (
    "every client: install -m 755 examples/dhcp-clients/lease-route /usr/local/sbin/",
    "dhclient: install -m 644 examples/dhcp-clients/dhclient-exit-hook"
    " /etc/dhcp/dhclient-exit-hooks.d/route-switcher",
    "udhcpc: install -m 755 examples/dhcp-clients/udhcpc-script /usr/local/sbin/, and start it with"
    " --script /usr/local/sbin/udhcpc-script",
)

_DISTANCE = 100
_ABOVE = 200
"""The metric that others are to get: this, or 100 above our largest."""
_SET_METRIC = (
    "NetworkManager: nmcli connection modify NAME ipv4.route-metric {above} ipv6.route-metric"
    " {above}",
    "systemd-networkd: RouteMetric={above} under [DHCPv4]; ManageForeignRoutes=no under [Network]"
    " in networkd.conf",
    "ifupdown: metric {above} in the interface's stanza",
)


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be put right on the machine, and the lines that say how."""

    text: str
    lines: tuple[str, ...] = ()


def assumptions(
    host: HostSnapshot, lines: Mapping[Family, Sequence[DraftLine]], left_out: Sequence[str]
) -> tuple[str, ...]:
    """Sentences. `left_out` are those of `lines` for which there was no room."""
    told: list[str] = []
    for family, found in lines.items():
        usable = [line for line in found if line.mode is not None]
        told += _of_order(family, usable)
        for line in usable:
            told += _of_gateway(line)
        passed = [f"{route.with_protocol}: {why}" for route, why in passed_over(host, family)]
        told += [f"No uplink was made of {each}." for each in _first(passed)]
    if any(route.ours for route in host.routes):
        told.append(
            "An engine runs or ran here: its routes (proto 115) gave the order. One above 1000"
            " was taken for a demoted route."
        )
    if left_out:
        told.append(f"There are more lines than a draft holds; left out: {first_of(left_out)}.")
    idle = [f"{each.name} ({why})" for each in host.interfaces if (why := _idle(each))]
    if idle:
        told.append(f"Not considered: {first_of(idle)}.")
    return tuple(told)


def tasks(
    host: HostSnapshot, uplinks: Sequence[Uplink], standby: Iterable[str]
) -> tuple[Task, ...]:
    """What would keep `uplinks` from working; `standby` names interfaces that may be added."""
    in_main = all(uplink.written_gateway for uplink in uplinks)
    # In a table of our own no default route of others is in the way.
    obstacles = _obstacle_tasks(host, uplinks) if in_main else ()
    return (*obstacles, *_hook_tasks(host), *_filter_tasks(host, uplinks, standby))


def _hook_tasks(host: HostSnapshot) -> Iterator[Task]:
    """Clients that refuse each other's routes, unless their leases can be read elsewhere."""
    first = next((r for r in host.routes if wins_in_main(r) and is_learned(r)), None)
    if first is not None and not host.leases:
        yield Task(
            f"{first.with_protocol}: a second DHCP client's route with metric 0 is refused by the"
            " kernel, so its gateway would never be learned. If two lines have such clients"
            " (udhcpc, dhclient, ifupdown), install the hooks, once for the machine. Then restart"
            " the clients, and run init again:",
            _HOOKS,
        )


def _of_order(family: Family, lines: Sequence[DraftLine]) -> Iterator[str]:
    if len(lines) < 2:
        return
    order = ", ".join(f"{line.interface} ({line.metric})" for line in lines)
    yield f"The order of preference in {family} is that of the metrics here: {order}."
    if len({line.metric for line in lines}) < len(lines):
        yield (
            "Equal metrics (as in a multipath route) say nothing about preference: then the order"
            " is the kernel's."
        )


def _of_gateway(line: DraftLine) -> Iterator[str]:
    gateway = f"The gateway {line.gateway} of {line.interface}"
    writer = protocol_name(line.used.protocol)
    if line.mode is GatewayMode.NONE:
        yield f"{line.interface} is a point-to-point link, and needs no gateway (none)."
    elif line.mode is GatewayMode.AUTO:
        learned = next(protocol_name(r.protocol) for r in line.routes if is_learned(r))
        yield f"{gateway} {_LEARNED.get(learned, _LIKE_A_CLIENT)}."
    elif line.used.gateway is None:
        yield f"{gateway} is the other end of a point-to-point link, by its address."
    elif writer in _MEANINGS:
        yield f"{gateway} {_MEANINGS[writer]}."
    elif not line.used.ours and writer != "static":
        yield f"{gateway} is from a route of {writer}."
    if line.others:
        others = first_of([str(address) for address in line.others])
        yield (
            f"{line.interface} has more than one {line.family} gateway, and an uplink has one;"
            f" left out: {others}."
            if line.mode is not GatewayMode.AUTO
            else f"{line.interface} has more than one {line.family} gateway ({others} too). One is"
            " used, and the next if that goes."
        )


def _idle(interface: Interface) -> str | None:
    """Why nothing can be said of `interface`."""
    if not interface.up:
        return "down"
    return None if interface.addresses else "no address"


def _obstacle_tasks(host: HostSnapshot, uplinks: Sequence[Uplink]) -> Iterator[Task]:
    beaten = []
    for family in Family:
        ours = [uplink for uplink in uplinks if uplink.family is family]
        found = conflicts(ours, host.routes) if ours else ()
        for route in found[:MAX_TOLD]:
            command = route_deletion(route)
            text = describe_conflict(route, ours).removesuffix(command).rstrip()
            yield Task(text[0].upper() + text[1:], (command,))
        if len(found) > MAX_TOLD:
            yield Task(f"{len(found) - MAX_TOLD} more {family} routes are in the way.")
        if any(route.kind is RouteKind.UNICAST for route in found):
            beaten += ours
    if beaten:
        above = max(_ABOVE, *(uplink.metric + _DISTANCE for uplink in beaten))
        lines = tuple(line.format(above=above) for line in _SET_METRIC)
        yield Task("How others are given a metric above ours:", lines)


def _filter_tasks(
    host: HostSnapshot, uplinks: Sequence[Uplink], standby: Iterable[str]
) -> Iterator[Task]:
    names = {uplink.interface for uplink in uplinks if uplink.family is Family.IPV4} | {*standby}
    strict = {
        each.name: each.filter_remedy
        for each in host.interfaces
        if each.name in names and each.filter_remedy
    }
    if strict and len(names) > 1:
        yield Task(
            f"The reverse path filter is strict on {first_of(strict)}: it drops the answers to the"
            " probes of a standby uplink. Keep the remedy in /etc/sysctl.d/, too:",
            tuple(strict.values()),
        )


def _first(texts: Sequence[str]) -> list[str]:
    rest = len(texts) - MAX_TOLD
    return [*texts[:MAX_TOLD], *([f"{rest} more routes"] if rest > 0 else [])]
