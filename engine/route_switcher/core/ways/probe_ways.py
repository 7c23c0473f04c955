"""Which targets are not asked through which uplinks, since their probes would go another way."""

import errno
from collections.abc import Iterable, Mapping
from dataclasses import replace

from route_switcher.core.routing.remedies import filter_loosening
from route_switcher.core.vocabulary.effects import LeaveOut
from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.lookups import Refused, accepted_answer, bound_probe
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Address, UplinkId
from route_switcher.core.vocabulary.ways import Findings
from route_switcher.core.ways.comparison import Difference, Meant, compare
from route_switcher.core.ways.obstacles import Obstacle, obstacle
from route_switcher.core.ways.questions import Line
from route_switcher.core.ways.redirects import redirect
from route_switcher.core.ways.situation import Situation

_FILTERED = frozenset((errno.EINVAL, errno.EXDEV))


class ProbeWays:
    """Remembers the targets that are left out, and what a person was told."""

    __slots__ = ("_left_out", "_told")

    def __init__(self) -> None:
        self._left_out: dict[UplinkId, dict[Target, str]] = {}
        self._told: dict[UplinkId, frozenset[str]] = {}

    def see(self, at: float, situation: Situation, findings: Findings) -> list[Output]:
        """Take answers. Returns what is left out from now on, and what a person should know."""
        outputs: list[Output] = []
        before, self._left_out = self._left_out, {}
        told, self._told = self._told, {}
        for line in situation.lines:
            its = line.uplink.id
            wrong = _wrong_ways(line, situation, findings) if line.connected else {}
            reasons = _by_target(situation, line, wrong)
            if reasons:
                self._left_out[its] = reasons
            if reasons != before.get(its, {}):
                outputs.append(LeaveOut(at, its, tuple(reasons.items())))
            outputs += self._tell(at, situation, line, wrong, told.get(its, frozenset()))
        gone = (its for its in before if all(its != line.uplink.id for line in situation.lines))
        return [*outputs, *(LeaveOut(at, its, ()) for its in gone)]

    def judge(self, event: Round) -> Round:
        """A round that was sent before its targets were left out says nothing, if it has asked one
        of them."""
        if not self._left_out or event.outcome is RoundOutcome.UNKNOWN:
            return event
        left_out = self._left_out.get(event.uplink)
        if not left_out:
            return event
        asked = next((a.target for a in event.answers if a.asked and a.target in left_out), None)
        if asked is None:
            return event
        answers = tuple(
            replace(a, rtt=None, reason=left_out[a.target], pending=False, asked=False)
            if a.target in left_out
            else a
            for a in event.answers
        )
        reason = f"{asked}: {left_out[asked]}"
        return replace(event, outcome=RoundOutcome.UNKNOWN, answers=answers, reason=reason)

    def _tell(
        self,
        at: float,
        situation: Situation,
        line: Line,
        wrong: Mapping[Address, tuple[str, Obstacle]],
        told: frozenset[str],
    ) -> list[Output]:
        label = situation.policy.label(line.uplink.id)
        texts: dict[str, None] = {}
        for said in dict.fromkeys(wrong.values()):
            targets = ", ".join(str(t) for t, each in wrong.items() if each == said)
            what, why = said
            if not why.remedy and line.uplink.family in situation.named:
                continue  # a person was told of the foreign default route that they meet
            text = f"{label}: {what.format(targets)}, so rounds do not ask: {why}"
            texts[text] = None
        self._told[line.uplink.id] = frozenset(texts)
        outputs: list[Output] = [
            Notice(at, Level.WARNING, text) for text in texts if text not in told
        ]
        if told and not texts and line.connected:
            text = f"{label}: probes go the right way again"
            outputs.append(Notice(at, Level.INFO, text))
        return outputs


def _wrong_ways(
    line: Line, situation: Situation, findings: Findings
) -> dict[Address, tuple[str, Obstacle]]:
    """The targets of which probes go another way, or whose answers are dropped: what they do, and
    why."""
    targets = situation.targets_through(line.uplink)
    found = misled_probes(line, situation, findings)
    dropping = answers_dropped(line, targets[:1], findings)
    if dropping is not None:
        what = f"the kernel drops what {{}} answer at {line.uplink.interface}"
        found = dict.fromkeys(targets, (what, dropping)) | found
    return found


def misled_probes(
    line: Line, situation: Situation, findings: Findings
) -> dict[Address, tuple[str, Obstacle]]:
    """The targets of which probes go another way: what they do, and why."""
    uplink = line.uplink
    meant = Meant(uplink.interface, line.gateway, bound=True)
    uplinks, table = situation.uplinks(uplink.family), situation.policy.placement.table
    targets = situation.targets_through(uplink)
    found: dict[Address, tuple[str, Obstacle]] = {}
    for target in targets:
        lookup = bound_probe(target, uplink.interface)
        answer = findings.answers.get(lookup)
        wrong = None if answer is None else compare(answer, meant, uplinks)
        if wrong is not None and wrong.difference is not Difference.NO_UPLINK:
            what = f"probes to {{}} would go {wrong.difference.value}"
            found[target] = (what, obstacle(lookup, wrong, findings, table))
        elif wrong is None and (led := redirect(line, lookup, findings)) is not None:
            what = f"probes to {{}} would go {Difference.OTHER_GATEWAY.value}"
            found[target] = (what, led)
    return found


def answers_dropped(line: Line, targets: Iterable[Address], findings: Findings) -> Obstacle | None:
    """What drops the answers of `targets`, where the kernel says so."""
    for target in targets:
        for address in line.addresses:
            answer = findings.answers.get(accepted_answer(address, target, line.uplink.interface))
            if isinstance(answer, Refused) and answer.code in _FILTERED:
                return Obstacle("rp_filter is strict there", filter_loosening(line.own_name))
    return None


def _by_target(
    situation: Situation, line: Line, wrong: Mapping[Address, tuple[str, Obstacle]]
) -> dict[Target, str]:
    return {
        target: f"it is not asked: {wrong[address][1].words}"
        for probe in situation.policy.probes_through(line.uplink.name)
        for target in probe.targets_for(line.uplink.family)
        if (address := situation.address_of(target, line.uplink.id)) is not None
        and address in wrong
    }
