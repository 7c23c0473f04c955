"""Whether an uplink answers, by the latest rounds of all its probes."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from math import inf

from route_switcher.core.health.broken_layer import Said
from route_switcher.core.health.confirmation import confirmation_of
from route_switcher.core.health.latest_rounds import LatestRounds
from route_switcher.core.probing.pace import longest_gap
from route_switcher.core.vocabulary.events import Answers, Round
from route_switcher.core.vocabulary.policy import Rule
from route_switcher.core.vocabulary.probes import Probe


class Answering:
    """What the `probes` of one uplink said last, in rounds that are sent from `begun` on."""

    __slots__ = ("_judged_since", "_latest", "_lost_at")

    def __init__(self, probes: Iterable[Probe], rules: Collection[Rule], begun: float) -> None:
        self._latest = {p.name: _nothing_known(p, rules, begun) for p in probes}
        self._judged_since = inf
        self._lost_at = -inf
        """When the link was lost last: what was answered before says nothing."""

    @property
    def probes(self) -> Collection[str]:
        """The names of the probes."""
        return self._latest.keys()

    def knows(self, event: Round | Answers) -> bool:
        """Whether this is of one of the probes; not if it was sent before a reload changed the
        probe or the line."""
        latest = self._latest.get(event.probe)
        return latest is not None and event.sent_at >= latest.begun

    def on_round(self, event: Round) -> None:
        """Take the next known round of a probe."""
        self._judged_since = min(self._judged_since, event.at)
        self._latest[event.probe].on_round(event)

    def lose_link(self, at: float) -> None:
        """The link carries nothing now."""
        self._lost_at = at

    @property
    def good(self) -> bool:
        """Whether the latest round of every probe was good."""
        return all(latest.good for latest in self._latest.values())

    @property
    def any_good(self) -> bool:
        """Whether the latest round of any probe was good."""
        return any(latest.good for latest in self._latest.values())

    def confirming(self, now: float) -> bool:
        """Whether a probe fails, and that is not confirmed yet."""
        return any(latest.failed and not latest.decided(now) for latest in self._latest.values())

    @property
    def undecided(self) -> bool:
        """Whether a probe failed just now, and the rules may still make up their minds."""
        return any(x.failed and not x.decided(x.sent_at) for x in self._latest.values())

    def silent(self, now: float) -> bool:
        """Whether surely no probe gets an answer any more."""
        return all(latest.decided(now) for latest in self._latest.values())

    def why_not(self, now: float, since: float, *, may_still_fail: bool, urgent: bool) -> str:
        """See `UplinkHealth.why_not`; `may_still_fail`: a rule might come to fail by what the
        probes said last."""
        since = max(since, self._lost_at)
        latest = self._latest.values()
        for each in latest:
            awaited = each.awaited(
                now, since, self._judged_since, may_still_fail=may_still_fail, urgent=urgent
            )
            if awaited:
                return awaited
        for each in latest:
            if each.answers(now, since):
                return ""
        return "it does not answer"

    @property
    def said(self) -> list[Said]:
        """What the latest known round of each probe says of what is broken.

        A good one that was sent before another probe began to fail is left out: what it found may
        have broken since.
        """
        latest = [each for each in self._latest.values() if each.said is not None]
        since = max((each.failing_since for each in latest if each.failed), default=-inf)
        return [x.said for x in latest if x.said is not None and (x.failed or x.sent_at >= since)]

    def fast_forward(self, delta: float) -> None:
        """Take it that rounds like the latest have come for `delta` more seconds."""
        for latest in self._latest.values():
            latest.sent_at += delta

    def apply_policy(
        self,
        probes: Iterable[Probe],
        rules: Collection[Rule],
        unchanged: Collection[str],
        at: float,
        *,
        renamed: bool,
    ) -> None:
        """Take the probes of a new policy at `at`; what is known of the `unchanged` ones stays."""
        before, self._latest = self._latest, {}
        for probe in probes:
            new = _nothing_known(probe, rules, at)
            known = before.get(probe.name)
            if known is not None and probe.name in unchanged:
                # What was sent under the old name may be another uplink's by its new one.
                begun = at if renamed else known.begun
                new = replace(known, confirmation=new.confirmation, begun=begun)
            self._latest[probe.name] = new


def _nothing_known(probe: Probe, rules: Collection[Rule], begun: float) -> LatestRounds:
    confirmation = confirmation_of(probe, rules)
    return LatestRounds(longest_gap(probe), confirmation, probe.check.layer, begun=begun)
