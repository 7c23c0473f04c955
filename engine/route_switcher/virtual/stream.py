"""The rounds of one probe through one uplink, on their schedule.

They go as in the daemon (`probes.timing`, `probes.aftermath`) on a machine that is never late: a
round is told as soon as it is certain; what becomes of targets that it did not wait for is told
afterwards, and so are answers that come after the timeout.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from route_switcher.core.probing.followed_rounds import FollowedRounds
from route_switcher.core.probing.pace import Pace
from route_switcher.core.vocabulary.events import Answer, Answers, LinkState, Round, RoundOutcome
from route_switcher.core.vocabulary.policy import Probe, Target, Uplink, UplinkId
from route_switcher.core.vocabulary.states import Speed
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.open_round import OpenRound, fault_of
from route_switcher.virtual.quorum import LATE, Quorum, Verdict, lost, takes
from route_switcher.virtual.schedule import NEVER, Schedule, nanoseconds, on_grid

Ask: TypeAlias = Callable[[UplinkId, str, Target, float], Fate]
"""From uplink, probe, target, and the time of sending in seconds to the fate."""


_LATE = nanoseconds(LATE)


@dataclass(slots=True, eq=False)
class _Rest:
    """Targets of a round that was told before they answered."""

    sent: int
    fates: list[tuple[Target, Fate]]


class Stream:
    """Sends the first round when `begin` says, the others at its `pace`, until `close`.

    `link` is the state of the uplink's interface now; `on_link` tells of another. If it is
    `measured`, answers that come after the verdict are reported too; else those of some rounds.
    """

    __slots__ = (
        "_again",
        "_apart",
        "_ask",
        "_due",
        "_link",
        "_listening",
        "_open",
        "_pace",
        "_probe",
        "_quorum",
        "_regular",
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
        self._listening = FollowedRounds(measured, len(self._quorum.targets))
        self._apart = nanoseconds(pace.apart)
        self._regular = NEVER
        """When the next round is due by the pace; NEVER until the latest has been told."""
        self._urgent = self._again = False
        """Whether one was asked for at once, or as long after the latest as rounds are apart."""
        self._due = NEVER
        """When the next round is sent, as things are."""
        self._sent = NEVER
        """When the latest round was sent; NEVER before the first."""
        self._open: list[OpenRound] = []
        """In the order of sending."""
        self._rests: list[_Rest] = []

    # What the world tells it.

    def begin(self, due: int) -> None:
        """Send the first round at `due` (nanoseconds)."""
        self._regular = due
        self._plan()

    def close(self) -> None:
        """Send nothing any more, and forget what is under way."""
        self._due = self._regular = NEVER
        self._open.clear()
        self._rests.clear()
        self._report = _nobody

    def ask_now(self, *, again: bool = False) -> None:
        """Send a round at once. While one is open, send it as soon as that has ended, or beside it
        once the latest was sent `Pace.apart` seconds ago.

        `again`: send it that long after the latest in any case.
        """
        if again:
            self._again = True
        else:
            self._urgent = True
        self._plan()

    def set_speed(self, speed: Speed) -> None:
        """Go at this speed from the latest sending on; the round that waits is sent by it."""
        self._pace.speed = speed
        if self._sent != NEVER and self._schedule.now < self._regular != NEVER:
            due = self._sent + nanoseconds(self._pace.interval)
            self._regular = max(self._schedule.now, due)
            self._plan()

    def on_link(self, link: LinkState) -> None:
        """The link changed; if it is not connected now, the answers under way are lost."""
        self._link = link
        if not link.connected:
            self.lose()

    def lose(self) -> None:
        """Lose every answer that is under way."""
        now = self._schedule.now
        for each in self._open:
            if not each.fault and each.verdict is None:
                each.fates = tuple([lost(fate, now - each.sent) for fate in each.fates])
                self._end_in(each, self._quorum.takes(each.fates))
        for rest in self._rests:
            rest.fates = [(target, lost(fate, now - rest.sent)) for target, fate in rest.fates]

    def fast_forward(self, delta: int) -> None:
        """Let `delta` nanoseconds pass in which rounds went on as before."""
        self._due += delta if self._due != NEVER else 0
        self._regular += delta if self._regular != NEVER else 0
        self._sent += delta if self._sent != NEVER else 0
        for each in self._open:
            each.sent += delta
            each.ends += delta
        for rest in self._rests:
            rest.sent += delta

    # How it goes on, if the round under way is good.

    @property
    def uplink(self) -> UplinkId:
        """The uplink whose rounds these are."""
        return self._uplink.id

    @property
    def probe(self) -> str:
        """The probe's name."""
        return self._probe.name

    @property
    def targets(self) -> tuple[Target, ...]:
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

    def _plan(self) -> None:
        """Have the next round sent when it is due."""
        now = self._schedule.now
        due = NEVER if self._open else self._regular
        if (self._urgent and not self._open) or (self._again and self._sent == NEVER):
            due = now
        elif self._urgent or self._again:
            due = min(due, max(now, self._sent + self._apart))
        if due != self._due:
            self._due = due
            if due != NEVER:
                self._schedule.send_at(due, self._send, self)

    def _send(self) -> None:
        schedule = self._schedule
        if schedule.now != self._due:
            return  # it was put off, or sent before
        self._due = self._regular = NEVER
        self._urgent = self._again = False
        sent = self._sent = schedule.now
        at, link = schedule.seconds, self._link
        fault = fault_of(link, self._uplink.family)
        fates: tuple[Fate, ...] = ()
        if not fault:
            ask = self._ask if link.carrier else _no_carrier
            uplink, probe = self._uplink.id, self._probe.name
            fates = tuple([ask(uplink, probe, target, at) for target in self._quorum.targets])
        this = OpenRound(sent, self._listening.follows(at), fault, fates, sent)
        self._open.append(this)
        self._end_in(this, 0 if fault else self._quorum.takes(fates))

    def _end_in(self, this: OpenRound, took: int) -> None:
        this.ends = this.sent + took
        self._schedule.call_at(this.ends, partial(self._end, this), self)

    def _end(self, this: OpenRound) -> None:
        if self._schedule.now != this.ends or this.verdict is not None or this not in self._open:
            return  # answers that it waited for were lost; or a newer one that was good ended it
        this.verdict = this.judge(self._quorum, self._link)
        if this.verdict[0] is RoundOutcome.GOOD and self._open[0] is not this:
            before = self._open[: self._open.index(this)]
            self._open = [e for e in self._open if e.verdict is not None or e not in before]
        while self._open and self._open[0].verdict is not None:
            self._tell(self._open[0], self._open[0].verdict)

    def _tell(self, this: OpenRound, verdict: Verdict) -> None:
        schedule = self._schedule
        outcome, answers, reason = verdict
        at, sent_at = schedule.seconds, on_grid(this.sent)
        self._report(
            Round(at, self._uplink.id, self._probe.name, sent_at, outcome, answers, reason)
        )
        if this not in self._open:
            return  # closed by what followed from it
        self._open.remove(this)
        if this.followed and not this.fault and outcome is not RoundOutcome.UNKNOWN:
            self._await_rest(this, schedule.now - this.sent)
        self._regular = max(schedule.now, self._sent + nanoseconds(self._pace.after(outcome)))
        self._plan()

    # What comes after it.

    def _await_rest(self, this: OpenRound, took: int) -> None:
        """Have told what becomes of the targets that the round did not wait for."""
        rest: list[tuple[Target, Fate]] = [
            (target, fate)
            for target, fate in zip(self._quorum.targets, this.fates, strict=True)
            if not isinstance(fate, str) and takes(fate) > took
        ]
        if not rest:
            return
        if took < self._quorum.timeout:
            known_after = min(self._quorum.timeout, max(takes(fate) for _, fate in rest))
            self._tell_later(this.sent, rest, known_after, self._tell_pending)
        for target, fate in rest:
            if self._quorum.timeout < takes(fate) <= self._quorum.timeout + _LATE:
                self._tell_later(this.sent, [(target, fate)], takes(fate), self._tell_late)

    def _tell_later(
        self,
        sent: int,
        fates: list[tuple[Target, Fate]],
        after: int,
        tell: Callable[[_Rest], None],
    ) -> None:
        rest = _Rest(sent, fates)
        self._rests.append(rest)
        self._schedule.call_at(sent + after, partial(tell, rest), self)

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
            names = self._uplink.id, self._probe.name
            self._report(Answers(at, *names, sent_at, tuple(answers)))


def _no_carrier(*_: object) -> None:
    """What becomes of a packet that waits for a carrier."""


def _nobody(_: object) -> None:
    """Nobody is told any more."""
