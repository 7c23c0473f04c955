"""Policies in the simulated world, and how long their rules take to see a fault and its end."""

from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from random import Random

from route_switcher.analysis.monitoring import Fault, UplinkMonitoring, monitoring_of
from route_switcher.core.vocabulary.conditions import Condition
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.outputs import Output, RuleChange
from route_switcher.core.vocabulary.policy import HoldBack, Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Probe, Target
from route_switcher.core.vocabulary.states import RuleState
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId
from route_switcher.virtual.world import World
from support.keys import v4
from support.pinging import pinging, target

UPLINKS = (
    Uplink("primary", "eth0", ip_address("198.51.100.1"), 10, Family.IPV4),
    Uplink("secondary", "eth1", ip_address("203.0.113.1"), 20, Family.IPV4),
)


def probe(
    name: str = "internet",
    interval: float = 1.0,
    *,
    targets: int = 1,
    quorum: str | int = "any",
    timeout: float | None = None,
    fast: float | None = None,
    down: float | None = None,
    standby: float | None = None,
    first: int = 1,
) -> Probe:
    """A probe of so many targets; what is left out is as the policy file has it."""
    addresses = tuple(target(f"192.0.2.{first + number}") for number in range(targets))
    fast = interval if fast is None else fast
    return pinging(
        name,
        *addresses,
        quorum=quorum,  # type: ignore[arg-type]
        interval=interval,
        timeout=min(fast, 1.0) if timeout is None else timeout,
        fast=fast,
        down=down,
        standby=standby,
    )


def rule(
    fail: Condition, stable: float = 60.0, recover: Condition | None = None, name: str = "watched"
) -> Rule:
    """A rule of every uplink."""
    return Rule(name, fail, Recover(stable, recover))


def policy(
    rules: Rule | tuple[Rule, ...],
    *probes: Probe,
    uplinks: tuple[Uplink, ...] = UPLINKS,
    hold_back: HoldBack | None = None,
) -> Policy:
    """A policy of two uplinks."""
    rules = (rules,) if isinstance(rules, Rule) else rules
    return Policy(uplinks, probes or (probe(),), rules, False, hold_back or HoldBack())


def watched(the_policy: Policy, uplink: str = "primary") -> UplinkMonitoring:
    """How an uplink of it is watched."""
    return monitoring_of(the_policy, uplink)


@dataclass
class Lines:
    """The internet behind uplinks: one of them is cut, slow or lossy."""

    broken: str = "primary"
    works: bool = True
    rtt: float = 0.0
    """Of the broken one; the others take a millisecond."""
    loss: float = 0.0
    chance: Random = field(default_factory=lambda: Random(1))

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> float | None:
        if uplink.name != self.broken:
            return 0.001
        if not self.works or (self.loss and self.chance.random() < self.loss):
            return None
        return self.rtt


@dataclass
class Watcher:
    """Breaks the primary of a policy in a world, and notes when the rule `watched` changes.

    Rules judge that uplink alone: what the rounds of the others say changes nothing for it.
    """

    policy: Policy
    rtt: float = 0.001
    uplink: str = "primary"
    changes: list[RuleChange] = field(default_factory=list)

    def seen(self, fault: Fault, at: float, lasts: float, slow: float = 0.0) -> tuple[float, float]:
        """Seconds until the rule failed after a fault at `at`, and until it was ok after the end.

        `slow` is the round-trip time of a slow uplink.
        """
        lines = Lines(self.uplink, rtt=self.rtt)
        self.changes.clear()
        rules = tuple(replace(r, uplinks=(self.uplink,)) for r in self.policy.rules)
        world = World(replace(self.policy, rules=rules), lines, self._note)
        interface = next(u.interface for u in self.policy.uplinks if u.name == self.uplink)
        world.run_before(at)
        self._break(world, lines, interface, fault, slow)
        mended = at + lasts
        world.run_before(mended)
        failed = [c.at for c in self.changes if c.after is RuleState.FAILED and c.at >= at]
        self.changes.clear()
        self._mend(world, lines, interface, fault)
        world.run(mended + lasts)
        ok = [c.at for c in self.changes if c.after is RuleState.OK]
        return (
            failed[0] - at if failed else float("inf"),
            ok[-1] - mended if ok else float("inf"),
        )

    def _break(self, world: World, lines: Lines, interface: str, fault: Fault, slow: float) -> None:
        if fault is Fault.SLOW:
            lines.rtt = slow
            return
        lines.works = False
        world.lose(v4(self.uplink))
        if fault is Fault.UNPLUGGED:
            world.set_links(LinkState(interface, carrier=False))

    def _mend(self, world: World, lines: Lines, interface: str, fault: Fault) -> None:
        lines.works, lines.rtt = True, self.rtt
        if fault is Fault.UNPLUGGED:
            world.set_links(LinkState(interface))

    def _note(self, output: Output) -> None:
        if isinstance(output, RuleChange) and (output.uplink.name, output.rule) == (
            self.uplink,
            "watched",
        ):
            self.changes.append(output)
