"""One round by the default route after a switch: does the traffic, which is bound to no interface,
get answers too?

The probes that judge the uplink say that it is well; but they are bound to its interface. The round
asks their targets, as far as the kernel says that they are reached through the uplink, and wants
their quorum. A round that shows nothing good, while the interface gets answers, undoes a voluntary
move: the uplink that was left was well. The way back is no voluntary move, so it is never undone.
After a forced move and after an order it is only told.
"""

from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import replace

from route_switcher.core.after_switch.surroundings import Surroundings
from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.vocabulary.effects import Verify, VerifyingRound
from route_switcher.core.vocabulary.events import Verified, Ways
from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.moments import Moment
from route_switcher.core.vocabulary.outputs import Decision, Level, Notice, Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Probe, Target, answers_needed
from route_switcher.core.vocabulary.states import VOLUNTARY, RoundOutcome, UplinkState
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.core.ways.comparison import Meant, compare
from route_switcher.core.ways.situation import Situation


def verification(moment: Moment, event: Ways, seen: Surroundings) -> Iterator[Verify]:
    """What is to be asked after a switch that the kernel has followed."""
    if moment.previous is None or moment.uplink is None:
        return
    uplink = moment.uplink.uplink
    situation = seen.situation()
    reached = _reached(event, uplink, situation)
    suspects = seen.suspects(uplink.family)
    rounds = tuple(_rounds(uplink, situation, reached, suspects))
    if rounds:
        yield Verify(event.at, uplink.id, moment.at, rounds)


def judge_verification(
    event: Verified, selections: Mapping[Family, FamilySelection]
) -> list[Output]:
    """What follows from such rounds, if the switch that they are about is still the latest."""
    selection = selections.get(event.uplink.family)
    decision = None if selection is None else selection.decision
    if selection is None or decision is None or not _is_about(event, decision, selection):
        return []
    outcomes = {outcome for _, outcome, _ in event.rounds}
    name, family = decision.selected, decision.family
    taken = next(health for health in selection.healths if health.uplink.name == name)
    if RoundOutcome.GOOD in outcomes:
        taken.trust()
    if RoundOutcome.GOOD in outcomes or RoundOutcome.FAILED not in outcomes:
        return []
    failed = [
        f"{probe}: {why}" for probe, outcome, why in event.rounds if outcome is RoundOutcome.FAILED
    ]
    text = (
        f"{family}: {name} was selected, but what is sent by the default route gets no answer"
        f" ({'; '.join(failed)})"
    )
    if decision.cause not in VOLUNTARY or decision.previous is None:
        return [Notice(event.at, Level.WARNING, text)]
    why_not = _why_not_back(selection, decision.previous, event.at)
    if why_not:
        text += f". The traffic stays there: {why_not}"
        return [Notice(event.at, Level.ERROR, text)]
    text += f". The switch is undone, and {name} must prove itself again"
    return [
        Notice(event.at, Level.WARNING, text),
        *selection.undo(event.at, decision.previous),
    ]


def _is_about(event: Verified, decision: Decision, selection: FamilySelection) -> bool:
    latest = (decision.selected, decision.at) == (event.uplink.name, event.decided_at)
    return latest and selection.current == event.uplink.name


def _why_not_back(selection: FamilySelection, previous: str, at: float) -> str:
    """Why the traffic cannot go back; empty: it can."""
    override = selection.override
    if override is not None and override.uplink == selection.current:
        return "an order wants it"
    health = next((h for h in selection.candidates if h.uplink.name == previous), None)
    if health is None:
        return f"{previous} has left the policy"
    if health.state not in (UplinkState.HEALTHY, UplinkState.RECOVERING):
        return health.evidence()
    return selection.eligibility(at).why_not(health)


def _reached(event: Ways, uplink: Uplink, situation: Situation) -> frozenset[str]:
    """The addresses that the kernel sends packets to through the uplink."""
    carrier = situation.carriers.get(uplink.family)
    if carrier is None or carrier.line.uplink.id != uplink.id:
        return frozenset()
    route = carrier.route
    meant = Meant(route.interface, route.gateway, route.table)
    uplinks = situation.uplinks(uplink.family)
    return frozenset(
        str(lookup.destination)
        for lookup, answer in event.findings.answers.items()
        if lookup.family is uplink.family
        and lookup.source is None
        and lookup.in_interface is None
        and lookup.out_interface is None
        and isinstance(answer, KernelRoute)
        and compare(answer, meant, uplinks) is None
        and any(hop.interface == route.interface for hop in answer.hops)
    )


def _rounds(
    uplink: Uplink,
    situation: Situation,
    reached: Collection[str],
    suspects: Mapping[str, Set[Target]],
) -> Iterator[VerifyingRound]:
    for probe in _judging(uplink, situation.policy):
        targets = tuple(
            replace(target, address=str(address))
            for target in probe.targets_for(uplink.family)
            if (address := situation.address_of(target, uplink.id)) is not None
            and str(address) in reached
            and target not in suspects.get(probe.name, ())
        )
        if targets:
            needed = answers_needed(probe.quorum, len(targets))
            yield VerifyingRound(probe.name, probe.check, targets, needed, probe.timeout)


def _judging(uplink: Uplink, policy: Policy) -> Iterator[Probe]:
    """The probes that a rule about the uplink asks."""
    judging = {name for rule in policy.rules_for(uplink.name) for name in rule.probes}
    for probe in policy.probes_through(uplink.name):
        # A rule that names none is about the rounds of every one.
        if probe.name in judging or not judging:
            yield probe
