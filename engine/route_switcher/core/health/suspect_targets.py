"""Targets that are silent through every uplink that works: their outage is theirs, not ours.

A target is suspect while at least two uplinks each get an answer from some other target of the
probe, and it fails on all of those. From then on, and until it answers through any uplink, it is
left out of the quorum: also when a witness falls silent, which proves nothing of the target. The
last target never leaves: a probe that asks nobody proves nothing. An answer after the timeout is
none, here as in a round.

A failure may be confirmed faster than other uplinks are asked. So when a round first fails though
some targets answered, the other witnesses are asked at once. Otherwise an uplink would fail by a
dead target before anyone could say that it is dead.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from math import inf

from route_switcher.core.probing.assignment import meanings
from route_switcher.core.probing.pace import longest_gap
from route_switcher.core.vocabulary.effects import ProbeNow
from route_switcher.core.vocabulary.events import Answers, Round, by_target
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Probe, Target, answers_needed
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId

WITNESSES = 2
"""Uplinks that work and do not reach a target before that is suspect, at least."""

WORTH_TELLING = 60.0
"""Seconds that a target has been dead, or has not been, before a person is told: one that answers
now and then is no news each time."""


@dataclass(slots=True)
class _Latest:
    """The latest round of a probe through one uplink: which targets answered, by position; None
    where that was never known."""

    sent_at: float
    answered: list[bool | None]


class _OfProbe:
    """The suspect targets of one probe in one family.

    `through` has the probe as it is through each uplink: they may ask other targets.
    """

    def __init__(self, through: Mapping[UplinkId, Probe], family: Family) -> None:
        self.targets: set[Target] = set()
        """Those that are suspect now; the set stays the same object."""
        self.through = through
        self.meanings = meanings(through.values(), family)
        self._all = tuple(
            dict.fromkeys(t for probe in through.values() for t in probe.targets_for(family))
        )
        self._gap = max(longest_gap(probe) for probe in through.values())
        self._worth_telling = max(self._gap, WORTH_TELLING)
        self._dead: set[Target] = set()
        """Those that answer through no uplink that works, though it be the only one."""
        self._latest: dict[UplinkId, _Latest] = {}
        self._since: dict[Target, float] = {}
        """When each last was found dead, or answered again."""
        self._told: set[Target] = set()
        self._doubtful: set[UplinkId] = set()
        """The uplinks whose latest round failed though some targets answered."""

    def on_report(self, event: Round | Answers) -> None:
        """Take what became of the targets in a round."""
        latest = self._latest.setdefault(event.uplink, _Latest(-inf, [None] * len(self._all)))
        if isinstance(event, Answers) and event.sent_at != latest.sent_at:
            return  # of a round that is not the latest, or that said nothing
        latest.sent_at = event.sent_at
        failed = False
        timeout = self.through[event.uplink].timeout
        for position, answer in by_target(self._all, event.answers):
            if not answer.pending:
                in_time = answer.rtt is not None and answer.rtt <= timeout
                latest.answered[position] = in_time
                failed |= not in_time
        if failed or self._dead:
            self._find(event.sent_at)

    def judge(self, event: Round) -> Round:
        """The round as it is without the suspect targets: good if enough others answered."""
        if event.outcome is not RoundOutcome.FAILED or not self.targets:
            return event
        left = [a for a in event.answers if a.target not in self.targets]
        answered = sum(a.rtt is not None for a in left)
        if not left or answered < answers_needed(self.through[event.uplink].quorum, len(left)):
            return event
        return replace(event, outcome=RoundOutcome.GOOD, reason="")

    @property
    def settled(self) -> bool:
        """Whether a person has been told which targets are dead, and that the others are not."""
        return self._dead == self._told

    def fast_forward(self, delta: float, uplinks: Collection[UplinkId]) -> None:
        for uplink in uplinks:
            if uplink in self._latest:
                self._latest[uplink].sent_at += delta

    def news(self, at: float) -> list[Notice]:
        """What a person should know: what has been dead for some time, and is not any more."""
        if self.settled:
            return []
        settled = {t for t, since in self._since.items() if at - since > self._worth_telling}
        come = [t for t in self._all if t in settled & self._dead - self._told]
        gone = [t for t in self._all if t in settled & self._told - self._dead]
        self._told.update(come)
        self._told.difference_update(gone)
        name = self._name
        return [
            *(Notice(at, Level.WARNING, self._death(t)) for t in come),
            *(Notice(at, Level.INFO, f"{t} answers {name} again") for t in gone),
        ]

    def _death(self, target: Target) -> str:
        name = self._name
        if target in self.targets:
            return f"{target} is left out of {name}: it fails everywhere"
        return f"{target} does not answer {name} through any uplink that works"

    def witnesses_wanted(self, event: Round) -> list[UplinkId]:
        """The uplinks that should say at once what they know of the targets that `event` lacks,
        when it is the first of its uplink that fails by them."""
        answered = self._latest[event.uplink].answered
        if event.outcome is not RoundOutcome.FAILED or not any(answered):
            self._doubtful.discard(event.uplink)
            return []
        if event.uplink in self._doubtful:
            return []
        self._doubtful.add(event.uplink)
        fast = self.through[event.uplink].fast_interval
        return [
            uplink
            for uplink, latest in self._latest.items()
            if any(latest.answered) and event.sent_at - latest.sent_at > fast
        ]

    @property
    def _name(self) -> str:
        return next(iter(self.through.values())).name

    def keep(self, uplinks: Set[UplinkId]) -> None:
        """Forget what was seen through all uplinks but these."""
        self._latest = {its: x for its, x in self._latest.items() if its in uplinks}
        self._doubtful &= uplinks

    def _find(self, now: float) -> None:
        fresh = {
            uplink: latest.answered
            for uplink, latest in self._latest.items()
            if now - latest.sent_at <= self._gap
        }
        silent = [
            (position, target)
            for position, target in enumerate(self._all)
            if not any(answered[position] for answered in fresh.values())
        ]
        found = {
            target
            for position, target in silent
            if target in self.targets or self._is_suspect(position, fresh, WITNESSES)
        }
        if len(found) == len(self._all):
            found = set()
        dead = found | {
            target
            for position, target in silent
            if target in self._dead or self._is_suspect(position, fresh, 1)
        }
        for target in dead ^ self._dead:
            self._since[target] = now
        self._dead = dead
        self.targets.intersection_update(found)
        self.targets.update(found)

    def _is_suspect(
        self, silent: int, latest: Mapping[UplinkId, Sequence[bool | None]], enough: int
    ) -> bool:
        """Whether enough uplinks that work, and ask the target at this position, know that it
        fails."""
        target = self._all[silent]
        witnesses = [
            answered
            for uplink, answered in latest.items()
            if any(answered) and target in self.through[uplink].targets
        ]
        return len(witnesses) >= enough and all(known[silent] is False for known in witnesses)


class SuspectTargets:
    """The suspect targets of every probe of a policy."""

    def __init__(self) -> None:
        self._probes: dict[tuple[str, Family], _OfProbe] = {}

    def apply_policy(self, policy: Policy, renamed: Collection[UplinkId] = ()) -> None:
        """Take a new policy; what is known of unchanged probes stays, but not of uplinks that have
        their names from now on."""
        before, self._probes = self._probes, {}
        for name in dict.fromkeys(probe.name for probe in policy.probes):
            for family in policy.families:
                through = {
                    uplink.id: probe
                    for uplink in policy.uplinks_of(family)
                    for probe in policy.probes_through(uplink.name)
                    if probe.name == name
                }
                if not through:
                    continue
                known = before.get((name, family))
                if known is None or known.meanings != meanings(through.values(), family):
                    known = _OfProbe(through, family)
                known.through = through
                known.keep(through.keys() - set(renamed))
                self._probes[name, family] = known

    def of(self, family: Family) -> dict[str, Set[Target]]:
        """The suspect targets of each probe; the sets change as things go."""
        return {name: s.targets for (name, its), s in self._probes.items() if its is family}

    def on_answers(self, event: Answers, family: Family) -> None:
        """Take what became of targets after their round was told."""
        self._probes[event.probe, family].on_report(event)

    def on_round(self, event: Round, family: Family) -> tuple[Round, list[Output]]:
        """The round as it is without the suspect targets, what a person should know, and who
        should be asked."""
        suspects = self._probes[event.probe, family]
        suspects.on_report(event)
        judged = suspects.judge(event)
        outputs: list[Output] = [*suspects.news(event.at)]
        outputs += (ProbeNow(event.at, its) for its in suspects.witnesses_wanted(judged))
        return judged, outputs

    @property
    def at_rest(self) -> bool:
        """Whether more rounds like the latest, and time, would change nothing: a person has been
        told which targets are dead."""
        return all(suspects.settled for suspects in self._probes.values())

    def fast_forward(self, delta: float, uplinks: Collection[UplinkId]) -> None:
        """Behave as if rounds like the latest had come through `uplinks` for `delta` seconds."""
        for suspects in self._probes.values():
            suspects.fast_forward(delta, uplinks)
