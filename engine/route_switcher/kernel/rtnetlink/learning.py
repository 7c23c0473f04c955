"""Learns next hops from the default routes of others, in every table.

A route may have a limited life, as those have that a router advertises (RFC 4861). The kernel stops
using it on the second, and says so up to 30 seconds later; that the life was extended or shortened
it does not say at all. So such routes are read again when their life is over, and every second.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from math import inf
from typing import TypeAlias

import trio

from route_switcher.core.vocabulary.kernel_routes import KernelHop, KernelRoute
from route_switcher.core.vocabulary.lookups import Answer, Unanswered, bound_probe, own_traffic
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.routes import PROTOCOL, RouteKind
from route_switcher.core.vocabulary.uplinks import Address, Family, GatewayMode, Uplink
from route_switcher.kernel.rtnetlink import learnable, nexthop_objects
from route_switcher.kernel.rtnetlink.framing import Discarded
from route_switcher.kernel.rtnetlink.lookups import answers
from route_switcher.kernel.rtnetlink.names import (
    Owners,
    index_of,
    indexes_of,
    own_name,
    owners,
)
from route_switcher.kernel.rtnetlink.nexthop_objects import NexthopHops

AGAIN_AFTER = 1.0
"""Seconds from one look at routes of limited life to the next."""

_TICK = 0.02
"""Seconds: the kernel counts a life in hundredths, rounded."""

_RA = (Family.IPV6, 9)
"""Routes that a router advertises: family and protocol (RTPROT_RA)."""

_Writer: TypeAlias = tuple[Family, int]
"""Family and protocol of a route."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What one default route tells, as far as it concerns us."""

    writer: _Writer
    hops: tuple[LearnedHop, ...]
    until: float
    """When the kernel stops using it, on trio's clock; inf: never."""
    objects: frozenset[int]
    """The nexthop objects that it depends on."""
    source_gone: bool = False
    """Nobody can send from the address that it says. In IPv4 such a route stays in any table but
    the main one."""


def learning_families(uplinks: Iterable[Uplink]) -> frozenset[Family]:
    """The families in which a next hop is to be learned."""
    return frozenset(u.family for u in uplinks if u.gateway is GatewayMode.AUTO)


