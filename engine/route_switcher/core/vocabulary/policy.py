"""The policy as the core sees it: frozen, complete, every default filled in.

Durations are seconds. A `Policy` is made by `route_switcher.policy` from a file that was found
sound, so nothing here checks again.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from route_switcher.core.vocabulary.conditions import (
    CarrierDown,
    Condition,
    ConditionLeaf,
    NextHopAbsent,
    Subject,
    leaves,
)
from route_switcher.core.vocabulary.conntrack import Conntrack
from route_switcher.core.vocabulary.hooks import Hook
from route_switcher.core.vocabulary.metrics import Listen
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.uplinks import Family, Prefix, Uplink, UplinkId

DEFAULT_STABLE = 60.0
"""Seconds that good rounds must cover before a failed uplink is trusted again, unless said."""

LINK_RULE = "unplugged"
"""The name of the rule about the link that stands for one that nobody wrote."""

NEXT_HOP_RULE = "no-next-hop"
"""The name of the rule about the next hop. Nobody can write it."""

ABSENCE = 1.0
"""Seconds for which a next hop, or every address, may be absent: clients that renew a lease may
delete all and add it again."""


@dataclass(frozen=True, slots=True)
class Recover:
    """Recovers when good rounds have covered `stable` seconds without a failed one, and
    `condition` holds."""

    stable: float
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A fail condition and a recover condition, judged for each of its uplinks separately."""

    name: str
    fail: Condition
    recover: Recover
    uplinks: tuple[str, ...] | None = None
    """The names of the uplinks that it judges; None: every one."""

    def judges(self, uplink: str) -> bool:
        """Whether it judges this uplink."""
        return self.uplinks is None or uplink in self.uplinks

    @property
    def names_the_carrier(self) -> bool:
        """Whether it says when the loss of the link fails an uplink."""
        return self.is_about(Subject.CARRIER)

    def is_about(self, subject: Subject) -> bool:
        """Whether a part of the fail condition is about this."""
        return any(leaf.subject is subject for leaf in self.fail_leaves)

    @property
    def fail_leaves(self) -> tuple[ConditionLeaf, ...]:
        """The leaves of the fail condition, from left to right."""
        return tuple(leaves(self.fail))

    @property
    def recover_leaves(self) -> tuple[ConditionLeaf, ...]:
        """The leaves of the recover condition, from left to right; none if it has none."""
        recover = self.recover.condition
        return () if recover is None else tuple(leaves(recover))

    @property
    def leaves(self) -> tuple[ConditionLeaf, ...]:
        """The leaves of both."""
        return self.fail_leaves + self.recover_leaves

    @property
    def probes(self) -> frozenset[str]:
        """The probes that its conditions name. If none, the rounds of every probe concern it: its
        stability is covered by any of them."""
        return frozenset(leaf.probe for leaf in self.leaves if leaf.probe is not None)


@dataclass(frozen=True, slots=True)
class Damping:
    """An uplink that flaps is held back, as RFC 2439 does for routes.

    Every failure of an uplink adds 1 to its penalty, which halves in `half_life` seconds. Above
    `suppress` it is damped, until it is below `reuse`; that takes at most `max_hold` seconds.
    """

    half_life: float
    suppress: float
    reuse: float
    max_hold: float


class FailBack(Enum):
    """How the traffic returns to a preferred uplink that had failed."""

    AUTOMATIC = "automatic"
    """By itself, once that is healthy."""
    MANUAL = "manual"
    """By an operator's order, or because the active uplink fails."""


@dataclass(frozen=True, slots=True)
class HoldBack:
    """What holds back voluntary moves. It never keeps traffic on a failed uplink."""

    min_stay: float = 0.0
    """Seconds that an uplink stays active at least."""
    switches_per_hour: int | None = None
    """How many switches an hour may have had before another voluntary one; None: any number."""
    damping: Damping | None = None
    fail_back: FailBack = FailBack.AUTOMATIC


@dataclass(frozen=True, slots=True)
class Control:
    """Who may ask the running engine, and give it orders, beside root and its own user."""

    group: str | None = None
    """The members of this group; None: nobody else."""


class OnExit(Enum):
    """What becomes of our routes and rules when somebody ends the engine (SIGTERM, SIGINT)."""

    KEEP = "keep"
    """They stay: a restart moves nothing."""
    RESTORE = "restore"
    """They go, in each family where a default route of somebody else remains."""


MAIN_TABLE = 254
"""The routing table that everybody uses (RT_TABLE_MAIN)."""

OWN_TABLE = 115
"""The table of ours where a policy wants one and writes no number: our protocol number again."""


class WhenAllDown(Enum):
    """What becomes of the traffic of a family while no uplink answers."""

    STAY = "stay"
    """It stays with the active uplink."""
    UNREACHABLE = "unreachable"
    """It is refused. Only in a table of our own."""


class FamiliesMove(Enum):
    """How the families of an uplink that has several move."""

    SEPARATELY = "separately"
    TOGETHER = "together"
    """An uplink is as good as the worst of its families that have had a next hop."""


@dataclass(frozen=True, slots=True)
class Placement:
    """In which routing table the routes stand, and which there are beside those of uplinks."""

    table: int = MAIN_TABLE
    """The table of the traffic's routes."""
    source_rules: bool = True
    """In a table of our own: answers leave by the uplink that has their source address."""
    when_all_down: WhenAllDown = WhenAllDown.STAY
    also: tuple[Prefix, ...] = ()
    """Further prefixes that move with the default route of their family."""

    @property
    def own(self) -> bool:
        """Whether it is a table of our own, which rules lead to."""
        return self.table != MAIN_TABLE

    def destinations(self, family: Family) -> tuple[Prefix | None, ...]:
        """What the routes of uplinks lead to: everything (None), and further prefixes."""
        return None, *(prefix for prefix in self.also if prefix.version == family.value)

    def table_of(self, position: int) -> int:
        """The small table of the uplink at this position (from 0) of `Policy.names`. It has the
        one default route of that uplink, whatever its health. Only beside a table of our own."""
        return self.table + 1 + position


