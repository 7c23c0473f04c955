"""A policy on a network, from beginning to end: what it does, and what came of that.

Most of a month nothing happens. There the simulation leaps: while the engine is at rest, and no
packet is lost or late by chance, all rounds are alike and change nothing. That is so too while a
line is dead or a target gone. In a brown-out each packet is drawn by lot, so each round is made. A
leap stops short of the next change
of the network and of the next lost packet, and lands where rounds are sent at the very instants at
which they would have been sent. A property test holds the decisions against those without leaps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import lcm
from operator import itemgetter

from route_switcher.analysis.figures.traffic import bytes_of_target, not_counted
from route_switcher.core.selection.all_down import ASK_AGAIN
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.simulation.figures import Accounts
from route_switcher.simulation.network import LineReader, Network, Passage
from route_switcher.simulation.outcome import (
    FamilyFigures,
    SeenOutage,
    Switched,
    UplinkOutcome,
)
from route_switcher.simulation.timeline import Timeline
from route_switcher.virtual.schedule import STRIDE, nanoseconds
from route_switcher.virtual.stream import Stream
from route_switcher.virtual.world import World


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What came of it. Of `seconds`, `leapt` were skipped, in `fast_forwards` steps."""

    seconds: float
    uplinks: dict[str, UplinkOutcome]
    """By their labels (`Policy.label`), as in the timeline."""
    families: dict[Family, FamilyFigures]
    switches: list[Switched]
    """The first `figures.SWITCHES_KEPT`."""
    seen: list[SeenOutage]
    """The first `LISTED` of each family."""
    timeline: Timeline
    fast_forwards: int
    leapt: float


def simulate(
    policy: Policy,
    network: Network,
    seconds: float,
    *,
    leaping: bool = True,
    tell: Callable[[Output], None] = lambda _: None,
    progress: Callable[[float], None] = lambda _: None,
) -> SimulationResult:
    """Run `policy` for `seconds` behind the lines of `network`, which has one for every uplink.

    `tell` is given every output of the engine, `progress` the simulated time now and then. With
    `leaping` false every round is made; that changes nothing but the time it takes.
    """
    return _Simulation(policy, network, seconds, leaping, tell, progress).run()


