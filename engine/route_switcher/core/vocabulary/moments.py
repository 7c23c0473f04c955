"""What hooks are told of: what happened, and to which uplink."""

from dataclasses import dataclass

from route_switcher.core.vocabulary.hooks import HookKind, HookSubject
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.states import Cause, UplinkState
from route_switcher.core.vocabulary.uplinks import Address, Family, Uplink


@dataclass(frozen=True, slots=True)
class HookUplink:
    """An uplink as a hook is told of it."""

    uplink: Uplink
    next_hop: NextHop | None
    state: UplinkState
    addresses: tuple[Address, ...] = ()
    """Its addresses of the family; first the one that its packets are sent from, where that is
    known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What happened, as a hook is told of it. Times are seconds on the engine's clock."""

    at: float
    kind: HookKind
    family: Family
    uplink: HookUplink | None
    """The uplink that was selected (`on_switch`), that it is about (`on_uplink_*`), or that is
    active (`on_all_*`; None: none is)."""
    previous: HookUplink | None = None
    """`on_switch`: the uplink that was left; None: there was none."""
    cause: Cause | None = None
    """`on_switch`: why."""
    rules: tuple[str, ...] = ()
    """The rules that failed the uplink, or the one that was left."""
    evidence: tuple[str, ...] = ()
    """What is known, in words."""
    since: float | None = None
    """When the trouble began; None: there was none."""
    astray: str = ""
    """`on_switch`: where the kernel sends the traffic instead, in words; empty: it goes to the
    uplink, as far as is known."""

    @property
    def subject(self) -> HookSubject:
        """What it is about."""
        if self.kind in (HookKind.ON_UPLINK_DOWN, HookKind.ON_UPLINK_UP):
            assert self.uplink is not None
            return self.uplink.uplink.id
        return self.family

    @property
    def outage(self) -> float | None:
        """For how many seconds the trouble had lasted; None: there was none."""
        return None if self.since is None else max(0.0, self.at - self.since)
