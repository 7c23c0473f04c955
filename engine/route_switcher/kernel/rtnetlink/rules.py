"""Rules as bytes, read from the kernel, added and deleted (RTM_*RULE, linux/fib_rules.h)."""

import errno
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from ipaddress import ip_network

from route_switcher.core.vocabulary.policy_rules import (
    WHOLE_MARK,
    Network,
    RoutingRule,
    RuleAction,
    deleted,
)
from route_switcher.core.vocabulary.routes import PROTOCOL
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.rtnetlink import exchange
from route_switcher.kernel.rtnetlink.attributes import (
    NLM_F_ACK,
    NLM_F_DUMP,
    attribute,
    attributes,
    fixed,
    number,
    number_attribute,
    request,
)
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.exchange import KernelError
from route_switcher.kernel.rtnetlink.framing import HEADER, Discarded, Message
from route_switcher.kernel.rtnetlink.kernel_routes import AF, FAMILIES, address

RTM_NEWRULE = 32
RTM_DELRULE = 33
_RTM_GETRULE = 34
_NLM_F_CREATE_EXCL = 0x400 | 0x200

_RULE = struct.Struct("=BBBBBxxBI")
"""struct fib_rule_hdr: family, dst_len, src_len, tos, table, action, flags."""
_RANGE = struct.Struct("=II")
_PORTS = struct.Struct("=HH")
_TUNNEL = struct.Struct(">Q")

_INVERT = 0x2

_DST = 1
_SRC = 2
_IIFNAME = 3
_GOTO = 4
_PRIORITY = 6
_FWMARK = 10
_TUN_ID = 12
_SUPPRESS_IFGROUP = 13
_SUPPRESS_PREFIXLEN = 14
_TABLE = 15
_FWMASK = 16
_OIFNAME = 17
_PAD = 18
_L3MDEV = 19
_UID_RANGE = 20
_PROTOCOL = 21
_IP_PROTO = 22
_SPORT_RANGE = 23
_DPORT_RANGE = 24

_WITH_OUR_PROTOCOL = attribute(_PROTOCOL, bytes((PROTOCOL,)))

_KNOWN = frozenset(
    (
        *(_DST, _SRC, _IIFNAME, _PRIORITY, _FWMARK, _SUPPRESS_PREFIXLEN, _TABLE, _FWMASK),
        *(_OIFNAME, _PAD, _UID_RANGE, _PROTOCOL, _IP_PROTO),
    )
)
_ABSENT = {_SUPPRESS_IFGROUP: b"\xff" * 4, _L3MDEV: b"\0"}
"""Told of every rule by some kernels, with these values for: none."""
_NOTHING_SUPPRESSED = 0xFFFFFFFF

_RT_TABLE_COMPAT = 252
"""In the fixed header, of a table whose number does not fit there."""

_ACTIONS = {
    RuleAction.LOOKUP: 1,
    RuleAction.GOTO: 2,
    RuleAction.NOP: 3,
    RuleAction.BLACKHOLE: 6,
    RuleAction.UNREACHABLE: 7,
    RuleAction.PROHIBIT: 8,
}
_NUMBERS = {code: action for action, code in _ACTIONS.items()}


def rule_dump(family: Family, sequence: int) -> bytes:
    """The request for every rule of a family."""
    body = _RULE.pack(AF[family], 0, 0, 0, 0, 0, 0)
    return request(_RTM_GETRULE, NLM_F_DUMP, sequence, body)


def addition(rule: RoutingRule, sequence: int) -> bytes:
    """The request that adds `rule`; refused with EEXIST where an identical one stands."""
    return request(RTM_NEWRULE, NLM_F_ACK | _NLM_F_CREATE_EXCL, sequence, _body(rule))


def deletion(rule: RoutingRule, sequence: int) -> bytes:
    """The request that deletes the first rule that agrees with `rule` (`policy_rules.deleted`)."""
    return request(RTM_DELRULE, NLM_F_ACK, sequence, _body(rule))


