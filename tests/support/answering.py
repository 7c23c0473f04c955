"""Worlds in which every target answers or not as a test writes it, around the real engine."""

from collections.abc import Callable
from typing import Self

from route_switcher.core.vocabulary.conditions import CarrierDown, ConsecutiveFailures
from route_switcher.core.vocabulary.effects import SpeedChange
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.outputs import Decision, Notice, Output, RuleChange
from route_switcher.core.vocabulary.policy import HoldBack, Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Probe, Quorum, Target
from route_switcher.core.vocabulary.states import Speed, UplinkState
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.world import World
from support.keys import v4
from support.pinging import pinging, target
from support.world import uplink

RTT = 1 / 64
T1, T2, T3 = (target(f"203.0.113.{n}") for n in (1, 2, 3))
S1, S2 = (target(f"2001:db8:ffff::{n}") for n in (1, 2))
NO_INTERNET = Rule("no-internet", ConsecutiveFailures("internet", 3), Recover(20.0))
UNPLUGGED = Rule("unplugged", CarrierDown(), Recover(20.0))


def probe(
    *targets: Target,
    quorum: Quorum = "any",
    interval: float = 1.0,
    timeout: float = 1.0,
    fast: float | None = None,
    down: float | None = None,
    standby: float | None = None,
    name: str = "internet",
) -> Probe:
    """A probe of T1 unless said."""
    return pinging(
        name,
        *(targets or (T1,)),
        quorum=quorum,
        interval=interval,
        timeout=timeout,
        fast=fast,
        down=down,
        standby=standby,
    )


def policy(
    *uplinks: Uplink,
    probes: tuple[Probe, ...] = (probe(),),
    rules: tuple[Rule, ...] = (NO_INTERNET, UNPLUGGED),
    hold_back: HoldBack | None = None,
) -> Policy:
    """Uplinks a and b unless said; three failures, twenty stable seconds."""
    return Policy(
        uplinks or (uplink("a", 0), uplink("b", 1)),
        probes,
        rules,
        ignore_linkdown=False,
        hold_back=hold_back or HoldBack(),
    )


class Net:
    """A world whose targets answer after `RTT`, but those that are cut, and as `fates` says."""

    def __init__(self, rules: Policy) -> None:
        self.outputs: list[Output] = []
        self.cuts: set[str] = set()
        """The uplinks through which nothing answers."""
        self.dead: set[Target] = set()
        """The targets that answer nobody."""
        self.fates: Callable[[str, Target], Fate] = lambda uplink, target: RTT
        """What becomes of what is not cut or dead."""
        self.world = World(rules, self, self.outputs.append)

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> Fate:
        """What the world asks."""
        if uplink.name in self.cuts or target in self.dead:
            return None
        return self.fates(uplink.name, target)

    def run(self, until: float) -> Self:
        """Let time pass."""
        self.world.run(until)
        return self

    def cut(self, *names: str) -> None:
        """Nothing answers through these, and what is under way is lost."""
        self.cuts.update(names)
        for name in names:
            self.world.lose(v4(name))

    def mend(self, *names: str) -> None:
        """They answer again."""
        self.cuts.difference_update(names)

    def flap(self, name: str, seconds: float, until: float) -> None:
        """Cut an uplink for some seconds, mend it, and let time pass."""
        self.cut(name)
        self.run(self.now + seconds)
        self.mend(name)
        self.run(until)

    def unplug(self, interface: str) -> None:
        """Take its carrier."""
        self.world.set_links(LinkState(interface, carrier=False))

    @property
    def now(self) -> float:
        """The time."""
        return self.world.now

    def active(self, family: Family = Family.IPV4) -> str | None:
        """The active uplink."""
        return self.world.active(family)

    def state(self, name: str) -> UplinkState:
        """The state of an uplink."""
        return self.world.status().health(v4(name)).state

    def decisions(self) -> list[Decision]:
        """Every move, the first selection left out."""
        return [o for o in self.outputs if isinstance(o, Decision) and o.previous is not None]

    def moves(self) -> list[tuple[str | None, str]]:
        """From which uplink to which."""
        return [(d.previous, d.selected) for d in self.decisions()]

    def notices(self, word: str = "") -> list[Notice]:
        """Every notice with this word."""
        return [o for o in self.outputs if isinstance(o, Notice) and word in o.text]

    def failed(self) -> set[str]:
        """The uplinks of which a rule has ever failed."""
        changes = (o for o in self.outputs if isinstance(o, RuleChange))
        return {c.uplink.name for c in changes if c.after.value == "failed"}

    def speeds(self, name: str) -> list[tuple[float, Speed]]:
        """The changes of an uplink's speed."""
        changes = (o for o in self.outputs if isinstance(o, SpeedChange) and o.uplink.name == name)
        return [(c.at, c.speed) for c in changes]

    def speed(self, name: str) -> Speed:
        """Its speed now."""
        changes = self.speeds(name)
        return changes[-1][1] if changes else Speed.NORMAL
