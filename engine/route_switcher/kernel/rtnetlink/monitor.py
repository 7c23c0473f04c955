"""Hears from the kernel that links, addresses or default routes changed."""

import os
import socket
import struct
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from math import inf

import trio

from route_switcher.core.vocabulary.routes import PROTOCOL
from route_switcher.core.vocabulary.uplinks import Address, Family, Uplink
from route_switcher.kernel.base import KernelNews
from route_switcher.kernel.rtnetlink import links, nexthop_objects, route_filter, rules
from route_switcher.kernel.rtnetlink.attributes import attribute
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.exchange import RECEIVE_SIZE, Cut
from route_switcher.kernel.rtnetlink.framing import (
    DST_LEN_OFFSET,
    HEADER,
    MAIN_TABLE,
    PROTOCOL_OFFSET,
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_DELROUTE,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWROUTE,
    TABLE_OFFSET,
    Discarded,
    Message,
    split,
)
from route_switcher.kernel.rtnetlink.kernel_routes import defaults_of_every_table
from route_switcher.kernel.rtnetlink.learning import learning_families
from route_switcher.kernel.rtnetlink.nexthop_objects import RTM_DELNEXTHOP, RTM_NEWNEXTHOP
from route_switcher.kernel.rtnetlink.prefix_routes import with_prefixes
from route_switcher.kernel.rtnetlink.receive_buffer import RECEIVE_BUFFER, enlarge
from route_switcher.kernel.rtnetlink.rules import RTM_DELRULE, RTM_NEWRULE
from route_switcher.kernel.rtnetlink.scarcity import SCARCE, readable

# RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE
# | RTMGRP_IPV4_RULE, and RTNLGRP_IPV6_RULE, which has no name of that kind
_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400 | 0x80 | 1 << 18

_LINK_KINDS = frozenset((RTM_NEWLINK, RTM_DELLINK))
_ADDRESS_KINDS = frozenset((RTM_NEWADDR, RTM_DELADDR))
_ROUTE_KINDS = frozenset((RTM_NEWROUTE, RTM_DELROUTE))
_NEXTHOP_KINDS = frozenset((RTM_NEWNEXTHOP, RTM_DELNEXTHOP))
_RULE_KINDS = frozenset((RTM_NEWRULE, RTM_DELRULE))
_KINDS = _LINK_KINDS | _ADDRESS_KINDS | _ROUTE_KINDS | _NEXTHOP_KINDS | _RULE_KINDS
_TOLD_TOO_EARLY = frozenset((RTM_DELROUTE, RTM_DELADDR))
"""In IPv4: see `_REPEATED_AFTER`."""

_RT_TABLE_COMPAT = 252
"""In the fixed header, of a table whose number does not fit there."""

_SOL_NETLINK = 270
_ADD_MEMBERSHIP = 1
_RTNLGRP_NEXTHOP = 32

_NUMBERS = {Family.IPV4: int(socket.AF_INET), Family.IPV6: int(socket.AF_INET6)}
_FAMILY_OFFSET = HEADER.size
_INDEX_OFFSET = HEADER.size + 4
"""Of the interface, in struct ifinfomsg and in struct ifaddrmsg alike."""
_INDEX = struct.Struct("=I")
_FIXED_SIZE = HEADER.size + 8

_NOTHING = KernelNews()
_LINKS = KernelNews(links=True)
_ADDRESSES = KernelNews(addresses=True)
_ROUTES = KernelNews(routes=True)
_FOREIGN = KernelNews(foreign=True)
_NEXT_HOPS = KernelNews(next_hops=True)
_RULES = KernelNews(rules=True)
_OVERRUN = KernelNews(overrun=True)

_REPEATED_AFTER = (0.01, 0.2, 2.0)
"""Seconds between one time and the next. The kernel tells that an IPv4 route or address is deleted
just before the route, or those that go with the address, leave the table (fib_table_delete in
net/ipv4/fib_trie.c, __inet_del_ifa in net/ipv4/devinet.c). So a quick reader still finds them
there; and where who deletes must wait for a busy processor just then, a slow one too."""

_AT_ONCE = 256
"""How many datagrams are read before others get a turn."""


