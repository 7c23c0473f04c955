"""Whether the traffic can be moved to an uplink now; and if not, why not, in words.

After most failures an uplink must have answered since the trouble of the active one began. Not so
when that has lost its link: nothing can be worse than a link that carries nothing, so any other
that is not known to be dead will do.
"""

from dataclasses import dataclass
from math import inf

from route_switcher.core.health.latest_rounds import LONGEST_WAIT
from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.admission import Admission
from route_switcher.core.routing.route_presence import RoutePresence
from route_switcher.core.selection.select import Candidate
from route_switcher.core.vocabulary.link_troubles import describe_link
from route_switcher.core.vocabulary.states import UplinkState


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What is asked of the uplinks of one family at `at`, while the trouble of the active one has
    gone on since `since` (-inf: it has none); `link_lost`: that is the loss of its link; `urgent`:
    the traffic has waited for the longest time."""

    at: float
    since: float
    link_lost: bool
    urgent: bool
    admission: Admission
    presence: RoutePresence

    def candidate(self, health: UplinkHealth, current: str | None) -> Candidate:
        """The uplink as the selection sees it."""
        name = health.uplink.name
        return Candidate(
            name,
            health.state if name == current else self.admission.state(health, self.at),
            eligible=not self.why_not(health),
            refused=self.admission.refused(health),
            damped=health.penalty.until > self.at,
            silent=health.silent(self.at),
            answers=not self.link_lost or not health.why_not(self.at),
            ever_failed=health.ever_failed,
        )

    def why_not(self, health: UplinkHealth) -> str:
        """Why it cannot be moved to; empty if it can."""
        if not health.link.connected:
            return describe_link(health.link)
        if not health.usable:
            return health.lacks
        if self.admission.refused(health):
            reason = self.admission.refusal(health)
            return f"the kernel refused its route ({reason})"
        if self.link_lost:
            return health.why_not(self.at) if health.state is UplinkState.FAILED else ""
        # An answer from before its route went says nothing of what can be had now.
        if self.presence.since(health) == inf:
            return "its standing route is not there"
        return health.why_not(self.at, self.since, urgent=self.urgent)


def eligibility_beside(
    active: UplinkHealth | None, at: float, admission: Admission, presence: RoutePresence
) -> Eligibility:
    """What is asked of the others while `active` is."""
    if active is None:
        return Eligibility(at, -inf, False, False, admission, presence)
    if admission.refused(active):
        return Eligibility(at, -inf, active.link_lost, False, admission, presence)
    urgent = active.failing_for(at) >= LONGEST_WAIT
    return Eligibility(at, active.failing_since, active.link_lost, urgent, admission, presence)
