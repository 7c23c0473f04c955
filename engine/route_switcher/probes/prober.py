"""What asks targets through an uplink. Each check has its kind of prober (`probes.registry`)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol, TypeAlias

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.probes.counters import Counters
from route_switcher.probes.late_replies import OnLate
from route_switcher.probes.source_address import LinkAddresses


class ProbeNotPermitted(Exception):  # noqa: N818 (a state of the machine, not an error of ours)
    """The process may not open the sockets of a check; the message says what to do."""


class Prober(Protocol):
    """Asks targets through one uplink by one check, for all probes with that check."""

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

Warn: TypeAlias = Callable[[str], None]
"""Takes a line about packets that disturb; it is called now and then at most."""


class ProberKind(NamedTuple):
    """How the prober of a check is made, and what it may not lack."""

    open: Callable[[Uplink, Check, Warn, Counters, LinkAddresses], OpenedProber]
    open_unbound: Callable[[Family, Check], OpenedProber]
    """One that asks by the default route, bound to no interface."""
    capabilities: frozenset[str]
    """Those that the process must have (capabilities(7))."""
