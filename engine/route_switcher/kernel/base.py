"""What the daemon asks of a kernel, given by the real one (`netlink`) and by a model (`model`)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.lookups import Lookup
from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import RoutingRule, RoutingRuleAction
from route_switcher.core.vocabulary.routes import Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Prefix, Uplink
from route_switcher.core.vocabulary.ways import Findings, LocalNetwork


@dataclass(frozen=True, slots=True)
class KernelNews:
    """What kinds of things changed since the last news. Which ones, only a fresh read tells.

    A kernel is silent about some changes: links and addresses take IPv4 routes along without a
    word about routes. So read our routes again on any news.
    """

    links: bool = False
    addresses: bool = False
    routes: bool = False
    """A default route of ours was added, changed or deleted, perhaps by us."""
    foreign: bool = False
    """The same of a default route of others in a table that is followed. It may have taken the
    place of one of ours."""
    next_hops: bool = False
    """A default route of others in any table, or what it depends on: next hops are learned from
    those. Told only where an uplink learns its next hop. Links and addresses of uplinks take such
    routes along, too."""
    rules: bool = False
    """A rule of ours was added or deleted, perhaps by us."""
    overrun: bool = False
    """News were lost (ENOBUFS, netlink(7)): anything may have changed."""

    def __or__(self, other: "KernelNews") -> "KernelNews":
        return KernelNews(
            self.links or other.links,
            self.addresses or other.addresses,
            self.routes or other.routes,
            self.foreign or other.foreign,
            self.next_hops or other.next_hops,
            self.rules or other.rules,
            self.overrun or other.overrun,
        )

    def __bool__(self) -> bool:
        return (
            self.links
            or self.addresses
            or self.routes
            or self.foreign
            or self.next_hops
            or self.rules
            or self.overrun
        )


class Kernel(Protocol):
    """The links and default routes of one network namespace."""

    def follow(
        self,
        uplinks: Sequence[Uplink],
        tables: Collection[int] = (MAIN_TABLE,),
        also: Collection[Prefix] = (),
    ) -> None:
        """From now on, hear of what concerns these uplinks, which stand in order of preference, and
        read the routes of these `tables`, of which main is one, and of others there also those to
        these prefixes.

        Their interfaces are called as they call them, by whichever name the kernel knows them.
        Where uplinks of one family mean one interface by several names, the first of those names
        has it, and the others are taken for missing. Until the first call, everything is heard,
        and interfaces have the kernel's own names.
        """

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        """The default routes of the tables that are followed, and those to prefixes that move with
        them, IPv4 and main first, in order of metric: ours of both families, and those of others in
        the families of the uplinks."""

    async def tables_of_ours(self) -> frozenset[int]:
        """Every table that has a default route of ours, or that a rule of ours leads to. The kernel
        looks at all routes of all tables for that."""

    async def our_rules(self) -> tuple[RoutingRule, ...]:
        """The rules of ours, IPv4 first, in the order in which the kernel tries them."""

    async def next_hops(self, *, limited_only: bool = False) -> tuple[LearnedHop, ...]:
        """The next hops that default routes of others tell of, in all tables, for those of the
        uplinks that are followed which learn theirs. Nothing is read where there are none.

        `limited_only`: only routes of limited life are read again, the others are as last read.
        """

    def next_hops_due(self) -> float:
        """When to read those of limited life again, on trio's clock; inf: there are none.

        The kernel tells neither that such a life is over, nor that it became longer or shorter.
        """

    async def link_states(self, interfaces: Iterable[str]) -> tuple[LinkState, ...]:
        """What the kernel says of each of `interfaces` now."""

    async def link_state(self, interface: str) -> LinkState:
        """What the kernel says of one interface now."""

    async def apply(self, action: RouteAction) -> str | None:
        """Carry out one route action. None: the kernel has acknowledged it.

        Otherwise the reason of the refusal, in words. An action counts as done where its end is
        already there: a route to add that stands as it should, one to delete that is gone.

        Raises ValueError for a route that is not ours: the engine never touches those.
        """

    async def apply_rule(self, action: RoutingRuleAction) -> str | None:
        """Carry out one rule action; as `apply`. Nothing is done where the kernel would delete
        another rule. Raises ValueError for a rule that is not ours."""

    async def changed(self) -> KernelNews:
        """Wait until a link, an address, a default route or a rule of ours changed; news that
        gathered are one.

        Cancelling loses no news, and neither does the time between two calls. For one caller.
        """


class Oracle(Protocol):
    """What the kernel would do with packets, in one network namespace."""

    def follow(self, uplinks: Sequence[Uplink]) -> None:
        """From now on, call the interfaces of these uplinks as they call them."""

    async def networks(self) -> tuple[LocalNetwork, ...]:
        """The networks whose packets this machine forwards, and that are of no uplink."""

    async def findings(self, lookups: Sequence[Lookup]) -> Findings:
        """The answers to `lookups`, and what explains them."""

    async def changed(self) -> None:
        """Wait until something changed that may decide about ways. For one caller."""


def require_ours(action: RouteAction) -> None:
    """Raise ValueError if `action` is about a route that does not carry our protocol number."""
    if not action.route.ours:
        raise ValueError(f"not ours to touch: {action}")
