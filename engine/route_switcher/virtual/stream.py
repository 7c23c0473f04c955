"""The rounds of one probe through one uplink, on their schedule.

They go as in the daemon (`probes.timing`, `probes.aftermath`) on a machine that is never late: a
round is told as soon as it is certain; what becomes of targets that it did not wait for is told
afterwards, and so are answers that come after the timeout.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from route_switcher.core.events import Answer, Answers, LinkState, Round, RoundOutcome
from route_switcher.core.judges import describe_link
from route_switcher.core.listening import Listening
from route_switcher.core.model import Address, Probe, Uplink
from route_switcher.core.pace import Pace, Speed
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.quorum import LATE, Quorum, Verdict, lost, takes
from route_switcher.virtual.schedule import NEVER, Schedule, nanoseconds, on_grid

Ask: TypeAlias = Callable[[str, str, Address, float], Fate]
"""From uplink, probe, target, and the time of sending in seconds to the fate."""


_LATE = nanoseconds(LATE)


@dataclass(slots=True, eq=False)
class _Rest:
    """Targets of a round that was told before they answered."""

    sent: int
    fates: list[tuple[Address, Fate]]


class Stream:
    """Sends the first round when `begin` says, the others at its `pace`, until `close`.

    `link` is the state of the uplink's interface now; `take_link` tells of another. If it is
    `measured`, answers that come after the verdict are reported too; else those of some rounds.
    """

    __slots__ = (
        "_ask",
        "_due",
        "_ends",
        "_fates",
        "_fault",
        "_link",
        "_listening",
        "_pace",
        "_probe",
        "_quorum",
        "_report",
        "_rests",
        "_schedule",
        "_sent",
        "_uplink",
        "_urgent",
    )

    def __init__(
        self,
        schedule: Schedule,
        uplink: Uplink,
        probe: Probe,
        pace: Pace,
        link: LinkState,
        ask: Ask,
        report: Callable[[Round | Answers], None],
        *,
        measured: bool,
    ) -> None:
        self._schedule = schedule
        self._uplink = uplink
        self._probe = probe
        self._pace = pace
        self._link = link
        self._ask = ask
        self._report = report
        self._quorum = Quorum(probe, uplink.family)
        self._listening = Listening(measured, len(self._quorum.targets))
        self._due = NEVER
        """When the next round is sent; NEVER while one is under way."""
        self._ends = NEVER
        """When the round under way ends; NEVER while none is."""
        self._sent = -1
        """When the latest round was sent."""
        self._urgent = False
        self._fault = ""
        """Why the kernel took no packet of the round under way; empty if it did."""
        self._fates: tuple[Fate, ...] = ()
        self._rests: list[_Rest] = []

    # What the world tells it.

    def begin(self, due: int) -> None:
        """Send the first round at `due` (nanoseconds)."""
        self._wait_until(due)

    def close(self) -> None:
        """Send nothing any more, and forget what is under way."""
        self._due = self._ends = NEVER
        self._rests.clear()
        self._report = _nobody

    def ask_now(self) -> None:
        """Send a round at once or, while one is under way, as soon as that has ended."""
        if self._ends != NEVER:
            self._urgent = True
        elif self._due != NEVER:
            self._wait_until(self._schedule.now)

    def set_speed(self, speed: Speed) -> None:
        """Go at this speed from the latest sending on; the round that waits is sent by it."""
        self._pace.speed = speed
        if self._sent >= 0 and self._schedule.now < self._due != NEVER:
            due = self._sent + nanoseconds(self._pace.interval)
            self._wait_until(max(self._schedule.now, due))

    def take_link(self, link: LinkState) -> None:
        """The link changed; if it is not connected now, the answers under way are lost."""
        self._link = link
        if not link.connected:
            self.lose()

    def lose(self) -> None:
        """Lose every answer that is under way."""
        now = self._schedule.now
        if self._ends != NEVER and not self._fault:
            self._fates = tuple(lost(fate, now - self._sent) for fate in self._fates)
            self._end_in(self._quorum.takes(self._fates))
        for rest in self._rests:
            rest.fates = [(target, lost(fate, now - rest.sent)) for target, fate in rest.fates]

    def leap(self, delta: int) -> None:
        """Let `delta` nanoseconds pass in which rounds went on as before."""
        self._due += delta if self._due != NEVER else 0
        self._ends += delta if self._ends != NEVER else 0
        self._sent += delta
        for rest in self._rests:
            rest.sent += delta

    # How it goes on, if the round under way is good.

    @property
    def uplink(self) -> str:
        """The uplink's name."""
        return self._uplink.name

    @property
    def targets(self) -> tuple[Address, ...]:
        """Whom every round asks."""
        return self._quorum.targets

    @property
    def interval(self) -> int:
        """Nanoseconds from one round to the next."""
        return nanoseconds(self._pace.interval)

    @property
    def next_due(self) -> int:
        """When the next round is sent, in nanoseconds."""
        return self._due if self._due != NEVER else self._sent + self.interval

    # A round.

    def _wait_until(self, due: int) -> None:
        self._due = due
        self._schedule.send_at(due, self._send, self)

    def _send(self) -> None:
        schedule = self._schedule
        if schedule.now != self._due:
            return  # it was put off, or sent before
        self._due = NEVER
        self._sent = schedule.now
        link = self._link
        self._fault = "" if link.connected else _fault(link)
        if not self._fault and self._uplink.family not in link.families:
            self._fault = "no address"
        if self._fault:
            self._end_in(0)
            return
        ask = self._ask if link.carrier else _no_carrier
        uplink, probe, at = self._uplink.name, self._probe.name, schedule.seconds
        self._fates = tuple([ask(uplink, probe, target, at) for target in self._quorum.targets])
        self._end_in(self._quorum.takes(self._fates))

    def _end_in(self, took: int) -> None:
        self._ends = self._sent + took
        self._schedule.call_at(self._ends, self._end, self)

    def _end(self) -> None:
        schedule = self._schedule
        if schedule.now != self._ends:
            return  # answers that it waited for were lost
        outcome, answers, reason = self._judge()
        at, sent_at = schedule.seconds, on_grid(self._sent)
        self._report(
            Round(at, self._uplink.name, self._probe.name, sent_at, outcome, answers, reason)
        )
        if self._ends == NEVER:
            return  # closed by what followed from it
        self._ends = NEVER
        known = not self._fault and outcome is not RoundOutcome.UNKNOWN
        if self._listening.follows(sent_at) and known:
            self._await_rest(schedule.now - self._sent)
        due = self._sent + nanoseconds(self._pace.after(outcome))
        if self._urgent or due < schedule.now:
            due = schedule.now
        self._urgent = False
        self._wait_until(due)

    def _judge(self) -> Verdict:
        """What the round comes to.

        One that failed entirely while the link is down failed because it is down.
        """
        if self._fault:
            return self._quorum.unsent(self._fault)
        verdict = self._quorum.verdict(self._fates)
        outcome, answers, _ = verdict
        if outcome is not RoundOutcome.FAILED or self._link.connected:
            return verdict
        if any(answer.rtt is not None for answer in answers):
            return verdict
        return outcome, answers, describe_link(self._link)

    # What comes after it.

    def _await_rest(self, took: int) -> None:
        """Have told what becomes of the targets that the round did not wait for."""
        rest: list[tuple[Address, Fate]] = [
            (target, fate)
            for target, fate in zip(self._quorum.targets, self._fates, strict=True)
            if not isinstance(fate, str) and takes(fate) > took
        ]
        if not rest:
            return
        if took < self._quorum.timeout:
            known_after = min(self._quorum.timeout, max(takes(fate) for _, fate in rest))
            self._tell_later(rest, known_after, self._tell_pending)
        for target, fate in rest:
            if self._quorum.timeout < takes(fate) <= self._quorum.timeout + _LATE:
                self._tell_later([(target, fate)], takes(fate), self._tell_late)

    def _tell_later(
        self, fates: list[tuple[Address, Fate]], after: int, tell: Callable[[_Rest], None]
    ) -> None:
        rest = _Rest(self._sent, fates)
        self._rests.append(rest)
        self._schedule.call_at(self._sent + after, partial(tell, rest), self)

    def _tell_pending(self, rest: _Rest) -> None:
        answer, timeout = self._quorum.answer, self._quorum.timeout
        self._tell_rest(rest, [answer(target, fate, timeout) for target, fate in rest.fates])

    def _tell_late(self, rest: _Rest) -> None:
        came = [(target, fate) for target, fate in rest.fates if isinstance(fate, float)]
        self._tell_rest(rest, [Answer(target, fate) for target, fate in came])

    def _tell_rest(self, rest: _Rest, answers: Sequence[Answer]) -> None:
        if rest not in self._rests:
            return  # the stream was closed
        self._rests.remove(rest)
        if answers:
            at, sent_at = self._schedule.seconds, on_grid(rest.sent)
            names = self._uplink.name, self._probe.name
            self._report(Answers(at, *names, sent_at, tuple(answers)))


def _fault(link: LinkState) -> str:
    """Why the kernel takes no packet, as `probes.reasons` has it; empty if only a carrier lacks."""
    if not link.present:
        return "interface missing"
    return "" if link.up else "link down"


def _no_carrier(*_: object) -> None:
    """What becomes of a packet that waits for a carrier."""


def _nobody(_: object) -> None:
    """Nobody is told any more."""