class Learning:
    """Remembers what the default routes of others told when they were last read."""

    def __init__(self, discarded: Discarded) -> None:
        self._discarded = discarded
        self._told: tuple[_Told, ...] = ()
        self._read_at = -inf

    async def read(self, uplinks: Sequence[Uplink]) -> tuple[LearnedHop, ...]:
        """The next hops of the uplinks that learn theirs, from all default routes of others."""
        told: list[_Told] = []
        for family in Family:
            if family in learning_families(uplinks):
                told += await self._read(uplinks, family)
        self._told = tuple(told)
        return self._hops()

    async def read_limited(self, uplinks: Sequence[Uplink]) -> tuple[LearnedHop, ...]:
        """The same, where only routes of limited life are read: for others there would be news."""
        before = self._told
        writers = self._limited()
        told = [each for each in before if each.writer not in writers]
        for family, protocol in sorted(writers, key=lambda w: (w[0].value, w[1])):
            told += await self._read(uplinks, family, protocol)
        if self._told is before:  # else somebody has read them all meanwhile
            self._told = tuple(told)
        return self._hops()

    def due(self) -> float:
        """When routes of limited life are to be read again, on trio's clock; inf: never."""
        if not self._limited():
            return inf
        ends = (each.until for each in self._told if each.until > self._read_at)
        return min(self._read_at + AGAIN_AFTER, min(ends, default=inf) + _TICK)

    def objects(self) -> frozenset[int]:
        """The nexthop objects that default routes of others depend on."""
        return frozenset().union(*(each.objects for each in self._told))

    def sources(self) -> frozenset[Address]:
        """The source addresses that routes tell of: a route goes in silence with its source."""
        told = (hop.hop.source for each in self._told for hop in each.hops)
        return frozenset(source for source in told if source is not None)

    def _limited(self) -> frozenset[_Writer]:
        return frozenset(
            each.writer
            for each in self._told
            if each.hops and (each.until < inf or each.writer == _RA)
        )

    def _hops(self) -> tuple[LearnedHop, ...]:
        now = trio.current_time()
        valid = (each for each in self._told if each.until > now and not each.source_gone)
        hops = (hop for each in valid for hop in each.hops)
        return tuple(dict.fromkeys(sorted(hops, key=_order)))

    async def _read(
        self, uplinks: Sequence[Uplink], family: Family, protocol: int = 0
    ) -> list[_Told]:
        name_of = _names(owners(uplinks, indexes_of(uplinks)), uplinks, family)
        found = await learnable.default_routes(family, name_of, self._discarded, protocol)
        self._read_at = now = trio.current_time()
        routes = [r for r in found if r.kind is RouteKind.UNICAST and r.protocol != PROTOCOL]
        numbers = sorted({route.nexthop for route in routes if route.nexthop})
        behind = (
            await nexthop_objects.hops_behind(numbers, name_of, self._discarded) if numbers else {}
        )
        told = [_told(route, behind.get(route.nexthop), now) for route in routes]
        return await self._without_sources([e for e in told if e.hops or e.objects])

    async def _without_sources(self, told: list[_Told]) -> list[_Told]:
        """The same, and of each route whether its source has gone."""
        sources = {hop.hop.source: hop.interface for each in told for hop in each.hops}
        # The address may be on another interface, or known only in the VRF of this one.
        questions = {
            source: (own_traffic(source), bound_probe(source, interface))
            for source, interface in sources.items()
            if source is not None
        }
        if not questions:
            return told
        asked = tuple(chain.from_iterable(questions.values()))
        said = await answers(asked, index_of, own_name, self._discarded)
        gone = {
            source
            for source, pair in questions.items()
            if not any(_is_ours(said[question]) for question in pair)
        }
        return [
            replace(each, source_gone=any(hop.hop.source in gone for hop in each.hops))
            for each in told
        ]


def _is_ours(answer: Answer) -> bool:
    """Whether the address that was asked for is, or may be, one of ours."""
    if isinstance(answer, KernelRoute):
        return answer.kind is RouteKind.LOCAL
    return isinstance(answer, Unanswered)


def _names(owned: Owners, uplinks: Sequence[Uplink], family: Family) -> Callable[[int], str]:
    """What gives the policy's names to the interfaces of uplinks that learn; others have none."""
    learning = {
        u.interface for u in uplinks if u.family is family and u.gateway is GatewayMode.AUTO
    }

    def name_of(index: int) -> str:
        name = owned.get((index, family), "")
        return name if name in learning else ""

    return cache(name_of)


def _told(route: KernelRoute, behind: NexthopHops | None, now: float) -> _Told:
    shown = route.hops or (behind.hops if behind is not None else ())
    return _Told(
        writer=(route.family, route.protocol),
        hops=tuple(_learned(route, hop) for hop in shown if hop.interface),
        until=inf if route.expires is None else now + route.expires,
        objects=behind.numbers if behind is not None else frozenset(),
    )


def _learned(route: KernelRoute, hop: KernelHop) -> LearnedHop:
    return LearnedHop(
        family=route.family,
        interface=hop.interface,
        hop=NextHop(hop.gateway, route.source, hop.onlink, route.mtu),
        table=route.table,
        metric=route.metric,
        protocol=route.protocol,
        preference=route.preference,
    )


def _order(learned: LearnedHop) -> tuple[int, int, str, int, str]:
    """Always the same, so that what has not changed is equal."""
    gateway = str(learned.hop.gateway)
    return (learned.family.value, learned.metric, learned.interface, learned.table, gateway)
