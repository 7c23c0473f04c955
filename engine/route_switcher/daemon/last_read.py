"""What the kernel had when it was last read, for the loop to compare with and to tell the core."""

from collections.abc import Callable, Iterable

from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.routing.uplink_tables import UplinkTables
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.policy import MAIN_TABLE, Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.daemon.hop_watch import HopWatch
from route_switcher.daemon.inbox import Inbox
from route_switcher.daemon.lookout import Lookout
from route_switcher.kernel.base import Kernel


class LastRead:
    """Reads the kernel, and remembers. What waits in the inbox and is older than a whole look is
    taken out."""

    def __init__(
        self,
        kernel: Kernel,
        inbox: Inbox,
        look_at_links: Callable[[Policy, Iterable[LinkState]], None],
    ) -> None:
        self._kernel = kernel
        self._inbox = inbox
        self._look_at_links = look_at_links
        self.lookout = Lookout(kernel, inbox.give_foreign)
        self.hop_watch = HopWatch(kernel, inbox.give_hops)
        self.links: dict[str, LinkState] = {}
        """By the names that the policy has for interfaces."""
        self.ours: tuple[Route, ...] = ()
        """Routes of ours."""
        self.rules: tuple[RoutingRule, ...] = ()
        """Rules of ours."""
        self.foreign: tuple[Route, ...] = ()
        """Default routes of others."""

    @property
    def routes(self) -> tuple[Route, ...]:
        """All of them, as the core is told."""
        both = (*self.ours, *self.foreign)
        return tuple(sorted(both, key=lambda route: (route.family.value, route.metric)))

    async def follow_policy(self, policy: Policy) -> None:
        """An engine before this one, or a policy, may have left routes of ours in any table."""
        tables = UplinkTables.of(policy).all | await self._kernel.tables_of_ours()
        self._kernel.follow(policy.uplinks, tables | {MAIN_TABLE}, policy.placement.also)

    async def read_hops(self) -> tuple[LearnedHop, ...]:
        """Read the next hops that others tell of."""
        hops = await self._kernel.next_hops()
        self._inbox.forget_hops()
        self.hop_watch.seen(hops)
        return hops

    async def read_links(self, policy: Policy) -> tuple[LinkState, ...]:
        """Read the links of a policy's uplinks."""
        interfaces = dict.fromkeys(uplink.interface for uplink in policy.uplinks)
        links = await self._kernel.link_states(interfaces)
        self.links = {state.interface: state for state in links}
        self.look_at_links(policy)
        return links

    def look_at_links(self, policy: Policy) -> None:
        """Look at what the host has set for the links of a policy, as they were last read."""
        self._look_at_links(policy, self.links.values())

    async def read_routes(self) -> tuple[Route, ...]:
        """Read all default routes, and the rules of ours."""
        routes = await self._kernel.default_routes()
        self.ours = tuple(route for route in routes if route.ours)
        self.foreign = tuple(route for route in routes if not route.ours)
        self._inbox.forget_foreign()
        self.lookout.make_void()
        self.rules = await self._kernel.our_rules()
        return routes

    async def read_after(self, result: Reconciled) -> None:
        """Read what a reconcile may have changed; after a refusal also the routes of others, for
        one of them may be its reason."""
        if result.refused or result.rules_refused:
            await self.read_routes()
            return
        self.ours = await self._kernel.default_routes(ours_only=True)
        if result.rules_done:
            self.rules = await self._kernel.our_rules()
