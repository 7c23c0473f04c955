"""How often the shipped policies move the traffic in the worst hour that a search finds."""

from dataclasses import dataclass, field
from itertools import product

from bench.figures import Table, first_paragraph
from route_switcher.core.decisions import Decision, Output
from route_switcher.core.events import LinkState
from route_switcher.core.model import Address, Policy
from route_switcher.policy.load import load, shipped_policies
from route_switcher.virtual.world import World

GOOD = (1.2, 3.5, 21.5, 61.5)
BAD = (0.3, 4.2)
HOUR = 3600.0
_RTT = 0.02


def measure() -> Table:
    """An hour in virtual time in which lines flap, evenly, each a third of a period after the one
    before: good for 1 to 62 s, then without carrier or silent for 0.3 or 4.2 s. The most moves of
    the traffic, and by what: the worst of 16 patterns. First the preferred line alone, then all.
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
    """The most moves of an hour if so many lines flap, and the pattern in words."""
    found = [
        (_Flapping(policy, lines, good, bad, carrier).moves(), good, bad, carrier)
        for good, bad, carrier in product(GOOD, BAD, (True, False))
    ]
    moves, good, bad, carrier = max(found)
    return moves, f"{good:g} s, {bad:g} s {'unplugged' if carrier else 'silent'}"


@dataclass
class _Flapping:
    policy: Policy
    lines: int
    good: float
    bad: float
    carrier: bool
    seen: int = 0
    silent: set[str] = field(default_factory=set)

    def answer(self, uplink: str, probe: str, target: Address, sent_at: float) -> float | None:
        return None if uplink in self.silent else _RTT

    def moves(self) -> int:
        """Moves of the traffic in an hour."""
        world = World(self.policy, self, self._note).run(10.0)
        self.seen = 0
        period = self.good + self.bad
        changes = sorted(
            (10.0 + (number + 1) / 3 * period + turn * period + (0.0 if bad else self.bad), n, bad)
            for number, n in enumerate(range(self.lines))
            for turn in range(int(HOUR / period))
            for bad in (True, False)
        )
        for at, number, bad in changes:
            world.run(at)
            uplink = self.policy.uplinks[number]
            if self.carrier:
                world.set_links(LinkState(uplink.interface, carrier=not bad))
            elif bad:
                self.silent.add(uplink.name)
                world.lose(uplink.name)
            else:
                self.silent.discard(uplink.name)
        world.run(HOUR + 10.0)
        return self.seen

    def _note(self, output: Output) -> None:
        self.seen += isinstance(output, Decision)