@dataclass(frozen=True, slots=True)
class Journal:
    """What the engine remembers on disk."""

    size: int = 64_000_000
    """Bytes at most; 0: there is no journal."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that an administrator decides. `uplinks` stand in order of preference, one entry
    for each family of an uplink.

    Within a family the metrics rise in that order, and no metric, demoted or not, is used twice.
    """

    uplinks: tuple[Uplink, ...]
    probes: tuple[Probe, ...]
    rules: tuple[Rule, ...]
    ignore_linkdown: bool
    """Whether the kernel is told to skip routes without a carrier by itself, at once."""
    hold_back: HoldBack = HoldBack()
    placement: Placement = Placement()
    control: Control = Control()
    on_exit: OnExit = OnExit.KEEP
    track_file: str | None = None
    """The absolute path of the file that has the number of healthy uplinks; None: there is none."""
    hooks: tuple[Hook, ...] = ()
    """The programs that are run after something happened, each once."""
    conntrack: Conntrack = Conntrack.PREVIOUS
    """Which connections are ended after a switch."""
    families_move: FamiliesMove = FamiliesMove.SEPARATELY
    metrics: Listen | None = None
    """Where metrics are given to those who ask; None: nowhere."""
    journal: Journal = Journal()
    link_rules: tuple[Rule, ...] = field(init=False, compare=False, repr=False)
    """What judges the link where no rule names the carrier: a link without a carrier, down or
    missing carries nothing, whatever else the rules say. Each recovers after the longest stable
    time of the rules that judge its uplinks, or the default one if none does."""
    next_hop_rules: tuple[Rule, ...] = field(init=False, compare=False, repr=False)
    """What judges the next hop: an uplink without one, or without an address, carries nothing. They
    recover like the rules about the link."""

    _of_several_families: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Complete the rules."""
        counted = Counter(uplink.name for uplink in self.uplinks)
        several = frozenset(name for name, count in counted.items() if count > 1)
        object.__setattr__(self, "_of_several_families", several)
        link = _implicit_rules(LINK_RULE, CarrierDown(), Subject.CARRIER, self)
        object.__setattr__(self, "link_rules", tuple(link))
        absent = NextHopAbsent(ABSENCE)
        hop = _implicit_rules(NEXT_HOP_RULE, absent, Subject.NEXT_HOP, self)
        object.__setattr__(self, "next_hop_rules", tuple(hop))

    @property
    def families(self) -> tuple[Family, ...]:
        """The families that have an uplink, IPv4 first."""
        return tuple(f for f in Family if any(u.family is f for u in self.uplinks))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the uplinks, each once, in order of preference."""
        return tuple(dict.fromkeys(uplink.name for uplink in self.uplinks))

    def label(self, uplink: UplinkId) -> str:
        """What a person calls it: its name, and the family where the policy has several of it."""
        several = uplink.name in self._of_several_families
        return f"{uplink.name} ({uplink.family})" if several else uplink.name

    def named(self, name: str) -> tuple[Uplink, ...]:
        """The uplink of that name in each of its families."""
        return tuple(u for u in self.uplinks if u.name == name)

    def families_of(self, name: str) -> tuple[Family, ...]:
        """The families that the uplink of that name has."""
        return tuple(uplink.family for uplink in self.named(name))

    def uplinks_of(self, family: Family) -> tuple[Uplink, ...]:
        """The uplinks of `family`, in order of preference."""
        return tuple(u for u in self.uplinks if u.family is family)

    def probes_through(self, uplink: str) -> tuple[Probe, ...]:
        """The probes whose rounds go through an uplink; at least one."""
        return tuple(p for p in self.probes if p.goes_through(uplink))

    def rules_for(self, uplink: str) -> tuple[Rule, ...]:
        """The rules that judge an uplink; one of them judges its link, and one its next hop."""
        every = (*self.every_rule, *self.next_hop_rules)
        return tuple(rule for rule in every if rule.judges(uplink))

    @property
    def every_rule(self) -> tuple[Rule, ...]:
        """The rules, and those about the link that nobody wrote."""
        return (*self.rules, *self.link_rules)


def _implicit_rules(
    its_name: str, fail: Condition, subject: Subject, policy: Policy
) -> Iterator[Rule]:
    """A rule for every stable time, about the uplinks of which no rule is about the subject."""
    taken = {rule.name for rule in policy.rules}
    names = (its_name, *(f"{its_name}-{n}" for n in range(2, len(taken) + 2)))
    name = next(name for name in names if name not in taken)
    without: dict[float, dict[str, None]] = {}
    for uplink in policy.uplinks:
        judging = [rule for rule in policy.rules if rule.judges(uplink.name)]
        if not any(rule.is_about(subject) for rule in judging):
            stable = max((rule.recover.stable for rule in judging), default=DEFAULT_STABLE)
            without.setdefault(stable, {})[uplink.name] = None
    names_of_all = {uplink.name for uplink in policy.uplinks}
    for stable, judged in without.items():
        some = tuple(judged) if len(judged) < len(names_of_all) else None
        yield Rule(name, fail, Recover(stable), some)
