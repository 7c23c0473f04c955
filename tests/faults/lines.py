"""Lines whose next hop the policy does not write: by DHCP, by router advertisement, by tun."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from route_switcher.lab.topology import Lab
from support.advertised_line import AdvertisedLine, advertised_line
from support.leased_line import LeasedLine, leased_line, twin_modems
from support.route_writers import LEASES, RouteWriter, default_routes, logs_shown, udhcpc
from support.running import eventually
from support.tunnel_line import TUNNEL, TunnelLine, tunnel_line
from support.written_writers import Written, networkd_left_alone


@dataclass(frozen=True, slots=True)
class LeasedTo:
    """A line by DHCP, and the client at its end, which writes its own route with metric 0."""

    line: LeasedLine
    client: RouteWriter


Line: TypeAlias = LeasedTo | AdvertisedLine | TunnelLine | Written


@dataclass(frozen=True, slots=True)
class Lines:
    """Two uplinks without a written gateway."""

    opened: Callable[[Lab], AbstractContextManager[tuple[Line, ...]]]
    interfaces: tuple[str, str] = ("eth0", "eth1")
    """As the kernel calls them."""
    gateways: tuple[str, str] = ("auto", "auto")
    """What the policy says, as YAML."""


@contextmanager
def _leased(lab: Lab) -> Iterator[tuple[Line, ...]]:
    with ExitStack() as stack:
        stack.enter_context(logs_shown())
        lines = [stack.enter_context(leased_line(lab, uplink)) for uplink in lab.uplinks]
        yield _ask(lab, lines)


@contextmanager
def _twins(lab: Lab) -> Iterator[tuple[Line, ...]]:
    with logs_shown(), twin_modems(lab) as lines:
        yield _ask(lab, lines)


def _ask(lab: Lab, lines: Iterable[LeasedLine]) -> tuple[Line, ...]:
    leased = tuple(LeasedTo(line, udhcpc(lab, line.uplink.interface)) for line in lines)
    eventually(lambda: len(default_routes(lab, LEASES)) == len(leased), "every lease")
    return leased


@contextmanager
def _advertised(lab: Lab) -> Iterator[tuple[Line, ...]]:
    with ExitStack() as stack:
        yield tuple(stack.enter_context(advertised_line(lab, uplink)) for uplink in lab.uplinks)


@contextmanager
def _tunnel(lab: Lab) -> Iterator[tuple[Line, ...]]:
    with tunnel_line(lab, lab.uplinks[0]) as line:
        yield (line,)


@contextmanager
def _by_networkd(lab: Lab) -> Iterator[tuple[Line, ...]]:
    with ExitStack() as stack:
        stack.enter_context(logs_shown())
        for uplink in lab.uplinks:
            stack.enter_context(leased_line(lab, uplink))
        yield (networkd_left_alone(lab),)


LEASED = Lines(_leased)
BY_NETWORKD = Lines(_by_networkd)
TWIN_MODEMS = Lines(_twins)
ADVERTISED = Lines(_advertised)
TUNNEL_AND_WRITTEN = Lines(_tunnel, (TUNNEL, "eth1"), ("none", "203.0.113.1"))
