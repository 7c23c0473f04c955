"""What the rounds of the last minute came to, for each uplink."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from route_switcher.control.document import LastMinute
from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import UplinkId

MINUTE = 60


@dataclass(slots=True)
class _Second:
    number: int
    rounds: int = 0
    failed: int = 0
    answers: int = 0
    sum: float = 0.0
    longest: float = 0.0
    lost: int = 0


class LastMinutes:
    """Counts known rounds by the second, so that frequent ones take no more memory."""

    def __init__(self) -> None:
        self._seconds: dict[UplinkId, deque[_Second]] = {}
        self._interfaces: dict[UplinkId, str] = {}
        self._timeouts: dict[tuple[UplinkId, str], float] = {}

    def on_round(self, event: Round) -> None:
        """Take a round. One of an uplink that has just left the policy is told too late."""
        if event.outcome is RoundOutcome.UNKNOWN:
            return
        second = self._second(event.uplink, event.at)
        second.rounds += 1
        second.failed += event.outcome is RoundOutcome.FAILED
        _count(second, event.answers)

    def on_answers(self, event: Answers) -> None:
        """Take what became of targets that their round did not wait for. One that answers after
        its timeout was counted as lost."""
        timeout = self._timeouts.get((event.uplink, event.probe), inf)
        in_time = [a for a in event.answers if a.rtt is None or a.rtt <= timeout]
        _count(self._second(event.uplink, event.at), in_time)

    def _second(self, uplink: UplinkId, at: float) -> _Second:
        seconds = self._seconds.setdefault(uplink, deque(maxlen=MINUTE + 1))
        number = int(at)
        if not seconds or seconds[-1].number != number:
            seconds.append(_Second(number))
        return seconds[-1]

    def apply_policy(self, policy: Policy) -> None:
        """Keep what is known of uplinks that still are what they were."""
        interfaces = {uplink.id: uplink.interface for uplink in policy.uplinks}
        self._timeouts = {
            (uplink.id, probe.name): probe.timeout
            for uplink in policy.uplinks
            for probe in policy.probes_through(uplink.name)
        }
        same = {its for its, name in interfaces.items() if self._interfaces.get(its) == name}
        self._seconds = {its: known for its, known in self._seconds.items() if its in same}
        self._interfaces = interfaces

    def of(self, uplink: UplinkId, at: float) -> LastMinute:
        """The figures of one uplink at this time, of the current second and 59 before it."""
        seconds = [s for s in self._seconds.get(uplink, ()) if s.number > at - MINUTE]
        answers = sum(second.answers for second in seconds)
        return LastMinute(
            rounds=sum(second.rounds for second in seconds),
            failed=sum(second.failed for second in seconds),
            mean=sum(second.sum for second in seconds) / answers if answers else None,
            longest=max(second.longest for second in seconds) if answers else None,
            requests=answers + sum(second.lost for second in seconds),
            answers=answers,
        )


def _count(second: _Second, answers: Iterable[Answer]) -> None:
    for answer in answers:
        if answer.rtt is not None:
            second.answers += 1
            second.sum += answer.rtt
            second.longest = max(second.longest, answer.rtt)
        elif answer.asked and not answer.pending:
            second.lost += 1
