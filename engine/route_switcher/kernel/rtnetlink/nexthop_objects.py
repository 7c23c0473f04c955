"""Nexthop objects (ip-nexthop(8)), read one by one.

A default route may lead through one, and with the sysctl nexthop_compat_mode=0 the kernel shows no
more than its number. Numbers are those of linux/nexthop.h.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import trio

from route_switcher.core.vocabulary.kernel_routes import KernelHop
from route_switcher.kernel.rtnetlink.attributes import (
    NLM_F_ACK,
    attributes,
    fixed,
    number,
    number_attribute,
    request,
)
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.exchange import Conversation, KernelError
from route_switcher.kernel.rtnetlink.framing import HEADER, Discarded, Message
from route_switcher.kernel.rtnetlink.kernel_routes import (
    FAMILIES,
    RTNH_F_ONLINK,
    NameOf,
    address,
)

RTM_NEWNEXTHOP = 104
RTM_DELNEXTHOP = 105
_RTM_GETNEXTHOP = 106

_OBJECT = struct.Struct("=BBBxI")  # struct nhmsg: family, scope, protocol, flags
_MEMBER = struct.Struct("=IBBH")  # struct nexthop_grp: number, weight, its high byte, reserved

_ID = 1
_GROUP = 2
_OIF = 5
_GATEWAY = 6


@dataclass(frozen=True, slots=True)
class NexthopObject:
    """One object: a next hop, or a group of others. A blackhole is neither."""

    number: int
    hop: KernelHop | None = None
    members: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NexthopHops:
    """The next hops behind an object, and the numbers of all objects that they depend on."""

    hops: tuple[KernelHop, ...]
    numbers: frozenset[int]


def number_in(message: Message) -> int | None:
    """The number of the object that news are about. Raises MalformedMessageError."""
    fixed(_OBJECT, message)
    told = dict(attributes(message.data, HEADER.size + _OBJECT.size))
    return number(told[_ID]) if _ID in told else None


def nexthop_object(message: Message, name_of: NameOf) -> NexthopObject | None:
    """The object that `message` tells of; None if it is about anything else.

    Raises MalformedMessageError.
    """
    if message.kind != RTM_NEWNEXTHOP:
        return None
    number_of, _, _, flags = fixed(_OBJECT, message)
    told = dict(attributes(message.data, HEADER.size + _OBJECT.size))
    if _ID not in told:
        raise MalformedMessageError("a nexthop object without a number")
    own = number(told[_ID])
    if _GROUP in told:
        if len(told[_GROUP]) % _MEMBER.size:
            raise MalformedMessageError("a group of nexthop objects that is cut short")
        return NexthopObject(own, members=tuple(m[0] for m in _MEMBER.iter_unpack(told[_GROUP])))
    family = FAMILIES.get(number_of)
    if family is None or _OIF not in told:
        return NexthopObject(own)
    hop = KernelHop(
        interface=name_of(number(told[_OIF])),
        gateway=address(family, told[_GATEWAY]) if _GATEWAY in told else None,
        onlink=bool(flags & RTNH_F_ONLINK),
    )
    return NexthopObject(own, hop)


async def hops_behind(
    numbers: Sequence[int], name_of: NameOf, discarded: Discarded
) -> dict[int, NexthopHops]:
    """What is behind each of these objects: nothing, where one is gone by now.

    Others run in between. Raises OSError.
    """
    found: dict[int, NexthopHops] = {}
    async with Conversation(discarded) as conversation:
        for one in numbers:
            group = await _object(conversation, one, name_of)
            members = [await _object(conversation, member, name_of) for member in group.members]
            hops = tuple(each.hop for each in (group, *members) if each.hop is not None)
            found[one] = NexthopHops(hops, frozenset((one, *group.members)))
            await trio.lowlevel.checkpoint()
    return found


async def _object(conversation: Conversation, one: int, name_of: NameOf) -> NexthopObject:
    parse = partial(nexthop_object, name_of=name_of)
    try:
        found = await conversation.read(partial(question, one), parse)
    except KernelError:  # it is gone, or the kernel has no such objects (before Linux 5.3)
        found = []
    return found[0] if found else NexthopObject(one)


def question(one: int, sequence: int) -> bytes:
    """The request for the object with this number."""
    body = _OBJECT.pack(0, 0, 0, 0) + number_attribute(_ID, one)
    return request(_RTM_GETNEXTHOP, NLM_F_ACK, sequence, body)
