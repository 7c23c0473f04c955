"""The latest known rounds of one probe through one uplink: whether they show that it answers."""

from dataclasses import dataclass
from math import inf

from route_switcher.core.health.broken_layer import Said, said_by
from route_switcher.core.health.confirmation import Confirmation
from route_switcher.core.vocabulary.checks import Layer
from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.states import RoundOutcome

LONGEST_WAIT = 60.0
"""Seconds that anything is waited for at most, confirmation too: however long windows are, traffic
does not stay longer on a silent uplink while another answers."""


@dataclass(slots=True)
class LatestRounds:
    """The latest known rounds of one probe."""

    gap: float
    """Seconds after which an answer is too old to say anything of now."""
    confirmation: Confirmation
    layer: Layer
    """What its check is about."""
    said: Said | None = None
    """What the latest one says; None: there was none."""
    begun: float = -inf
    """What was sent before that was another probe's round, or went through another line."""
    sent_at: float = -inf
    good: bool = False
    failures: int = 0
    failing_since: float = inf

    def on_round(self, event: Round) -> None:
        """Take the next known one."""
        self.sent_at = event.sent_at
        good = event.outcome is RoundOutcome.GOOD
        if good and self.good:
            return  # it says the same
        self.said, self.good = said_by(event, self.layer), good
        if good:
            self.failures, self.failing_since = 0, inf
        else:
            self.failures += 1
            self.failing_since = min(self.failing_since, event.sent_at)

    @property
    def failed(self) -> bool:
        """Whether there has been one, and it failed."""
        return not self.good and self.sent_at > -inf

    def decided(self, now: float) -> bool:
        """Whether it fails, and there is nothing more to wait for: that is confirmed, or has gone
        on for the longest time."""
        if not self.failed:
            return False
        by_rules = (
            self.failures >= self.confirmation.rounds
            and self.sent_at - self.failing_since >= self.confirmation.seconds
        )
        return by_rules or now - self.failing_since >= LONGEST_WAIT

    def answers(self, now: float, since: float) -> bool:
        """Whether the latest one was good, recent, and not sent before `since`."""
        return self.good and self.sent_at >= since and now - self.sent_at <= self.gap

    def awaited(
        self, now: float, since: float, judged_since: float, *, may_still_fail: bool, urgent: bool
    ) -> str:
        """Why another answer must be waited for before the uplink can be moved to, in words; empty
        if there is nothing to wait for. It is never waited for longer than `LONGEST_WAIT`.

        `judged_since` is when the first known round of any probe was told. `may_still_fail`: a rule
        might come to fail by what the probes said last. `urgent`: the traffic has waited that long.
        """
        if self.failed:
            wait = may_still_fail and not self.decided(now)
            return "its latest round failed" if wait else ""
        if not self.good:
            wait = now - max(judged_since, self.begun) < LONGEST_WAIT
            return "one of its probes has said nothing yet" if wait else ""
        if urgent:
            return ""
        if self.sent_at < since and now - since < LONGEST_WAIT:
            return "it has not answered since the trouble began"
        age = now - self.sent_at
        if self.gap < age < self.gap + LONGEST_WAIT:
            return f"its latest answer is {age:.1f} s old"
        return ""
