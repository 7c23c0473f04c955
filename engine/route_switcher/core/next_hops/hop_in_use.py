"""The next hop that one uplink uses now, and what is absent of it."""

from collections.abc import Iterable, Sequence
from math import inf

from route_switcher.core.next_hops.choice import usable_hops
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.policy import ABSENCE
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.uplinks import Address, Family, GatewayMode, Uplink, family_of

FIRST_TRY = 5.0
LONGEST_TRY = 60.0
"""Seconds that each of several routers is tried for at least; doubled with each try."""


class HopInUse:
    """Remembers the next hop of an uplink in a family. Times are seconds."""

    __slots__ = (
        "_absent_since",
        "_came_with",
        "_failed",
        "_held",
        "_known",
        "_link",
        "_pause",
        "_told",
        "_try_at",
        "_uplink",
        "absent",
        "from_before",
        "gone",
        "learned",
        "next_hop",
        "settled_at",
        "tries",
        "usable",
    )

    def __init__(self, uplink: Uplink, link: LinkState) -> None:
        self._uplink = uplink
        self._link = link
        self._told: Sequence[LearnedHop] = ()
        self._known = not self._learns
        self.next_hop = _written(uplink)
        """What routes of the uplink lead to; None: none is known."""
        self.learned: LearnedHop | None = None
        """Where it was learned; None: it was not."""
        self.from_before = False
        """It is that of a route of ours from before the restart, and nobody has told of it yet."""
        self.usable: tuple[LearnedHop, ...] = ()
        """Those that are told of now, best first."""
        self.absent = ""
        """Why it, or the address, is absent, in words; empty: nothing is, or the link is lost."""
        self.gone = False
        """It has been absent for so long that the uplink is failed."""
        self.settled_at = -inf
        """When it changed last, or came back: what was sent before says nothing."""
        self.tries = 0
        """How many others were tried since a round was good."""
        self._failed = False
        """A round has failed through it."""
        self._try_at = -inf
        self._pause = FIRST_TRY
        self._absent_since = inf
        self._came_with: frozenset[Address] = frozenset()
        """The addresses of the interface when it was learned."""
        self._held = False
        """Nobody tells of it, and yet it is not absent."""

    @property
    def never_known(self) -> bool:
        """Whether there has been no next hop since the engine started."""
        return not self._known

    def on_time(self, at: float) -> bool:
        """Let what has been absent for long be gone; returns whether it is since now."""
        if self.gone or at < self.deadline():
            return False
        self.gone = True
        # A lease without a router keeps the old one, so that probes can go on.
        if self._learns and (self._uplink.family is Family.IPV6 or not self._addressed):
            self.next_hop = self.learned = None
            self.from_before = False
        return True

    def deadline(self) -> float:
        """When to call `on_time`; inf: never."""
        return inf if self.gone else self._absent_since + ABSENCE

    @property
    def routers(self) -> tuple[Address | None, ...]:
        """The gateways that are told of now, best first."""
        return tuple(dict.fromkeys(hop.hop.gateway for hop in self.usable))

    def on_round(self, *, good: bool) -> None:
        """A round through it was good, or failed."""
        self._failed = not good
        if good:
            self.tries, self._try_at, self._pause = 0, -inf, FIRST_TRY

    def may_try_another(self, at: float) -> bool:
        """Whether another router may be tried, if the uplink is failed."""
        return self._failed and at >= self._try_at and len(self.usable) > 1

    def try_another(self, at: float) -> bool:
        """Use the next router, after the last one the first; returns whether there is another. The
        pauses between get longer, so that a line that is dead is not changed all the time."""
        routers, hop = self.routers, self.next_hop
        now = routers.index(hop.gateway) if hop and hop.gateway in routers else -1
        router = routers[(now + 1) % len(routers)]
        if hop is not None and router == hop.gateway:
            return False
        self.learned = next(each for each in self.usable if each.hop.gateway == router)
        self._use(at, self.learned.hop)
        self.tries += 1
        self._try_at, self._pause = at + self._pause, min(2 * self._pause, LONGEST_TRY)
        return True

    def adopt(self, routes: Iterable[Route]) -> None:
        """Take the next hop of our route that was found there, where no other is known."""
        if not self._learns or self.next_hop is not None:
            return
        line = self._uplink.family, self._uplink.interface
        ours = [r for r in routes if r.ours and (r.family, r.interface) == line]
        best = min(ours, key=lambda route: route.metric, default=None)
        if best is not None:
            self.next_hop = NextHop(best.gateway, best.source, best.onlink, best.mtu)
            self._known = self.from_before = self._held = True
            self._came_with = self._addresses

    def tell(self, told: Sequence[LearnedHop]) -> None:
        """Take what the routes of others tell now. It is judged with the link that follows."""
        self._told = told

    def judge(self, at: float, link: LinkState) -> None:
        """Judge by what the kernel says of the interface, and by what was told."""
        self._link = link
        if self._learns:
            self._choose(at)
        absent = self._why_absent()
        if self.absent and not absent:
            self.settled_at = at
            self.gone = False
        if absent and not self.absent:
            self._absent_since = at
        elif not absent:
            self._absent_since = inf
        self.absent = absent

    def apply_uplink(self, at: float, uplink: Uplink) -> None:
        """Take what a new policy says of the uplink. What is learned then may be the same."""
        before, self._uplink = self._uplink, uplink
        if not self._learns:
            self._known = True
            self._use(at, _written(uplink))
            self.learned, self.usable = None, ()
            self.from_before = self._held = False
        elif before.gateway is not GatewayMode.AUTO:
            self._held = self.from_before = True
            self._came_with = self._addresses

    @property
    def _learns(self) -> bool:
        return self._uplink.gateway is GatewayMode.AUTO

    @property
    def _addressed(self) -> bool:
        return self._uplink.family in self._link.families

    @property
    def _addresses(self) -> frozenset[Address]:
        return frozenset(a for a in self._link.addresses if family_of(a) is self._uplink.family)

    def _choose(self, at: float) -> None:
        link = self._link
        usable = usable_hops(self._uplink, link, self._told) if self._addressed else ()
        self.usable = usable
        if usable:
            if self.learned not in usable:
                hop = self.next_hop
                same = [each for each in usable if hop and each.hop.gateway == hop.gateway]
                self.learned = next(iter(same or usable))
            self._known, self.from_before, self._held = True, False, False
            source = self.learned.hop.source
            self._came_with = frozenset({source}) if source is not None else self._addresses
            self._use(at, self.learned.hop)
        elif self._came_with and self._addresses and self._came_with.isdisjoint(self._addresses):
            self._held = False
        elif not (link.present and link.up) and self._uplink.family is Family.IPV4:
            # The kernel drops IPv4 routes with a link that is set down, and the address stays.
            self._held |= not self.gone

    def _use(self, at: float, hop: NextHop | None) -> None:
        if hop != self.next_hop:
            self.next_hop, self.settled_at = hop, at
            self._failed = False

    def _why_absent(self) -> str:
        uplink, link = self._uplink, self._link
        if not (self._known and link.present and link.up):
            return ""
        if not self._addressed:
            return f"{uplink.interface} has no {uplink.family} address"
        if not self._learns or self.usable or self._held:
            return ""
        ipv4 = uplink.family is Family.IPV4
        return "the lease names no router" if ipv4 else "no router is advertised"


def _written(uplink: Uplink) -> NextHop | None:
    match uplink.gateway:
        case GatewayMode.AUTO:
            return None
        case GatewayMode.NONE:
            return NextHop(None)
        case gateway:
            return NextHop(gateway, onlink=bool(uplink.onlink))
