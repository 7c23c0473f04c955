"""What asks targets through an uplink. Each check has its kind of prober (`probes.registry`)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes.counters import Counters
from route_switcher.probes.late_replies import OnLate
from route_switcher.probes.source_address import LinkAddresses

Warn: TypeAlias = Callable[[str], None]
"""Takes a line about packets that disturb; it is called now and then at most."""


class ProbeNotPermitted(Exception):  # noqa: N818 (a state of the machine, not an error of ours)
    """The process may not open the sockets of a check; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """Where the packets of a prober leave the machine, and what a prober may know of it."""

    interface: str | None
    """Every socket is bound to it; None: to none, so packets take the default route."""
    family: Family
    uplink: str = ""
    """The name of the uplink; empty where packets take the default route."""
    addresses: LinkAddresses = field(default_factory=LinkAddresses)
    """The addresses that packets may be sent from."""
    next_hop: Callable[[], NextHop | None] = lambda: None
    """The next hop of the uplink now; None: none is known."""
    counters: Counters = field(default_factory=Counters)
    """Where packets are counted that are of no use."""
    warn: Warn = lambda _: None


class Prober(Protocol):
    """Asks targets through one egress by one check, for all probes with that check."""

    async def run(self) -> object:
        """Receive, until cancelled. It must be running while rounds are made."""
        ...

    async def ask(
        self,
        targets: tuple[Target, ...],
        needed: int,
        timeout: float,  # noqa: ASYNC109 (it is part of what is measured, and cancels nothing)
        on_late: OnLate | None = None,
    ) -> RoundResult:
        """Ask all `targets` once; return as soon as it is certain what the round comes to.

        Good as soon as `needed` of them have answered, each within `timeout` seconds of its own
        request. What becomes of the others, and of late answers, goes to `on_late`, if given.
        Several rounds may be under way at once.
        """
        ...


OpenedProber: TypeAlias = AbstractContextManager[Prober]
"""Its sockets are open while it is entered; entering raises `ProbeNotPermitted`."""


class ProberKind(NamedTuple):
    """How the prober of a check is made, and what it may not lack."""

    open: Callable[[Egress, Check], OpenedProber]
    capabilities: frozenset[str] = frozenset()
    """Those that the process must have (capabilities(7))."""
    asks_addresses: bool = True
    """Its targets are addresses, or names that are looked up through the egress before."""
