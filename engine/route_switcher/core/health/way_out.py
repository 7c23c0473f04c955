"""What the packets of one uplink need to get out: a link, an address, and a next hop."""

from dataclasses import replace

from route_switcher.core.next_hops.hop_in_use import HopInUse
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Address, Uplink

NOT_KNOWN_YET = "no next hop is known yet"
"""What an uplink lacks that learns its next hop, and has not."""


class WayOut:
    """The way out of one uplink, as the kernel tells of it."""

    def __init__(self, uplink: Uplink, policy: Policy, link: LinkState) -> None:
        self.uplink = uplink
        self.label = policy.label(uplink.id)
        """What a person calls it."""
        self.hop = HopInUse(uplink, link)
        self._of_several = len(policy.families_of(uplink.name)) > 1
        self.told_hop: NextHop | None = None
        """The next hop that a person was told of last."""
        self.link = _judged(uplink, link)
        """Its link; where the policy ignores the carrier, that counts as there."""
        self.routable = self._routable(link)
        """Whether the kernel can hold a route of this uplink: present, up, with an address, and a
        next hop."""

    @property
    def next_hop(self) -> NextHop | None:
        """Where its packets go first; None: that is not known."""
        return self.hop.next_hop

    @property
    def way(self) -> tuple[str, Address | None] | None:
        """Its interface and gateway: by what a route of it is known; None: it has no next hop."""
        hop = self.hop.next_hop
        return None if hop is None else (self.uplink.interface, hop.gateway)

    @property
    def usable(self) -> bool:
        """Whether its link carries something, and a next hop can be reached through it."""
        return self.link.connected and self.routable and not self.hop.absent

    @property
    def dormant(self) -> bool:
        """Whether it is one of several families of an uplink, and has never had a next hop: many
        lines have no IPv6, and nobody waits for it."""
        return self._of_several and self.hop.never_known

    @property
    def cut(self) -> bool:
        """Whether its link carries nothing, or its next hop or address is gone."""
        return not self.link.connected or self.hop.gone

    @property
    def lacks(self) -> str:
        """What an uplink lacks that is connected and not `usable`, in words."""
        if self.hop.absent or self.uplink.family in self.link.families:
            return self.hop.absent or NOT_KNOWN_YET
        return f"{self.uplink.interface} has no {self.uplink.family} address"

    def unsettled(self, sent_at: float) -> str:
        """Why a round that was sent then says nothing, by what is known of the next hop."""
        hop = self.hop
        if hop.never_known:
            return NOT_KNOWN_YET
        if hop.absent and not hop.gone:
            return hop.absent
        return "its next hop changed" if sent_at < hop.settled_at else ""

    def take_uplink(self, uplink: Uplink, policy: Policy, at: float) -> None:
        """Take what a new policy says of the uplink."""
        self.uplink, self.label = uplink, policy.label(uplink.id)
        self.hop.apply_uplink(at, uplink)
        self._of_several = len(policy.families_of(uplink.name)) > 1

    def take_link(self, link: LinkState, at: float) -> None:
        """Take what the kernel says of the interface, and judge the next hop by it."""
        self.link = _judged(self.uplink, link)
        self.hop.judge(at, link)
        self.routable = self._routable(link)

    def is_so(self, link: LinkState) -> bool:
        """Whether what the kernel says of the interface is known already."""
        return _judged(self.uplink, link) == self.link

    def end_absence(self, at: float) -> bool:
        """Let what has been absent for long be gone; returns whether it is since now."""
        gone = self.hop.on_time(at)
        if gone:
            self.routable = self._routable(self.link)
        return gone

    def _routable(self, link: LinkState) -> bool:
        addressed = link.present and link.up and self.uplink.family in link.families
        return addressed and self.next_hop is not None


def _judged(uplink: Uplink, link: LinkState) -> LinkState:
    return replace(link, carrier=True) if uplink.ignore_carrier else link
