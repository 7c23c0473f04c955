"""The kind of prober of every check."""

from collections.abc import Iterable, Mapping

from route_switcher.core.vocabulary.checks import Check, IcmpEcho
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.probes import icmp
from route_switcher.probes.counters import Counters
from route_switcher.probes.prober import OpenedProber, ProberKind, Warn
from route_switcher.probes.source_address import LinkAddresses

PROBERS: Mapping[type[Check], ProberKind] = {IcmpEcho: icmp.KIND}


def open_prober(
    uplink: Uplink, check: Check, warn: Warn, counters: Counters, addresses: LinkAddresses
) -> OpenedProber:
    """A prober of `check` through `uplink`, to be entered."""
    return PROBERS[type(check)].open(uplink, check, warn, counters, addresses)


def open_unbound(family: Family, check: Check) -> OpenedProber:
    """A prober of `check` by the default route, bound to no interface; to be entered."""
    return PROBERS[type(check)].open_unbound(family, check)


def needed_capabilities(probes: Iterable[Probe]) -> frozenset[str]:
    """The capabilities without which `probes` cannot be sent."""
    return frozenset().union(*(PROBERS[type(probe.check)].capabilities for probe in probes))
