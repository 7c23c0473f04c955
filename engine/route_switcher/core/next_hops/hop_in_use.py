"""The next hop that one uplink uses now."""

from collections.abc import Iterable

from route_switcher.core.next_hops.choice import usable_hops
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.policy import GatewayMode, Uplink


class HopInUse:
    """Remembers which next hop was learned, where the policy writes none."""

    __slots__ = ("_uplink", "learned", "next_hop")

    def __init__(self, uplink: Uplink) -> None:
        self._uplink = uplink
        self.next_hop = _written(uplink)
        """What routes of the uplink lead to; None: none is known."""
        self.learned: LearnedHop | None = None
        """Where it was learned; None: it was not."""

    def see(self, told: Iterable[LearnedHop], link: LinkState) -> None:
        """Take what the routes of others tell now."""
        if self._uplink.gateway is not GatewayMode.AUTO:
            return
        usable = usable_hops(self._uplink, link, told)
        same = [hop for hop in usable if self.next_hop and hop.hop.gateway == self.next_hop.gateway]
        if self.learned not in usable:
            self.learned = next(iter(same or usable), None)
        self.next_hop = self.learned.hop if self.learned is not None else None

    def apply_uplink(self, uplink: Uplink) -> None:
        """Take what a new policy says of the uplink."""
        before, self._uplink = self._uplink, uplink
        if uplink.gateway is not GatewayMode.AUTO or before.gateway is not GatewayMode.AUTO:
            self.next_hop, self.learned = _written(uplink), None


def _written(uplink: Uplink) -> NextHop | None:
    match uplink.gateway:
        case GatewayMode.AUTO:
            return None
        case GatewayMode.NONE:
            return NextHop(None)
        case gateway:
            return NextHop(gateway, onlink=bool(uplink.onlink))
