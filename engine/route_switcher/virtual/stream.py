"""The rounds of one probe through one uplink, in virtual time.

When they are sent, what they come to, and what is told of them later is decided by the code that
the daemon runs (`core.probing`), on a machine that is never late. Here is what the daemon's tasks
and the internet do: wait until something is due, and let answers come.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from typing import TypeAlias

from route_switcher.core.probing.first_echo import before_the_first_echo
from route_switcher.core.probing.followed_rounds import LISTEN_EVERY, FollowedRound, FollowedRounds
from route_switcher.core.probing.open_rounds import OpenRounds
from route_switcher.core.probing.pace import Pace
from route_switcher.core.probing.round import Request, RoundResult
from route_switcher.core.probing.schedule import ProbeSchedule
from route_switcher.core.vocabulary.checks import GatewayEcho
from route_switcher.core.vocabulary.events import Answers, LinkState, Round
from route_switcher.core.vocabulary.link_troubles import describe_link, trouble_for_routes
from route_switcher.core.vocabulary.probes import Probe, Target
from route_switcher.core.vocabulary.states import RoundOutcome, Speed
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.played_round import Arrival, PlayedRound, RoundPlayer, lost
from route_switcher.virtual.schedule import NANOSECONDS, NEVER, Schedule, nanoseconds, on_grid

Ask: TypeAlias = Callable[[UplinkId, str, Target, float], Fate]
"""From uplink, probe, target, and the time of sending in seconds to the fate."""


@dataclass(slots=True, eq=False)
class _Sent:
    """A round that was sent and not told yet; times are nanoseconds."""

    at: int
    followed: bool
    """Whether what becomes of its targets later is told."""
    fates: tuple[Fate, ...]
    """Empty where the kernel took no packet."""
    played: PlayedRound
    ends: int


@dataclass(slots=True, eq=False)
class _Rest:
    """A round that was told while answers to it were still to come."""

    sent: int
    """When; in nanoseconds."""
    followed: FollowedRound[Request]
    arrivals: list[Arrival]
    """Those to come, in their order."""


class Stream:
    """Sends the first round at `first` (nanoseconds), the others at their `pace`, until `close`.

    `link` is the state of the uplink's interface
    now; `on_link` tells of another. If it is `measured`, what becomes of targets after their round
    was told is reported of every round, else of some.
    """

    __slots__ = (
        "_ask",
        "_closed",
        "_due",
        "_echo_at",
        "_even_since",
        "_fault",
        "_followed",
        "_gap",
        "_link",
        "_open",
        "_player",
        "_probe",
        "_report",
        "_rests",
        "_rounds",
        "_schedule",
        "_uplink",
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
        first: int,
        measured: bool,
    ) -> None:
        self._schedule = schedule
        self._uplink = uplink
        self._probe = probe
        self._rounds = ProbeSchedule(pace, first, NANOSECONDS)
        self._link = link
        self._fault = _fault_of(link, uplink.family)
        self._ask = ask
        self._report = report
        self._closed = False
        self._player = RoundPlayer(probe, uplink.family)
        self._followed = FollowedRounds(measured, len(self._player.targets))
        self._due = NEVER
        """When the next round is sent, as things are."""
        self._gap = NEVER
        self._even_since = NEVER
        """When the first of the rounds was sent that are `_gap` apart."""
        self._echo_at = NEVER if isinstance(probe.check, GatewayEcho) else 0
        """When the first echo comes back, as far as one is under way."""
        self._open = OpenRounds[_Sent]()
        self._rests: list[_Rest] = []
        self._plan()

    # What the world tells it.

    def close(self) -> None:
        """Send nothing any more, and forget what is under way."""
        self._closed = True
        self._due = NEVER
        self._open.clear()
        self._rests.clear()

    def ask(self, *, again: bool = False) -> None:
        """Have a round sent at once, or `again` (see `ProbeSchedule.ask`)."""
        self._rounds.ask(again=again)
        self._plan()

    def set_speed(self, speed: Speed) -> None:
        """Take another speed (see `ProbeSchedule.set_speed`)."""
        self._rounds.set_speed(speed, self._schedule.now)
        self._plan()

    def on_link(self, link: LinkState) -> None:
        """The link changed; if it is not connected now, the answers under way are lost."""
        self._link = link
        self._fault = _fault_of(link, self._uplink.family)
        if not link.connected:
            self.lose()

    def lose(self) -> None:
        """Lose every answer that is under way."""
        now = self._schedule.now
        if self._echo_at > now:
            self._echo_at = NEVER
        for each in self._open:
            if each.fates:
                each.fates = lost(each.fates, now - each.at)
                each.played = self._player.play(each.fates)
                if each.ends != each.at + each.played.took:
                    self._end_later(each)
        for rest in self._rests:
            rest.arrivals = [each for each in rest.arrivals if each[0] <= now - rest.sent]

    def on_next_hop(self) -> None:
        """The uplink has another next hop: it may be one that never sends an echo back."""
        if isinstance(self._probe.check, GatewayEcho):
            self._echo_at = NEVER

    def fast_forward(self, delta: int) -> None:
        """Let `delta` nanoseconds pass in which rounds went on as before, `gap` apart."""
        due, gap = self.next_due, self._gap
        self._followed.skip(lambda n: on_grid(due + n * gap), delta // gap)
        self._due += delta if self._due != NEVER else 0
        self._rounds.fast_forward(delta)
        for each in self._open:
            each.at += delta
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
        return self._player.targets

    @property
    def interval(self) -> int:
        """Nanoseconds from one round to the next, by its pace."""
        return self._rounds.interval

    @property
    def gap(self) -> int:
        """Nanoseconds between the two latest rounds."""
        return self._gap

    @property
    def even_since(self) -> int:
        """When the first of the rounds was sent that are `gap` apart; nanoseconds."""
        return self._even_since

    @property
    def period(self) -> int:
        """Nanoseconds after which all is as it is now, if its rounds go on like the latest."""
        if not (self._followed.chooses and (any(self._open) or self._rests)):
            return self._gap
        return self._gap * ceil(nanoseconds(LISTEN_EVERY) / self._gap)

    @property
    def next_due(self) -> int:
        """When the next round is sent, in nanoseconds."""
        return self._due if self._due != NEVER else self._rounds.sent_at + self._gap

    # A round.

    def _plan(self) -> None:
        """Have the next round sent when it is due."""
        due = max(self._schedule.now, self._rounds.due)
        if due != self._due:
            self._due = due
            if due != NEVER:
                self._schedule.send_at(due, self._send, self)

    def _send(self) -> None:
        now, at, link = self._schedule.now, self._schedule.seconds, self._link
        if now != self._due:
            return  # it was put off, or sent before
        self._due = NEVER
        gap = now - self._rounds.sent_at
        if gap != self._gap:
            self._gap, self._even_since = gap, self._rounds.sent_at
        self._rounds.sent(now)
        fates: tuple[Fate, ...] = ()
        if self._fault:
            played = self._player.unsent(self._fault)
        else:
            ask = self._ask if link.carrier else _no_carrier
            uplink, probe = self._uplink.id, self._probe.name
            fates = tuple([ask(uplink, probe, target, at) for target in self._player.targets])
            played = self._player.play(fates)
        if self._echo_at > now:
            back = [now + nanoseconds(fate) for fate in fates if isinstance(fate, float)]
            self._echo_at = min(self._echo_at, *back, NEVER)
        this = _Sent(now, self._followed.follows(at), fates, played, now)
        self._open.sent(this)
        self._end_later(this)

    def _end_later(self, this: _Sent) -> None:
        this.ends = this.at + this.played.took
        self._schedule.call_at(this.ends, partial(self._end, this), self)

    def _end(self, this: _Sent) -> None:
        if self._schedule.now != this.ends or this not in self._open:
            return  # answers that it waited for were lost; or a newer one that was good ended it
        result = this.played.result
        if this.fates and self._echo_at > this.ends:
            result = before_the_first_echo(result)
        if this.fates and result.failed_entirely and not self._link.connected:
            result = replace(result, reason=describe_link(self._link))
        self._rounds.overtaken(self._open.ended(this, result))
        while (told := self._open.next_told()) is not None:
            self._tell(*told)

    def _tell(self, this: _Sent, result: RoundResult) -> None:
        now = self._schedule.now
        outcome = result.outcome
        names = self._uplink.id, self._probe.name
        at, sent_at = self._schedule.seconds, on_grid(this.at)
        self._report(Round(at, *names, sent_at, outcome, result.answers, result.reason))
        if self._closed:
            return  # by what followed from it
        if this.followed and this.fates and outcome is not RoundOutcome.UNKNOWN:
            self._follow(this)
        self._rounds.ended(outcome, now)
        self._plan()

    # What comes after it.

    def _follow(self, this: _Sent) -> None:
        """Tell later what becomes of the targets that the round did not wait for."""
        # One that waited for an older round has heard nothing meanwhile that it had not told.
        played = self._player.play(this.fates)
        if not played.later and not any(a.pending for a in played.result.answers):
            return
        played = self._player.play_alone(this.fates)
        seconds = self._player.seconds(played.took)
        followed = FollowedRound(played.tally, played.result, seconds)
        rest = _Rest(this.at, followed, list(played.later))
        self._rests.append(rest)
        self._hear_later(rest)

    def _hear_later(self, rest: _Rest) -> None:
        """Go on when there is something to tell of it; or forget it, if there never is."""
        timeout = self._player.timeout
        if rest.followed.pending:
            in_time = [after for after, _, _ in rest.arrivals if after <= timeout]
            after = max(in_time) if len(in_time) == len(rest.followed.pending) else timeout
        elif rest.arrivals and not rest.followed.over:
            after = rest.arrivals[0][0]
        else:
            self._rests.remove(rest)
            return
        due = max(self._schedule.now, rest.sent + after)
        self._schedule.call_at(due, partial(self._hear, rest), self)

    def _hear(self, rest: _Rest) -> None:
        if self._closed:
            return
        elapsed = self._schedule.now - rest.sent
        while rest.arrivals and rest.arrivals[0][0] <= elapsed:
            _, took, request = rest.arrivals.pop(0)
            rest.followed.tally.answer(request, took)
            rest.followed.on_answer(request)
        names, sent_at = (self._uplink.id, self._probe.name), on_grid(rest.sent)
        for answers in rest.followed.told(self._player.seconds(elapsed)):
            self._report(Answers(self._schedule.seconds, *names, sent_at, answers))
        self._hear_later(rest)


def _fault_of(link: LinkState, family: Family) -> str:
    """Why the kernel takes no packet, as `probes.reasons` has it; empty if it takes it, which it
    does where only a carrier lacks."""
    trouble = trouble_for_routes(link, family)
    return "" if trouble is None else trouble.value


def _no_carrier(*_: object) -> None:
    """What becomes of a packet that waits for a carrier."""