class Monitor:
    """A subscription to the kernel's news. What happens from its creation on is not missed.

    What it cannot know to concern nobody is news: a read that was in vain costs little.
    """

    def __init__(self, discarded: Discarded, receive_buffer: int = RECEIVE_BUFFER) -> None:
        self._discarded = discarded
        self._names: tuple[bytes, ...] | None = None
        """How the names to be followed stand in a message; None: everything is news."""
        self._indexes: set[int] = set()
        """Interfaces that have, or had, one of these names."""
        self._families = frozenset(_NUMBERS.values())
        self._carrying: frozenset[int] = frozenset()
        self._learning: frozenset[int] = frozenset()
        """The numbers of the families in which next hops are learned."""
        self._objects: frozenset[int] = frozenset()
        self._sources: tuple[bytes, ...] = ()
        self._elsewhere = True
        self._tables = frozenset((MAIN_TABLE,))
        """As the fixed header tells them."""
        self._every_table = False
        self._lengths: frozenset[int] = frozenset()
        self._unheard = _NOTHING
        self._deleted = _NOTHING
        """What is to be told once more, since the kernel told it too early."""
        self._pauses: deque[float] = deque()
        """Until it is told, and told again."""
        self._repeat_at = inf
        # trio's own wrapper makes every receive a checkpoint; here, once something has been taken
        # from the socket, nothing may be cancelled until it has been told.
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.setblocking(False)
        enlarge(self._socket, receive_buffer)
        # Before subscribing. A kernel that takes no filter only costs time: `split` filters too.
        route_filter.attach(self._socket)
        self._socket.bind((0, _GROUPS))

    def close(self) -> None:
        """End the subscription."""
        trio.lowlevel.notify_closing(self._socket)
        self._socket.close()

    def follow(
        self,
        uplinks: Sequence[Uplink],
        indexes: Iterable[int],
        tables: Collection[int] = (MAIN_TABLE,),
        lengths: Collection[int] = (),
    ) -> None:
        """Tell from now on what may concern these uplinks; `indexes` are those of their interfaces,
        `tables` those with routes of ours, and `lengths` those of prefixes that matter beside
        default routes.

        An interface that gets one of their names later is followed from then on.
        """
        names = {os.fsencode(uplink.interface) + b"\0" for uplink in uplinks}
        kinds = (links.IFLA_IFNAME, links.IFLA_ALT_IFNAME)
        self._names = tuple(attribute(kind, name) for kind in kinds for name in names)
        self._families = frozenset(_NUMBERS[uplink.family] for uplink in uplinks)
        self.add(indexes)
        self.set_elsewhere(Family.IPV6 in {uplink.family for uplink in uplinks})
        self._learning = frozenset(_NUMBERS[family] for family in learning_families(uplinks))
        self._tables = frozenset(table if table < 256 else _RT_TABLE_COMPAT for table in tables)
        self._every_table = bool(self._learning) or len(tables) > 1
        self._lengths = frozenset(lengths)
        route_filter.attach(self._socket, every_table=self._every_table, lengths=self._lengths)
        if self._learning:
            with suppress(OSError):  # a kernel without nexthop objects (before Linux 5.3)
                self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _RTNLGRP_NEXTHOP)

    def add(self, indexes: Iterable[int]) -> None:
        """Follow these interfaces too."""
        self._indexes.update(indexes)

    def set_elsewhere(self, matters: bool) -> None:
        """Whether IPv6 addresses of interfaces that nobody follows matter.

        Those that changed unheard before may matter as well: so they are looked at again.
        """
        if matters and not self._elsewhere:
            self._unheard = _ADDRESSES
        self._elsewhere = matters

    def set_carrying(self, indexes: frozenset[int]) -> None:
        """The interfaces that default routes of others go by: IPv4's go with them in silence."""
        self._carrying = indexes

    def set_learned_from(self, objects: frozenset[int], sources: Iterable[Address]) -> None:
        """The nexthop objects and source addresses that default routes of others depend on: such
        routes go with them in silence."""
        self._objects = objects
        self._sources = tuple(source.packed for source in sources)

    async def changed(self) -> KernelNews:
        """See `Kernel.changed`."""
        while True:
            if not self._unheard:
                with trio.move_on_at(self._repeat_at):
                    await readable(self._socket)
            repeated = self._repeated()
            news = self._unheard | self._gathered()
            self._unheard = _NOTHING
            if news or repeated:
                return news | repeated

    def _repeated(self) -> KernelNews:
        if trio.current_time() < self._repeat_at:
            return _NOTHING
        news = self._deleted
        if self._pauses:
            self._repeat_at = trio.current_time() + self._pauses.popleft()
        else:
            self._deleted, self._repeat_at = _NOTHING, inf
        return news

    def told(self, datagram: bytes, sender: int) -> KernelNews:
        """What `datagram` from the netlink port `sender` tells; the kernel's port is 0."""
        if sender != 0:
            self._discarded.not_from_kernel += 1
            return _NOTHING
        news = _NOTHING
        cut: Cut = defaults_of_every_table if self._every_table else split
        if self._lengths:
            cut = with_prefixes(self._lengths)
        for message in cut(datagram, self._discarded):
            if message.kind not in _KINDS:
                continue
            if len(message.data) < _FIXED_SIZE:
                self._discarded.malformed += 1
                continue
            try:
                told = self._of(message)
            except MalformedMessageError:
                self._discarded.malformed += 1
                continue
            if told:
                news |= told
        return news

    def _gathered(self) -> KernelNews:
        news = _NOTHING
        for _ in range(_AT_ONCE):
            try:
                datagram, (sender, _) = self._socket.recvfrom(RECEIVE_SIZE)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno not in SCARCE:
                    raise
                news |= _OVERRUN
                continue
            told = self.told(datagram, sender)
            if told:
                news |= told
        return news

    def _of(self, message: Message) -> KernelNews:
        news = self._of_kind(message)
        early = message.kind in _TOLD_TOO_EARLY
        if news and early and message.data[_FAMILY_OFFSET] == socket.AF_INET:
            self._deleted |= news
            self._pauses = deque(_REPEATED_AFTER)
            self._repeat_at = trio.current_time() + self._pauses.popleft()
        return news

    def _of_kind(self, message: Message) -> KernelNews:
        if message.kind in _LINK_KINDS:
            return self._of_link(message)
        if message.kind in _ADDRESS_KINDS:
            return self._of_address(message.data)
        if message.kind in _NEXTHOP_KINDS:
            known = nexthop_objects.number_in(message) in self._objects
            return _NEXT_HOPS if known and self._learning else _NOTHING
        if message.kind in _RULE_KINDS:
            return _RULES if rules.protocol_in(message.data) == PROTOCOL else _NOTHING
        return self._of_route(message.data)

    def _of_route(self, data: bytes) -> KernelNews:
        length = data[DST_LEN_OFFSET]
        if length and not self._lengths:
            return _NOTHING
        if data[PROTOCOL_OFFSET] == PROTOCOL:
            return _ROUTES
        if length and length not in self._lengths:
            return _NOTHING
        followed, family = data[TABLE_OFFSET] in self._tables, data[_FAMILY_OFFSET]
        news = _FOREIGN if followed and family in self._families else _NOTHING
        return news | _NEXT_HOPS if family in self._learning and not length else news

    def _of_link(self, message: Message) -> KernelNews:
        (index,) = _INDEX.unpack_from(message.data, _INDEX_OFFSET)
        if self._names is None:
            return _LINKS
        if index in self._indexes:
            # A bridge tells so that an interface is no port any more, with its own family.
            if message.kind == RTM_DELLINK and message.data[_FAMILY_OFFSET] == socket.AF_UNSPEC:
                self._indexes.discard(index)
            return _LINKS
        if any(name in message.data for name in self._names):
            self._indexes.add(index)
            return _LINKS
        return _FOREIGN if index in self._carrying else _NOTHING

    def _of_address(self, data: bytes) -> KernelNews:
        (index,) = _INDEX.unpack_from(data, _INDEX_OFFSET)
        if self._names is None or index in self._indexes:
            return _ADDRESSES
        if data[_FAMILY_OFFSET] == socket.AF_INET6 and self._elsewhere:
            return _ADDRESSES
        news = _FOREIGN if index in self._carrying else _NOTHING
        lost = any(source in data for source in self._sources)
        return news | _NEXT_HOPS if lost and self._learning else news
