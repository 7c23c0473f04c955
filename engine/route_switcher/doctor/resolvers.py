"""Who resolves names for this machine."""

from dataclasses import dataclass

from route_switcher.core.vocabulary.uplinks import Address


@dataclass(frozen=True, slots=True)
class Resolver:
    """A name server."""

    address: Address
    only_by: str | None
    """The interface, by the kernel's own name, that a route of its own leads by (its network, or a
    route to it alone); None: it is reached by the default route."""


@dataclass(frozen=True, slots=True)
class Resolvers:
    """All of them, in the order in which they are asked."""

    file: str
    """Where they are written."""
    servers: tuple[Resolver, ...]
    """At least one."""
    by_resolved: bool = False
    """systemd-resolved asks them; this machine asks only that."""
