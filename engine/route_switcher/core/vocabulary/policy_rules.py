"""The rules that choose a routing table (ip-rule(8)), as the kernel tells them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

from route_switcher.core.vocabulary.routes import PROTOCOL, Change, table_name
from route_switcher.core.vocabulary.uplinks import Family

Network: TypeAlias = IPv4Network | IPv6Network

PREFERENCE = 32765
"""Of every rule of ours: the last before main's own. The kernel puts a rule behind those of equal
preference, so ours keep the order in which they were added, and those of a VPN come first."""

WHOLE_MARK = 0xFFFFFFFF
"""The mask of a rule that compares the whole firewall mark."""


class RuleAction(Enum):
    """What happens to a packet that a rule matches (linux/fib_rules.h)."""

    LOOKUP = "lookup"
    GOTO = "goto"
    NOP = "nop"
    BLACKHOLE = "blackhole"
    UNREACHABLE = "unreachable"
    PROHIBIT = "prohibit"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """One rule. A selector that is None matches every packet."""

    family: Family
    preference: int
    """The kernel tries rules from the lowest preference up."""
    table: int = 0
    """The table to look in; 0 for an action that looks in none."""
    action: RuleAction = RuleAction.LOOKUP
    source: Network | None = None
    destination: Network | None = None
    in_interface: str | None = None
    """Names as the rule was written with them; no such interface need be there."""
    out_interface: str | None = None
    """The interface that the sender's socket is bound to."""
    mark: int | None = None
    mask: int = WHOLE_MARK
    """The bits of the firewall mark that are compared."""
    uids: tuple[int, int] | None = None
    """First and last user number."""
    ip_protocol: int | None = None
    suppress_prefixlength: int | None = None
    """Routes with a prefix of this length or shorter do not count. 0: no default route does."""
    inverted: bool = False
    """Matches what the selectors do not match (`not`)."""
    protocol: int = PROTOCOL
    """Who wrote it (`routes.PROTOCOL_NAMES`); 0: a program that does not say."""
    target: int | None = field(default=None, compare=False)
    """The preference at which `goto` goes on; such a rule is `unknown` as well."""
    further: tuple[str, ...] = field(default=(), compare=False)
    """Selectors that are only told, in the words of `ip rule`; such a rule is `unknown` as well."""
    unknown: bool = field(default=False, compare=False)
    """It has more parts than stand here, so nothing may be concluded about what it matches."""

    @property
    def ours(self) -> bool:
        """Whether this rule carries our protocol number."""
        return self.protocol == PROTOCOL

    def __str__(self) -> str:
        """The rule in the words of `ip rule add`."""
        words = ["not"] if self.inverted else []
        for name, value in (
            ("from", self.source),
            ("to", self.destination),
            ("iif", self.in_interface),
            ("oif", self.out_interface),
            ("fwmark", self._mark_words),
            ("uidrange", "-".join(map(str, self.uids)) if self.uids else None),
            ("ipproto", self.ip_protocol),
        ):
            if value is not None:
                words += [name, str(value)]
        words += self.further
        if self.action is RuleAction.LOOKUP:
            words += ["lookup", table_name(self.table)] if self.table else ["l3mdev"]
        else:
            words.append(self.action.value)
        if self.target is not None:
            words.append(str(self.target))
        if self.suppress_prefixlength is not None:
            words += ["suppress_prefixlength", str(self.suppress_prefixlength)]
        return " ".join([*words, "pref", str(self.preference), "protocol", str(self.protocol)])

    @property
    def _mark_words(self) -> str | None:
        if self.mark is None:
            return None
        return f"{self.mark:#x}" + (f"/{self.mask:#x}" if self.mask != WHOLE_MARK else "")


@dataclass(frozen=True, slots=True)
class RoutingRuleAction:
    """One rule to add behind those of its preference, or to delete, and why."""

    change: Change
    """`Change.ADD` or `Change.DELETE`."""
    rule: RoutingRule
    reason: str

    @property
    def words(self) -> str:
        """What is done, without the reason."""
        return f"{self.change.value} {self.rule.family} rule {self.rule}"

    def __str__(self) -> str:
        return f"{self.words}  # {self.reason}"


def deleted(wanted: RoutingRule, rules: Iterable[RoutingRule]) -> RoutingRule | None:
    """Which of `rules`, in the kernel's order, a deletion of `wanted` takes; None: none of them.

    The kernel takes the first rule that agrees with all that the request says, and a request cannot
    say that a selector is absent, nor whether `not` stands before them (fib_nl_delrule in
    net/core/fib_rules.c). So it may be another.
    """
    return next((rule for rule in rules if _agrees(wanted, rule)), None)


def _agrees(wanted: RoutingRule, rule: RoutingRule) -> bool:
    said = (
        (wanted.source, rule.source),
        (wanted.destination, rule.destination),
        (wanted.in_interface, rule.in_interface),
        (wanted.out_interface, rule.out_interface),
        (wanted.mark or None, rule.mark),
        (wanted.uids, rule.uids),
        (wanted.ip_protocol, rule.ip_protocol),
        (wanted.suppress_prefixlength, rule.suppress_prefixlength),
        (wanted.table or None, rule.table),
        (wanted.protocol or None, rule.protocol),
    )
    return (
        (wanted.family, wanted.preference, wanted.action)
        == (rule.family, rule.preference, rule.action)
        and (wanted.mark is None or wanted.mask == rule.mask)
        and all(asked is None or asked == found for asked, found in said)
    )