def _body(rule: RoutingRule) -> bytes:
    return _RULE.pack(
        AF[rule.family],
        rule.destination.prefixlen if rule.destination else 0,
        rule.source.prefixlen if rule.source else 0,
        0,
        rule.table if rule.table < 256 else _RT_TABLE_COMPAT,
        _ACTIONS[rule.action],
        _INVERT if rule.inverted else 0,
    ) + b"".join(_attributes(rule))


def _attributes(rule: RoutingRule) -> Iterator[bytes]:
    yield number_attribute(_PRIORITY, rule.preference)
    yield attribute(_PROTOCOL, bytes((rule.protocol,)))
    if rule.table:
        yield number_attribute(_TABLE, rule.table)
    for kind, network in ((_SRC, rule.source), (_DST, rule.destination)):
        if network is not None:
            yield attribute(kind, network.network_address.packed)
    for kind, name in ((_IIFNAME, rule.in_interface), (_OIFNAME, rule.out_interface)):
        if name is not None:
            yield attribute(kind, os.fsencode(name) + b"\0")
    if rule.mark is not None:
        yield number_attribute(_FWMARK, rule.mark)
        yield number_attribute(_FWMASK, rule.mask)
    if rule.uids is not None:
        yield attribute(_UID_RANGE, _RANGE.pack(*rule.uids))
    if rule.ip_protocol is not None:
        yield attribute(_IP_PROTO, bytes((rule.ip_protocol,)))
    if rule.suppress_prefixlength is not None:
        yield number_attribute(_SUPPRESS_PREFIXLEN, rule.suppress_prefixlength)


def routing_rule(message: Message) -> RoutingRule | None:
    """The rule that `message` tells of; None if it is about anything else.

    Raises MalformedMessageError.
    """
    if message.kind != RTM_NEWRULE:
        return None
    number_of, dst_len, src_len, tos, table, action, flags = fixed(_RULE, message)
    family = FAMILIES.get(number_of)
    if family is None:
        return None
    told = dict(attributes(message.data, HEADER.size + _RULE.size))
    suppressed = _number(told, _SUPPRESS_PREFIXLEN, _NOTHING_SUPPRESSED)
    mask = _number(told, _FWMASK, WHOLE_MARK if _FWMARK in told else 0)
    return RoutingRule(
        family=family,
        preference=_number(told, _PRIORITY, 0),
        table=_number(told, _TABLE, table),
        action=_NUMBERS.get(action, RuleAction.OTHER),
        source=_network(family, told.get(_SRC), src_len),
        destination=_network(family, told.get(_DST), dst_len),
        in_interface=_name(told.get(_IIFNAME)),
        out_interface=_name(told.get(_OIFNAME)),
        mark=_number(told, _FWMARK, 0) if mask else None,
        mask=mask or WHOLE_MARK,
        uids=_range(told.get(_UID_RANGE)),
        ip_protocol=_byte(told.get(_IP_PROTO)),
        suppress_prefixlength=None if suppressed == _NOTHING_SUPPRESSED else suppressed,
        inverted=bool(flags & _INVERT),
        protocol=_byte(told.get(_PROTOCOL)) or 0,
        target=number(told[_GOTO]) if _GOTO in told else None,
        further=tuple(_further(tos, told)),
        unknown=bool(tos) or action not in _NUMBERS or _has_more(told),
    )


def protocol_in(data: bytes) -> int:
    """Who wrote the rule that a message tells of. Raises MalformedMessageError."""
    return _byte(dict(attributes(data, HEADER.size + _RULE.size)).get(_PROTOCOL)) or 0


def _has_more(told: Mapping[int, bytes]) -> bool:
    return any(kind not in _KNOWN and value != _ABSENT.get(kind) for kind, value in told.items())


def _further(tos: int, told: Mapping[int, bytes]) -> Iterator[str]:
    """What it has beside that, in the words of ip-rule(8), so that a command finds this rule only.
    What somebody invents later is left out."""
    if tos:
        yield from ("tos", f"{tos:#x}")
    tunnel = told.get(_TUN_ID, b"")
    if len(tunnel) == _TUNNEL.size:
        yield from ("tun_id", str(_TUNNEL.unpack(tunnel)[0]))
    for name, kind in (("sport", _SPORT_RANGE), ("dport", _DPORT_RANGE)):
        ports = told.get(kind, b"")
        if len(ports) == _PORTS.size:
            first, last = _PORTS.unpack(ports)
            yield from (name, str(first) if first == last else f"{first}-{last}")