class _Simulation:
    def __init__(
        self,
        policy: Policy,
        network: Network,
        seconds: float,
        leaping: bool,
        tell: Callable[[Output], None],
        progress: Callable[[float], None],
    ) -> None:
        self._policy = policy
        self._seconds = seconds
        self._leaping = leaping
        self._tell_others = tell
        self._progress = progress
        uplinks = [u.id for u in policy.uplinks]
        self._passage = Passage(network, uplinks)
        own_lines = {policy.label(its): LineReader(network.lines[its.name]) for its in uplinks}
        self._timeline = Timeline(list(own_lines), policy.families, seconds)
        self._accounts = Accounts(policy, own_lines, self._timeline, 0.0)
        self._now = self._changed_at = 0.0
        self._leaps = 0
        self._leapt = 0
        # How long a packet may be under way: nothing leaps so near to what could happen to it.
        latencies = (network.lines[its.name].longest_latency for its in uplinks)
        self._under_way = max(*latencies, *(probe.timeout for probe in policy.probes))
        self._unplugged = self._interfaces_unplugged()
        links = [LinkState(name, carrier=False) for name in self._unplugged]
        self._world = World(policy, self._passage, self._tell, links=links)

    def run(self) -> SimulationResult:
        passage = self._passage
        while self._now < self._seconds:
            change = min(passage.next_change(self._now), self._seconds)
            while self._now < change:
                self._progress(self._now)
                self._go_on(change)
            self._changed_at = change
            self._change_links()
        self._accounts.advance(self._seconds)
        self._accounts.close()
        for uplink in self._policy.uplinks:
            account = self._accounts.uplinks[self._policy.label(uplink.id)]
            account.probe_bytes = self._probe_bytes(uplink)
            account.not_counted = not_counted(self._policy, uplink)
        return SimulationResult(
            self._seconds,
            self._accounts.uplinks,
            self._accounts.families,
            self._accounts.switches,
            self._accounts.seen,
            self._timeline,
            self._leaps,
            self._leapt / 1e9,
        )

    def _probe_bytes(self, uplink: Uplink) -> int:
        total = 0
        for probe in self._policy.probes_through(uplink.name):
            key, family = (uplink.id, probe.name), uplink.family
            answered = self._passage.answered[key]
            silent = self._passage.asked[key] - answered
            total += answered * bytes_of_target(probe.check, family)
            total += silent * bytes_of_target(probe.check, family, answers=False)
        return total

    def _tell(self, output: Output) -> None:
        # Times on the engine's grid may lie a little before the change that they are about.
        self._accounts.advance(max(output.at, self._changed_at))
        self._accounts.on_output(output)
        self._tell_others(output)

    # Time.

    def _go_on(self, change: float) -> None:
        """Leap, or make the rounds of a while; in any case not beyond `change`."""
        if self._leaping and self._passage.steady(self._now):
            self._fast_forward(change)
            shortest = (
                min(min(stream.gap, stream.interval) for stream in self._world.streams()) / 1e9
            )
            self._run(min(self._now + shortest, change))
        else:
            self._run(change)

    def _run(self, until: float) -> None:
        """Let everything happen before `until`; what befalls the network then comes first."""
        self._world.run_before(until)
        self._now = until

    def _fast_forward(self, change: float) -> None:
        world, passage, now = self._world, self._passage, self._now
        streams = list(world.streams())
        troubles = passage.troubled_until.values()
        calm_since = nanoseconds(max(self._changed_at, *troubles) + self._under_way)
        # All go on at their instants; or all but the rarest do, up to the next one of those.
        longest = max(stream.gap for stream in streams)
        rare = {stream.uplink for stream in streams if stream.gap == longest}
        others = [stream for stream in streams if stream.uplink not in rare]
        asks = world.engine.asks
        choices = [
            some for some in (streams, others) if some and self._even(some, calm_since, asks=asks)
        ]
        if not choices or not world.engine.at_rest(now):
            return
        began = nanoseconds(now)
        limit = nanoseconds(min(change, world.engine.rest_until) - self._under_way)
        for stream in streams:
            answering = passage.answering(stream.uplink, stream.targets, now)
            limit = passage.first_lost(stream.uplink, answering, stream.next_due, stream.gap, limit)
        next_rare = min(stream.next_due for stream in streams if stream.uplink in rare)
        rooms = {True: limit - began, False: min(limit, next_rare) - began}
        delta, moved = max(
            ((_delta(some, rooms[some is streams], asks=asks), some) for some in choices),
            key=itemgetter(0),
        )
        if delta <= 0:
            return
        for stream in moved:
            rounds = delta // stream.gap
            if passage.lines[stream.uplink].unplugged(now):
                continue  # no packet leaves
            key = stream.uplink, stream.probe
            passage.asked[key] += rounds * len(stream.targets)
            answering = passage.answering(stream.uplink, stream.targets, now)
            passage.answered[key] += rounds * len(answering)
        world.fast_forward(delta / 1e9, {stream.uplink for stream in moved})
        self._now += delta / 1e9
        self._leaps += 1
        self._leapt += delta

    def _even(self, streams: Sequence[Stream], calm_since: int, *, asks: bool) -> bool:
        """Whether the latest rounds of all `streams` were as far apart as those to come, and
        nothing that happened to a packet until `calm_since` matters any more."""
        if any(
            stream.gap > stream.interval if asks else stream.gap != stream.interval
            for stream in streams
        ):
            return False
        even_since = max(stream.even_since for stream in streams)
        pause = _period(streams, asks=asks) if asks else max(stream.gap for stream in streams)
        return nanoseconds(self._now) - max(calm_since, even_since) > 2 * pause

    # Carriers.

    def _interfaces_unplugged(self) -> frozenset[str]:
        return frozenset(
            uplink.interface
            for uplink in self._policy.uplinks
            if self._passage.lines[uplink.id].unplugged(self._changed_at)
        )

    def _change_links(self) -> None:
        before, self._unplugged = self._unplugged, self._interfaces_unplugged()
        changed = sorted(before ^ self._unplugged)
        self._world.set_links(
            *(LinkState(name, carrier=name not in self._unplugged) for name in changed)
        )


def _delta(streams: Sequence[Stream], room: int, *, asks: bool) -> int:
    """Nanoseconds, at most `room`, after which the rounds of `streams` are sent as far from then as
    they are from now; 0 or less if that is not to be had.

    What is sent at the end of `room` comes after that, where what is due now is due again.
    """
    period = _period(streams, asks=asks)
    return room // period * period


def _period(streams: Sequence[Stream], *, asks: bool) -> int:
    """Nanoseconds after which all is sent, and asked for if the engine `asks`, as it is now."""
    asking = nanoseconds(ASK_AGAIN) if asks else 1
    return lcm(STRIDE, asking, *(stream.period for stream in streams))
