"""Probes that ping, and whom they ask, in fewer words than the product needs."""

from ipaddress import ip_address

from route_switcher.core.vocabulary.checks import IcmpEcho
from route_switcher.core.vocabulary.probes import Probe, Quorum, Target


def target(address: str) -> Target:
    """The target with this address."""
    return Target.at(ip_address(address))


def pinging(
    name: str,
    *targets: Target,
    quorum: Quorum = "any",
    interval: float = 1.0,
    timeout: float = 1.0,
    fast: float | None = None,
    down: float | None = None,
    standby: float | None = None,
    uplinks: tuple[str, ...] | None = None,
) -> Probe:
    """A probe; its other intervals are `interval` unless said."""
    return Probe(
        name=name,
        check=IcmpEcho(),
        targets=targets,
        quorum=quorum,
        interval=interval,
        timeout=timeout,
        fast_interval=interval if fast is None else fast,
        down_interval=interval if down is None else down,
        standby_interval=interval if standby is None else standby,
        uplinks=uplinks,
    )
