"""How often the shipped policies move the traffic in the worst hour that a search finds."""

from dataclasses import dataclass, field
from itertools import product

from bench.figures import Table, first_paragraph
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.outputs import Decision, Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.policy.load import load, shipped_policies
from route_switcher.virtual.world import World
from support.keys import v4

GOOD = (1.2, 3.5, 21.5, 61.5, 185.0)
UNPLUGGED, SILENT = 0.3, 4.2
"""Seconds: a carrier counts at once, so its loss is short; a short silence moves nothing."""

HOUR = 3600.0
_GLANCE = 600.0
"""Seconds that every pattern is played before the worst is played for an hour."""

_RTT = 0.02


def measure() -> Table:
    """An hour in virtual time in which lines flap, evenly, each a third of a period after the one
    before: good for 1 to 185 s, then without carrier for 0.3 s or silent for 4.2 s. The most moves
    of the traffic, and by what: of 10 patterns the one that moved it most in ten minutes. First the
    preferred line alone, then all.
    """
    rows = []
    for name in shipped_policies():
        policy = load(name)
        alone, alone_by = worst(policy, 1)
        together, together_by = worst(policy, len(policy.uplinks))
        rows.append((name, f"{alone:,}", alone_by, f"{together:,}", together_by))
    columns = ("policy", "moves an hour, one line", "good, bad", "all lines", "good, bad")
    return Table("Flapping lines", first_paragraph(measure.__doc__), columns, tuple(rows))


def worst(policy: Policy, lines: int) -> tuple[int, str]:
    """The moves of an hour by the worst pattern if so many lines flap, and that in words."""

    def moves(pattern: tuple[float, bool], seconds: float) -> int:
        good, carrier = pattern
        bad = UNPLUGGED if carrier else SILENT
        return _Flapping(policy, lines, good, bad, carrier).moves(seconds)

    pattern = max(product(GOOD, (True, False)), key=lambda each: moves(each, _GLANCE))
    good, carrier = pattern
    bad = f"{UNPLUGGED:g} s unplugged" if carrier else f"{SILENT:g} s silent"
    return moves(pattern, HOUR), f"{good:g} s, {bad}"


@dataclass
class _Flapping:
    policy: Policy
    lines: int
    good: float
    bad: float
    carrier: bool
    seen: int = 0
    silent: set[str] = field(default_factory=set)

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> float | None:
        return None if uplink.name in self.silent else _RTT

    def moves(self, seconds: float) -> int:
        """Moves of the traffic in so many seconds."""
        world = World(self.policy, self, self._note).run(10.0)
        self.seen = 0
        period = self.good + self.bad
        changes = sorted(
            (10.0 + (number + 1) / 3 * period + turn * period + (0.0 if bad else self.bad), n, bad)
            for number, n in enumerate(range(self.lines))
            for turn in range(int(seconds / period))
            for bad in (True, False)
        )
        for at, number, bad in changes:
            world.run(at)
            uplink = self.policy.uplinks[number]
            if self.carrier:
                world.set_links(LinkState(uplink.interface, carrier=not bad))
            elif bad:
                self.silent.add(uplink.name)
                world.lose(v4(uplink.name))
            else:
                self.silent.discard(uplink.name)
        world.run(seconds + 10.0)
        return self.seen

    def _note(self, output: Output) -> None:
        self.seen += isinstance(output, Decision)
