"""How one type of probe is read."""

from collections.abc import Callable, Collection
from ipaddress import ip_address
from typing import NamedTuple, TypeAlias

from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.policy.findings import Findings
from route_switcher.policy.yaml.reader import Path

DefaultTargets: TypeAlias = Callable[[Check, Collection[Family]], tuple[Target, ...]]

PUBLIC = {
    Family.IPV4: Target.at(ip_address("8.8.8.8")),
    Family.IPV6: Target.at(ip_address("2001:4860:4860::8888")),
}
"""Google Public DNS (developers.google.com/speed/public-dns): the seed's target."""


def public_targets(_check: Check, families: Collection[Family]) -> tuple[Target, ...]:
    """Whom a probe asks through uplinks of these families that names no target."""
    return tuple(PUBLIC[family] for family in Family if family in families)


def of_uplink(name: str) -> DefaultTargets:
    """Each uplink is asked for what it has for itself."""
    return lambda _check, _families: (Target.of_uplink(name),)


class CheckReader(NamedTuple):
    """Reads the keys that only this type of probe has, and says whom it can ask."""

    read: Callable[[Findings, Path], Check | None]
    """The check of the probe at a path; None if its keys do not say one, which is reported then."""
    answers: str
    """What a host must do to be a target, as a hint has it after `a host that`."""
    default_targets: DefaultTargets = public_targets
    """Whom it asks where the policy writes no `targets`, through uplinks of some families."""
    takes_names: bool = True
    """Whether its targets may be names, which are looked up through the uplink."""
    default_timeout: float = 1.0
    """How long it waits for an answer where the policy writes no `timeout`, at most: the share of
    its shortest interval."""
    needs_gateway: bool = False
    """It asks the gateway, so an uplink without one cannot be asked."""
