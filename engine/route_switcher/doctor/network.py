"""What the kernel says of the network."""

from collections.abc import Mapping
from dataclasses import dataclass

from route_switcher.core.vocabulary.events import LinkState


@dataclass(frozen=True, slots=True)
class Network:
    """Interfaces have the names that the policy gives them; all others the kernel's."""

    links: Mapping[str, LinkState]
    """The interfaces of uplinks."""