def _number(told: Mapping[int, bytes], kind: int, absent: int) -> int:
    return number(told[kind]) if kind in told else absent


def _network(family: Family, raw: bytes | None, length: int) -> Network | None:
    if raw is None:
        return None
    try:
        return ip_network((address(family, raw), length), strict=False)
    except ValueError as error:
        raise MalformedMessageError(str(error)) from error


def _name(raw: bytes | None) -> str | None:
    return None if raw is None else os.fsdecode(raw.partition(b"\0")[0])


def _range(raw: bytes | None) -> tuple[int, int] | None:
    if raw is None:
        return None
    if len(raw) != _RANGE.size:
        raise MalformedMessageError(f"{len(raw)} bytes are no range of users")
    first, last = _RANGE.unpack(raw)
    return first, last


def _byte(raw: bytes | None) -> int | None:
    if raw is None:
        return None
    if len(raw) != 1:
        raise MalformedMessageError(f"{len(raw)} bytes are no number of 8 bits")
    return raw[0]


async def rules(family: Family, discarded: Discarded) -> tuple[RoutingRule, ...]:
    """The rules of a family in the order in which the kernel tries them.

    None where the kernel has no rules or lacks the family. Raises KernelError, OSError.
    """
    return await _read(family, routing_rule, discarded)


async def ours(family: Family, discarded: Discarded) -> tuple[RoutingRule, ...]:
    """Those of ours among them; thousands of others cost little. Raises KernelError, OSError."""

    def rule_of_ours(message: Message) -> RoutingRule | None:
        rule = routing_rule(message) if _WITH_OUR_PROTOCOL in message.data else None
        return rule if rule is not None and rule.ours else None

    return await _read(family, rule_of_ours, discarded)


async def _read(
    family: Family, parse: Callable[[Message], RoutingRule | None], discarded: Discarded
) -> tuple[RoutingRule, ...]:
    try:
        return tuple(await exchange.read(partial(rule_dump, family), parse, discarded))
    except KernelError as error:
        if error.code in (errno.EAFNOSUPPORT, errno.EOPNOTSUPP):
            return ()
        raise


async def add(rule: RoutingRule, discarded: Discarded) -> None:
    """Add `rule` behind those of its preference. Raises ValueError for one that is not ours,
    KernelError (EEXIST: an identical one stands already), OSError."""
    _require_ours(rule)
    await exchange.command(partial(addition, rule), discarded)


async def delete(rule: RoutingRule, discarded: Discarded) -> None:
    """Delete `rule` and no other: where the kernel would take another first, nothing is done.

    The rules are read first, and the kernel cannot be asked to read and delete in one step. If
    another program deletes `rule` in between, or puts a rule that agrees with it in front, the
    kernel takes that other rule. So the rules are read again, and that is told.

    Raises ValueError for a rule that is not ours, KernelError (ENOENT: it is not there; EBUSY:
    another rule would go instead, or another one went), OSError.
    """
    _require_ours(rule)
    before = await rules(rule.family, discarded)
    gone = deleted(rule, before)
    if gone is None:
        raise KernelError(errno.ENOENT, "no such rule")
    if gone != rule or (gone.unknown and not rule.unknown):
        raise KernelError(errno.EBUSY, f"the rule '{gone}' would be deleted instead")
    await exchange.command(partial(deletion, rule), discarded)
    after = await rules(rule.family, discarded)
    if after.count(rule) >= before.count(rule):
        raise KernelError(errno.EBUSY, f"another rule was deleted: '{rule}' still stands")
    standing = frozenset(after)
    for other in before:
        if other != rule and other not in standing and deleted(rule, (other,)):
            raise KernelError(errno.EBUSY, f"the rule '{other}' has gone, too")


def _require_ours(rule: RoutingRule) -> None:
    if not rule.ours:
        raise ValueError(f"not ours to touch: {rule}")
