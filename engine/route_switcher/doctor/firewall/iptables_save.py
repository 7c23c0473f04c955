"""Reads what `iptables-save` prints (iptables-save(8), iptables-extensions(8))."""

import shlex
from collections.abc import Iterator

from route_switcher.doctor.firewall.ruleset import (
    Act,
    Chain,
    ChainId,
    Condition,
    Field,
    Hook,
    Rule,
)

_FIELDS = {
    "-i": Field.INPUT,
    "-o": Field.OUTPUT,
    "-s": Field.SOURCE,
    "-d": Field.DESTINATION,
    "--ctstate": Field.STATE,
    "--state": Field.STATE,
    "-p": Field.PROTOCOL,
    "--icmp-type": Field.ICMP_TYPE,
    "--icmpv6-type": Field.ICMP_TYPE,
}
_HARMLESS = frozenset(("-m", "--comment"))
"""Options with a value that say nothing of the packet."""
_ASK_ALONE = frozenset(("socket", "rpfilter", "eui64"))
"""Modules that ask something of the packet without any option."""
_TYPES = {"8": "echo-request", "0": "echo-reply", "128": "echo-request", "129": "echo-reply"}
_PROTOCOLS = {"1": "icmp", "58": "icmpv6", "ipv6-icmp": "icmpv6"}

_ACTS = {
    "MASQUERADE": Act.MASQUERADE,
    "SNAT": Act.SOURCE_NAT,
    "NETMAP": Act.SOURCE_NAT,
    "ACCEPT": Act.ACCEPT,
    "DROP": Act.DROP,
    "REJECT": Act.DROP,
    "RETURN": Act.RETURN,
    "TCPMSS": Act.CLAMP,
    "QUEUE": Act.UNKNOWN,
    "NFQUEUE": Act.UNKNOWN,
}
"""Other targets let the packet go on (LOG, MARK, …)."""

_HOOKS = {hook.name: hook for hook in Hook}
_PRIORITIES = {"raw": -300, "mangle": -150, "nat": 100, "security": 50}
"""In `filter` 0 (linux/netfilter_ipv4.h)."""


def iptables_chains(text: str, writer: str, family: str) -> tuple[Chain, ...]:
    """The chains of what `writer` printed, of the family `ip` or `ip6`."""
    policies: dict[ChainId, str] = {}
    rules: dict[ChainId, list[str]] = {}
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":"):
            name, policy = line[1:].split()[:2]
            policies[ChainId(writer, family, table, name)] = policy
        elif line.startswith("-A "):
            _, name, rest = (line + " ").split(" ", 2)
            rules.setdefault(ChainId(writer, family, table, name), []).append(rest)
    return tuple(
        Chain(
            chain,
            tuple(_rule(rest, chain, policies) for rest in rules.get(chain, ())),
            None if policy == "-" else _HOOKS.get(chain.name),
            chain.table == "nat",
            _PRIORITIES.get(chain.table, 0),
            policy == "DROP",
        )
        for chain, policy in policies.items()
    )


def _rule(text: str, chain: ChainId, chains: dict[ChainId, str]) -> Rule:
    try:
        words = shlex.split(text)
    except ValueError:
        words = ["--not-understood"]
    conditions, act, target = list[Condition](), Act.NOTHING, ""
    addresses: tuple[str, ...] = ()
    for option, values, negated in _options(words):
        value = values[0] if values else ""
        if option in ("-j", "-g"):
            if chain._replace(name=value) in chains:
                act, target = (Act.JUMP if option == "-j" else Act.GOTO), value
            else:
                act = _ACTS.get(value, Act.NOTHING)
        elif option == "--to-source":
            addresses = (_without_ports(value),)
        elif act is not Act.NOTHING or (option in _HARMLESS and value not in _ASK_ALONE):
            continue  # an option of the target, or one that says nothing
        elif option == "--icmp-type" and value == "any":
            continue
        elif option == "--dst-type" and value == "LOCAL":
            conditions.append(Condition(Field.TO_THIS_HOST, (), negated))
        elif option in _FIELDS:
            conditions.append(Condition(_FIELDS[option], _values(option, value), negated))
        else:
            conditions.append(Condition(Field.OTHER))
    return Rule(tuple(conditions), act, target, addresses)


def _options(words: list[str]) -> Iterator[tuple[str, list[str], bool]]:
    """Each option with its values, and whether a `!` stands before it."""
    option, values, negated, next_negated = "", list[str](), False, False
    for word in words:
        if word == "!":
            next_negated = True
        elif word.startswith("-") and not word[1:2].isdigit():
            if option:
                yield option, values, negated
            option, values, negated, next_negated = word, [], next_negated, False
        else:
            values.append(word)
    if option:
        yield option, values, negated


def _values(option: str, value: str) -> tuple[str, ...]:
    if option in ("-i", "-o"):
        return (value[:-1] + "*" if value.endswith("+") else value,)
    if option == "-p":
        return (_PROTOCOLS.get(value, value),)
    if option in ("--icmp-type", "--icmpv6-type"):
        plain = value.removesuffix("/0")
        return (_TYPES.get(plain, plain),)
    return tuple(each.lower() if option.endswith("state") else each for each in value.split(","))


def _without_ports(value: str) -> str:
    """`198.51.100.2-198.51.100.9:1024-65535`, or with `[…]` around addresses of IPv6."""
    if value.startswith("["):
        return value[1:].partition("]")[0]
    return value.partition(":")[0] if value.count(":") == 1 else value
