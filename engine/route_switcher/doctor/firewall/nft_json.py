"""Reads what `nft -j list ruleset` prints (libnftables-json(5)).

What is not understood becomes a condition that may hold or not, or an unknown act. Of what iptables
has written it tells less than `iptables-save` does.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from route_switcher.doctor.firewall.ruleset import (
    Act,
    Chain,
    ChainId,
    Condition,
    Field,
    Hook,
    Rule,
)

WRITER = "nft"

_MATCHED = {
    ("meta", "iifname"): Field.INPUT,
    ("meta", "iif"): Field.INPUT,
    ("meta", "oifname"): Field.OUTPUT,
    ("meta", "oif"): Field.OUTPUT,
    ("meta", "nfproto"): Field.FAMILY,
    ("meta", "protocol"): Field.FAMILY,
    ("payload", "saddr"): Field.SOURCE,
    ("payload", "daddr"): Field.DESTINATION,
    ("payload", "protocol"): Field.PROTOCOL,
    ("payload", "nexthdr"): Field.PROTOCOL,
    ("payload", "type"): Field.ICMP_TYPE,
    ("meta", "l4proto"): Field.PROTOCOL,
    ("ct", "state"): Field.STATE,
}
"""By the kind of an expression, and its key or field."""

_FAMILIES = {"ipv4": "4", "ip": "4", "ipv6": "6", "ip6": "6"}

_PROTOCOLS = {"1": "icmp", "58": "icmpv6", "ipv6-icmp": "icmpv6"}
_IMPLIED = {
    "ip": Condition(Field.FAMILY, ("4",)),
    "ip6": Condition(Field.FAMILY, ("6",)),
    **{
        name: Condition(Field.PROTOCOL, (name,))
        for name in ("icmp", "icmpv6", "igmp", "tcp", "udp", "udplite", "sctp", "dccp", "esp", "ah")
    },
}
"""What a packet must be to have a header of this name: nft asks that first, and does not print
it."""

_ACTS = {
    "masquerade": Act.MASQUERADE,
    "accept": Act.ACCEPT,
    "drop": Act.DROP,
    "reject": Act.DROP,
    "return": Act.RETURN,
    "queue": Act.UNKNOWN,
}
_JUMPS = {"jump": Act.JUMP, "goto": Act.GOTO}
_HARMLESS = frozenset(("counter", "log", "comment", "notrack", "ct helper", "flow"))
"""Statements that neither end the way of a packet nor depend on it."""

_MAYBE = Condition(Field.OTHER)

_TABLE = re.compile(r"table (\w+) (\S+)")
_CHAIN = re.compile(r"\s+chain (\S+)")
_DEVICES = re.compile(r"\bhook (?:ingress|egress) devices? (?:= )?(\{[^}]*\}|\S+)")
_NAMES = re.compile(r'[^\s,{}"]+')


class NotUnderstood(ValueError):  # noqa: N818 - a condition, named as it is read
    """It is not what nft prints."""


@dataclass(frozen=True, slots=True)
class NftRules:
    """What nft shows."""

    chains: tuple[Chain, ...]
    by_iptables: frozenset[str]
    """The families (`ip`, `ip6`) in which iptables has written rules."""


Devices: TypeAlias = Mapping[tuple[str, str, str], tuple[str, ...]]
"""Those of chains at an ingress or egress, by family, table and name."""


def nft_devices(text: str) -> Devices:
    """What `nft list chains` prints of them: some versions leave them out of their JSON."""
    found, table, chain = {}, ("", ""), ""
    for line in text.splitlines():
        if named := _TABLE.match(line):
            table = named[1], named[2]
        elif named := _CHAIN.match(line):
            chain = named[1]
        elif named := _DEVICES.search(line):
            found[(*table, chain)] = tuple(_NAMES.findall(named[1]))
    return found


def nft_rules(text: str, devices: Devices = MappingProxyType({})) -> NftRules:
    """Raises NotUnderstood. `devices` are those of chains that do not name them themselves."""
    try:
        entries = json.loads(text)["nftables"]
        return _Reader(entries, devices).rules()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotUnderstood(str(error)) from None


class _Reader:
    """`entries` are one list of tables, chains, sets, maps and rules."""

    def __init__(self, entries: list[dict[str, Any]], devices: Devices) -> None:
        self._devices = devices
        named = [(kind, body) for entry in entries for kind, body in entry.items()]
        self._rules = [body for kind, body in named if kind == "rule"]
        self._of_chain: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        for body in self._rules:
            place = (body["family"], body["table"], body["chain"])
            self._of_chain.setdefault(place, []).append(body)
        self._chains = [body for kind, body in named if kind == "chain"]
        self._sets = {
            (body["family"], body["table"], body["name"]): body.get("elem", [])
            for kind, body in named
            if kind in ("set", "map")
        }

    def rules(self) -> NftRules:
        by_iptables = {
            body["family"]
            for body in self._rules
            if any("xt" in statement for statement in body["expr"])
        }
        return NftRules(tuple(map(self._chain, self._chains)), frozenset(by_iptables))

    def _chain(self, body: dict[str, Any]) -> Chain:
        known = {hook.value: hook for hook in Hook}
        place = (body["family"], body["table"], body["name"])
        rules = self._of_chain.get(place, ())
        return Chain(
            ChainId(WRITER, *place),
            tuple(rule for found in rules for rule in self._rule(found)),
            known.get(body.get("hook", "")),
            body.get("type") == "nat",
            int(body.get("prio", 0)),
            body.get("policy") == "drop",
            _names(body.get("dev", ())) or self._devices.get(place, ()),
        )

    def _rule(self, body: dict[str, Any]) -> Iterator[Rule]:
        """A rule with a map of verdicts becomes one for each entry of the map."""
        conditions: list[Condition] = []
        done = Rule((), Act.NOTHING)
        for statement in body["expr"]:
            ((kind, content),) = statement.items()
            if kind == "match":
                conditions += _implied(content["left"])
                conditions.append(self._condition(content, body))
            elif kind == "vmap":
                yield from self._mapped(content, tuple(conditions), body)
                return
            elif kind in _ACTS:
                done = Rule((), _ACTS[kind])
            elif kind in _JUMPS:
                done = Rule((), _JUMPS[kind], content["target"])
            elif kind == "snat":
                done = Rule((), Act.SOURCE_NAT, "", _plain_addresses(content))
            elif kind == "mangle":
                if "tcp option" in content["key"]:
                    done = Rule((), Act.CLAMP)
            elif kind == "xt" and content and content.get("type") == "target":
                done = Rule((), Act.UNKNOWN)
            elif kind not in _HARMLESS:
                conditions.append(_MAYBE)
        yield Rule(tuple(conditions), done.act, done.target, done.addresses)

    def _mapped(
        self, content: dict[str, Any], before: tuple[Condition, ...], rule: dict[str, Any]
    ) -> Iterator[Rule]:
        field = _field(content["key"])
        before = (*before, *_implied(content["key"]))
        data = content["data"]
        pairs = self._named(data, rule) if isinstance(data, str) else data["set"]
        for key, verdict in pairs:
            ((kind, target),) = verdict.items() if isinstance(verdict, dict) else ((verdict, None),)
            values = _values([key], field)
            also = _MAYBE if values is None else Condition(field, values)
            act = _JUMPS.get(kind) or _ACTS.get(kind, Act.UNKNOWN)
            name = target["target"] if target and kind in _JUMPS else ""
            yield Rule((*before, also), act, name)

    def _condition(self, content: dict[str, Any], rule: dict[str, Any]) -> Condition:
        left, right = content["left"], content["right"]
        if "fib" in left and left["fib"].get("result") == "type":
            of_destination = "daddr" in left["fib"].get("flags", ())
            if of_destination and right == "local":
                return Condition(Field.TO_THIS_HOST, (), content["op"] == "!=")
            return _MAYBE
        field = _field(left)
        if field is Field.OTHER or content["op"] not in ("==", "!=", "in"):
            return _MAYBE
        if isinstance(right, str) and right.startswith("@"):
            right = self._named(right, rule)
        elif isinstance(right, dict) and "set" in right:
            right = right["set"]
        values = _values(right if isinstance(right, list) else [right], field)
        return _MAYBE if values is None else Condition(field, values, content["op"] == "!=")

    def _named(self, reference: str, rule: dict[str, Any]) -> list[Any]:
        """The elements of a set or map."""
        found = self._sets[rule["family"], rule["table"], reference.removeprefix("@")]
        return found if isinstance(found, list) else [found]


def _names(found: Any) -> tuple[str, ...]:
    return (found,) if isinstance(found, str) else tuple(map(str, found))


def _field(expression: Any) -> Field:
    if not isinstance(expression, dict) or len(expression) != 1:
        return Field.OTHER
    ((kind, content),) = expression.items()
    if not isinstance(content, dict):
        return Field.OTHER
    found = _MATCHED.get((kind, content.get("key") or content.get("field", "")), Field.OTHER)
    if kind == "payload":
        of_icmp = content.get("protocol") in ("icmp", "icmpv6")
        if not of_icmp and content.get("protocol") not in ("ip", "ip6"):
            return Field.OTHER
        return found if of_icmp is (found is Field.ICMP_TYPE) else Field.OTHER
    return found


def _implied(expression: Any) -> Iterator[Condition]:
    """Of each header that it looks at, also inside a concatenation or beside a mask."""
    match expression:
        case {"payload": {"protocol": str(protocol)}} if protocol in _IMPLIED:
            yield _IMPLIED[protocol]
        case {"concat": [*parts]} | {"&": [*parts]}:
            for part in parts:
                yield from _implied(part)
        case _:
            pass  # it has no header


def _values(found: list[Any], field: Field) -> tuple[str, ...] | None:
    """None: one of them is not understood."""
    if field is Field.PROTOCOL:
        found = [str(each) if isinstance(each, int) else each for each in found]
    values = [_value(each) for each in found]
    if field is Field.FAMILY:
        values = [_FAMILIES.get(value or "") for value in values]
    if field is Field.PROTOCOL:
        values = [value and _PROTOCOLS.get(value, value) for value in values]
    known = tuple(value for value in values if value is not None)
    return known if len(known) == len(values) else None


def _value(found: Any) -> str | None:
    match found:
        case str():
            return found
        case {"prefix": {"addr": str(address), "len": int(length)}}:
            return f"{address}/{length}"
        case {"range": [str(first), str(last)]}:
            return f"{first}-{last}"
        case {"elem": {"val": inner}}:  # with a counter, a comment or a time-out
            return _value(inner)
        case _:
            return None


def _plain_addresses(content: Any) -> tuple[str, ...]:
    value = _value(content.get("addr")) if isinstance(content, dict) else None
    return () if value is None else (value,)
