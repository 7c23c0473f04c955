"""What becomes of packets: lines with outages, brown-outs, lost carriers and losses, and targets
with outages of their own. All of it is a function of time, so that every policy meets the same.

A line is what lies behind an uplink: the cable, the provider. It is dead (nothing comes back),
unplugged (dead, and the carrier tells), in a brown-out (losses, and late answers), or fine.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf

from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.simulation.episodes import WORST, EpisodeReader, Episodes
from route_switcher.simulation.losses import Chance, Losses


class LineCondition(Enum):
    """How a line is, apart from single lost packets."""

    FINE = "fine"
    BROWN = "brown-out"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Brownout:
    """What a brown-out of severity 1 does to packets; a worse one does more of the same."""

    loss: float = 0.0
    """The share of packets that is lost."""
    latency: float = 0.0
    """Seconds that an answer takes longer."""
    jitter: float = 0.0
    """Seconds by which one answer differs from the next, on average (RFC 3393)."""

    @property
    def by_lot(self) -> bool:
        """Whether packets are lost or late by chance."""
        return self.loss > 0 or self.jitter > 0


@dataclass(frozen=True, slots=True)
class WanLine:
    """The course of one line. `loss` and `latency` (seconds) are those of its good times."""

    latency: float = 0.02
    loss: float = 0.0
    dead: Episodes = ()
    unplugged: Episodes = ()
    brown: Episodes = ()
    brownout: Brownout = Brownout()

    @property
    def longest_latency(self) -> float:
        """Seconds that an answer takes at most, where that is not drawn by lot."""
        return self.latency + WORST * self.brownout.latency


@dataclass(frozen=True, slots=True)
class Network:
    """The lines by the names of their uplinks, and the outages of targets.

    Uplinks that share an interface should share the course of their lines. `seed` says which
    packets are lost.
    """

    lines: Mapping[str, WanLine]
    targets: Mapping[Target, Episodes]
    seed: int = 0


class LineReader:
    """One line as time goes on. Times asked for may fall by `LOOK_BACK` at most."""

    def __init__(self, line: WanLine) -> None:
        self._dead = EpisodeReader(line.dead)
        self._unplugged = EpisodeReader(line.unplugged)
        self._brown = EpisodeReader(line.brown)
        self._by_lot = line.brownout.by_lot

    def dead(self, time: float) -> bool:
        """Whether nothing comes back."""
        return self._dead.at(time) is not None or self.unplugged(time)

    def unplugged(self, time: float) -> bool:
        """Whether the carrier is lost."""
        return self._unplugged.at(time) is not None

    def brownout(self, time: float) -> float:
        """The severity of the brown-out at `time`; 0: there is none."""
        brown = self._brown.at(time)
        return 0.0 if brown is None else brown.severity

    def condition(self, time: float) -> LineCondition:
        """How the line is."""
        if self.dead(time):
            return LineCondition.DEAD
        return LineCondition.BROWN if self.brownout(time) else LineCondition.FINE

    def varies(self, time: float) -> bool:
        """Whether packets that are sent at `time` are lost or late by chance, beyond the loss of
        good times."""
        return self.condition(time) is LineCondition.BROWN and self._by_lot

    def next_change(self, after: float) -> float:
        """When next something begins or ends; inf: never."""
        readers = (self._dead, self._unplugged, self._brown)
        return min(reader.next_change(after) for reader in readers)


class Passage:
    """A network as packets pass through it: the internet of a `World`, asked in order of time."""

    def __init__(self, network: Network, uplinks: Iterable[UplinkId]) -> None:
        self._network = network
        self.lines = {its: LineReader(network.lines[its.name]) for its in uplinks}
        self._targets = {
            target: EpisodeReader(episodes) for target, episodes in network.targets.items()
        }
        self._losses: dict[tuple[UplinkId, Target], Losses] = {}
        self._chances: dict[tuple[UplinkId, Target, str], Chance] = {}
        self._calm_from = dict.fromkeys(self.lines, inf)
        self._calm_until = dict.fromkeys(self.lines, -inf)
        self.asked: Counter[tuple[UplinkId, str]] = Counter()
        """How many targets were asked through each uplink by each probe, each round counted."""
        self.answered: Counter[tuple[UplinkId, str]] = Counter()
        """How many of them answered."""
        self.troubled_until = dict.fromkeys(self.lines, -inf)
        """The latest time at which a packet was sent through a line that was lost by chance, or
        one came back late."""

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> float | None:
        """Seconds until a packet sent at `sent_at` is answered; None: never."""
        fate = self._fate(uplink, target, sent_at)
        self.asked[uplink, probe] += 1
        if fate is not None:
            self.answered[uplink, probe] += 1
        return fate

    def _fate(self, uplink: UplinkId, target: Target, sent_at: float) -> float | None:
        line = self._network.lines[uplink.name]
        nanoseconds = round(sent_at * 1e9)
        lost = self._losses_of(uplink, target).lost(nanoseconds)
        if self._calm_from[uplink] <= sent_at and sent_at + line.latency < self._calm_until[uplink]:
            if not lost:
                return line.latency
            self._trouble(uplink, sent_at)
            return None
        return self._through_trouble(uplink, target, sent_at, nanoseconds, lost)

    def next_change(self, after: float) -> float:
        """When next something begins or ends, of lines or of targets; inf: never."""
        of_lines = [line.next_change(after) for line in self.lines.values()]
        of_targets = [target.next_change(after) for target in self._targets.values()]
        return min([*of_lines, *of_targets], default=inf)

    def steady(self, time: float) -> bool:
        """Whether no line is in a brown-out in which packets are lost or late by chance."""
        return not any(line.varies(time) for line in self.lines.values())

    def answering(self, uplink: UplinkId, targets: Iterable[Target], time: float) -> list[Target]:
        """Those of `targets` that answer what is sent at `time`, if no packet is lost by chance."""
        if self.lines[uplink].dead(time):
            return []
        return [t for t in targets if t not in self._targets or self._targets[t].at(time) is None]

    def first_lost(
        self, uplink: UplinkId, targets: Iterable[Target], due: int, interval: int, before: int
    ) -> int:
        """When the first packet is lost of those sent at `due` and every `interval` after it.

        Nanoseconds; `before` if none is lost before that. For calm times only.
        """
        for target in targets:
            before = self._losses_of(uplink, target).first_lost(due, interval, before)
        return before

    def _through_trouble(
        self, uplink: UplinkId, target: Target, sent_at: float, nanoseconds: int, lost: bool
    ) -> float | None:
        reader, line = self.lines[uplink], self._network.lines[uplink.name]
        gone = self._targets[target].at(sent_at) is not None if target in self._targets else False
        severity = reader.brownout(sent_at)
        latency = line.latency
        if severity:
            worse = line.brownout
            lost |= self._chance(uplink, target, "loss", nanoseconds) < severity * worse.loss
            # Two numbers drawn evenly from 0 to w differ by w/3 on average.
            wait = 3 * worse.jitter * self._chance(uplink, target, "jitter", nanoseconds)
            latency += severity * (worse.latency + wait)
        if gone or reader.dead(sent_at) or reader.dead(sent_at + latency):
            return None
        if lost or (severity and line.brownout.by_lot):
            came_back = sent_at if lost else sent_at + latency
            self._trouble(uplink, came_back)
        else:
            self._find_calm(uplink, sent_at)
        return None if lost else latency

    def _trouble(self, uplink: UplinkId, until: float) -> None:
        self.troubled_until[uplink] = max(self.troubled_until[uplink], until)

    def _find_calm(self, uplink: UplinkId, time: float) -> None:
        """Note until when packets through a line need not be looked at closely."""
        reader = self.lines[uplink]
        targets = self._targets.values()
        if reader.condition(time) is LineCondition.FINE and all(
            t.at(time) is None for t in targets
        ):
            self._calm_from[uplink] = time
            changes = (reader.next_change(time), *(t.next_change(time) for t in targets))
            self._calm_until[uplink] = min(changes)

    def _losses_of(self, uplink: UplinkId, target: Target) -> Losses:
        losses = self._losses.get((uplink, target))
        if losses is None:
            seed = f"{self._network.seed}/{uplink.name}/{target}/losses"
            losses = Losses(seed, self._network.lines[uplink.name].loss)
            self._losses[uplink, target] = losses
        return losses

    def _chance(self, uplink: UplinkId, target: Target, kind: str, nanoseconds: int) -> float:
        chance = self._chances.get((uplink, target, kind))
        if chance is None:
            seed = f"{self._network.seed}/{uplink.name}/{target}/brown-out/{kind}"
            chance = self._chances[uplink, target, kind] = Chance(seed)
        return chance.at(nanoseconds)
