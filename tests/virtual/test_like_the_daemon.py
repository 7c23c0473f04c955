"""Rounds in virtual time and in the daemon: the same outcomes, and the same times of sending."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from itertools import pairwise, product
from random import Random

import pytest
import trio
from trio.testing import MockClock

from route_switcher.core.probing.followed_rounds import LATE
from route_switcher.core.probing.pace import Pace
from route_switcher.core.probing.round import RequestFault, RoundResult
from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.events import Answers, LinkState, Round
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Probe, Target, answers_needed
from route_switcher.core.vocabulary.states import RoundOutcome, Speed
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId
from route_switcher.probes.late_replies import LateReplies, OnLate
from route_switcher.probes.matching import EchoRequest
from route_switcher.probes.open_round import OpenRound
from route_switcher.probes.schedule import repeat
from route_switcher.probes.timing import Timing
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.played_round import RoundPlayer
from route_switcher.virtual.schedule import Schedule, nanoseconds
from route_switcher.virtual.stream import Stream
from route_switcher.virtual.world import World
from support.keys import v4
from support.pinging import pinging, target
from support.written_probers import FatedProber

UPLINK = Uplink("u", "eth0", ip_address("198.51.100.1"), 10, Family.IPV4)
TARGETS = tuple(target(f"203.0.113.{n}") for n in range(1, 5))
RULE = Rule("r", ConsecutiveFailures("p", 3), Recover(60.0))
END = 40.0
Act = tuple[float, str]


# A round.


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("quorum", ["any", "all", 2])
def test_a_round_of_the_same_fates_comes_to_the_same(count: int, quorum: str | int) -> None:
    if isinstance(quorum, int) and quorum > count:
        return  # no policy says so
    probe = pinging("p", *TARGETS[:count], quorum=quorum, interval=2.0)  # type: ignore[arg-type]
    player = RoundPlayer(probe, Family.IPV4)
    for fates in product((0.02, 0.5, 1.5, None, "why"), repeat=count):
        played = player.play(fates)
        now, told = in_the_daemon(probe, fates)
        assert now == pytest.approx(played.took / 1e9)
        assert (told.outcome, told.reason) == (played.result.outcome, played.result.reason)
        assert told.answers == played.result.answers


def in_the_daemon(probe: Probe, fates: Sequence[Fate]) -> tuple[float, Round]:
    """When the round is certain, and what it came to."""
    requests = tuple(EchoRequest(t, str(t), n, b"") for n, t in enumerate(probe.targets))
    needed = answers_needed(probe.quorum, len(probe.targets))
    open_round = OpenRound(requests, needed, probe.timeout)
    for request, fate in zip(requests, fates, strict=True):
        request.sent_at = 0.0
        if isinstance(fate, str):
            request.fault = RequestFault(RoundOutcome.UNKNOWN, fate)
    open_round.sent()
    now = 0.0
    pairs = zip(fates, requests, strict=True)
    heard = sorted(((f, r) for f, r in pairs if isinstance(f, float)), key=lambda pair: pair[0])
    for fate, request in heard:
        # Those that come at the very instant of the decision count too.
        if fate > probe.timeout or (open_round.decided.is_set() and fate > now):
            break
        now = fate if not open_round.decided.is_set() else now
        open_round.answer(request, fate)
    now = now if open_round.decided.is_set() else probe.timeout
    echoes = open_round.result(now)
    return now, Round(now, v4("u"), "p", 0.0, echoes.outcome, echoes.answers, echoes.reason)


# The times of sending, and what is told.

Told = list[tuple[float, float, RoundOutcome]]
"""When a round was told, when it was sent, and what it came to."""


@pytest.mark.parametrize("seed", range(60))
def test_rounds_are_sent_at_the_same_times(seed: int) -> None:
    random = Random(seed)
    check_alike(random, drawn_probe(random), [0.02, 0.02, None, None, "x"])


@pytest.mark.parametrize("seed", range(60))
def test_rounds_that_overlap_are_sent_and_told_at_the_same_times(seed: int) -> None:
    random = Random(seed)
    interval = random.choice([5.0, 10.0, 20.0])
    timeout = interval * random.choice([1.0, 0.5])
    probe = pinging("p", TARGETS[0], interval=interval, timeout=timeout)
    check_alike(random, probe, [0.02, 3.37, None, None, None, "x"])


def check_alike(random: Random, probe: Probe, kinds: Sequence[Fate]) -> None:
    acts = list(drawn_acts(random))
    fates = [random.choice(kinds) for _ in range(4000)]
    spread = random.choice([0.0, 0.5]) * probe.interval
    sent, told = in_virtual_time(probe, acts, fates, spread)
    clock = MockClock(autojump_threshold=0)
    sent_there, told_there = trio.run(in_tasks, probe, acts, fates, spread, clock=clock)
    assert sent == pytest.approx(sent_there, abs=0.002)
    assert [outcome for *_, outcome in told] == [outcome for *_, outcome in told_there]
    for one, other in zip(told, told_there, strict=True):
        assert one[:2] == pytest.approx(other[:2], abs=0.002)
    assert [at for _, at, _ in told] == sorted(at for _, at, _ in told)


def drawn_probe(random: Random) -> Probe:
    interval = random.choice([1.0, 2.0, 0.5])
    fast = interval * random.choice([1, 0.5, 0.25])
    timeout = fast * random.choice([1.0, 0.5])
    down, standby = interval * random.choice([1, 5]), interval * random.choice([1, 8])
    return pinging(
        "p", TARGETS[0], interval=interval, timeout=timeout, fast=fast, down=down, standby=standby
    )


def drawn_acts(random: Random) -> Iterator[Act]:
    at = 0.0
    for number in range(random.randint(0, 16)):
        at += random.choice([0.13, 0.37, 0.9, 1.7, 3.3, 6.1])
        if at > END - 1:
            return
        # Never at the instant of a round.
        yield (
            at + 0.003 * number + 0.0007,
            random.choice(["ask", "again", "normal", "standby", "down"]),
        )


def in_virtual_time(
    probe: Probe, acts: Sequence[Act], fates: Sequence[Fate], spread: float
) -> tuple[list[float], Told]:
    schedule, left = Schedule(0), iter(fates)
    sent: list[float] = []
    told: Told = []

    def ask(uplink: UplinkId, probe: str, target: object, at: float) -> Fate:
        sent.append(at)
        return next(left)

    def report(event: Round | Answers) -> None:
        if isinstance(event, Round):
            told.append((event.at, event.sent_at, event.outcome))

    pace = Pace(probe, [RULE])
    link = LinkState("eth0")
    stream = Stream(
        schedule, UPLINK, probe, pace, link, ask, report, first=nanoseconds(spread), measured=False
    )
    for at, act in [*acts, (END - 1e-6, "end")]:
        while schedule.due < nanoseconds(at):
            schedule.call_next()
        schedule.now = nanoseconds(at)
        if act in ("ask", "again"):
            stream.ask(again=act == "again")
        elif act != "end":
            stream.set_speed(Speed(act))
    return sent, told


async def in_tasks(
    probe: Probe, acts: Sequence[Act], fates: Sequence[Fate], spread: float
) -> tuple[list[float], Told]:
    line = FatedProber(*(RoundOutcome.UNKNOWN if isinstance(f, str) else f for f in fates))
    timing = Timing(Pace(probe, [RULE]), spread)
    began = trio.current_time()
    told: Told = []

    async def report(event: Round | Answers) -> None:
        await trio.lowlevel.checkpoint()
        if isinstance(event, Round):
            told.append((event.at - began, event.sent_at - began, event.outcome))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(repeat, UPLINK, probe, line, report, timing)
        for at, act in acts:
            await trio.sleep_until(began + at)
            if act in ("ask", "again"):
                timing.ask(again=act == "again")
            else:
                timing.set_speed(Speed(act))
        await trio.sleep_until(began + END - 1e-6)
        nursery.cancel_scope.cancel()
    return [at - began for at in line.sent_at], told


# What becomes of targets after their round was told.


@pytest.mark.parametrize("seed", range(60))
def test_what_is_told_after_a_round_is_told_alike(seed: int) -> None:
    random = Random(seed)
    count = random.choice([1, 2, 3, 4])
    quorum = random.choice(["any", "all"])
    probe = pinging("p", *TARGETS[:count], quorum=quorum, interval=8.0, timeout=1.0)  # type: ignore[arg-type]
    # No two at one instant: in tasks, nobody says which of them is read first.
    kinds = [0.02, 0.3, 1.25, 3.5, 7.5, None, "x"]
    fates = [
        [f + 0.001 * n if isinstance(f, float) else f for n, f in enumerate(fs)]
        for fs in ([random.choice(kinds) for _ in range(count)] for _ in range(5))
    ]
    here = every_event_in_virtual_time(probe, fates)
    clock = MockClock(autojump_threshold=0)
    there = trio.run(every_event_in_tasks, probe, fates, clock=clock)
    assert [told for _, told in here] == [told for _, told in there]
    for (at, _), (other, _) in zip(here, there, strict=True):
        assert at == pytest.approx(other, abs=0.002)


Event = tuple[float, tuple[float, object, tuple[object, ...]]]
"""When, and what: of a round sent when, its outcome or None, and its answers."""


def plain(event: Round | Answers, began: float = 0.0) -> Event:
    outcome = event.outcome if isinstance(event, Round) else None
    answers = tuple(
        (a.target, None if a.rtt is None else round(a.rtt, 6), a.reason) for a in event.answers
    )
    return event.at - began, (round(event.sent_at - began, 3), outcome, answers)


def every_event_in_virtual_time(probe: Probe, fates: Sequence[Sequence[Fate]]) -> list[Event]:
    schedule, left = Schedule(0), (fate for each in fates for fate in each)
    told: list[Event] = []
    Stream(
        schedule,
        UPLINK,
        probe,
        Pace(probe, [RULE]),
        LinkState("eth0"),
        lambda *_: next(left),
        lambda event: told.append(plain(event)),
        first=0,
        measured=True,
    )
    while schedule.due < nanoseconds(probe.interval * len(fates)):
        schedule.call_next()
    return told


class Answering:
    """A prober whose targets answer by script; rounds and late replies are the daemon's."""

    def __init__(self, fates: Sequence[Sequence[Fate]], nursery: trio.Nursery) -> None:
        self._left = iter(fates)
        self._nursery = nursery
        self._late_replies: LateReplies[EchoRequest] = LateReplies(
            lambda _: None, trio.lowlevel.checkpoint
        )

    async def run(self) -> None:
        await self._late_replies.run()

    async def ask(
        self,
        targets: tuple[Target, ...],
        needed: int,
        timeout: float,  # noqa: ASYNC109 (the Prober protocol)
        on_late: OnLate | None = None,
    ) -> RoundResult:
        now = trio.current_time()
        requests = tuple(EchoRequest(t, str(t), 0, b"", sent_at=now) for t in targets)
        open_round = OpenRound(requests, needed, timeout)
        for request, fate in zip(requests, next(self._left), strict=True):
            if isinstance(fate, str):
                request.fault = RequestFault(RoundOutcome.UNKNOWN, fate)
            elif fate is not None and fate <= timeout + LATE:
                self._nursery.start_soon(self._answer, open_round, request, fate)
        open_round.sent()
        with trio.move_on_at(open_round.deadline):
            await open_round.decided.wait()
        result = open_round.result(trio.current_time())
        if on_late is not None:
            self._late_replies.follow(open_round, result, on_late)
        return result

    async def _answer(
        self, open_round: OpenRound[EchoRequest], request: EchoRequest, after: float
    ) -> None:
        await trio.sleep(after)
        open_round.answer(request, after)
        self._late_replies.answered(open_round, request)


async def every_event_in_tasks(probe: Probe, fates: Sequence[Sequence[Fate]]) -> list[Event]:
    began, told = trio.current_time(), list[Event]()

    async def report(event: Round | Answers) -> None:
        await trio.lowlevel.checkpoint()
        told.append(plain(event, began))

    async with trio.open_nursery() as nursery:
        prober, timing = Answering(fates, nursery), Timing(Pace(probe, [RULE]))
        nursery.start_soon(prober.run)
        nursery.start_soon(repeat, UPLINK, probe, prober, report, timing, True)
        await trio.sleep(probe.interval * len(fates) - 0.001)
        nursery.cancel_scope.cancel()
    return told


# While nothing answers.


@pytest.mark.parametrize(
    ("interval", "timeout", "every"),
    [(20.0, 20.0, 1.0), (10.0, 1.0, 1.0), (1.0, 1.0, 1.0), (1.9, 0.5, 1.0), (300.0, 120.0, 2.0)],
)
def test_while_nothing_answers_every_uplink_is_asked_every_second(
    interval: float, timeout: float, every: float
) -> None:
    # Where the timeout is longer than a minute: as often as leaves sixty rounds open at once.
    probe = pinging("p", *TARGETS[:2], interval=interval, timeout=timeout)
    other = Uplink("v", "eth1", ip_address("198.51.100.2"), 20, Family.IPV4)
    sent: dict[str, list[float]] = {"u": [], "v": []}

    class Dead:
        def answer(self, uplink: UplinkId, probe: str, target: object, at: float) -> None:
            times = sent[uplink.name]
            if not times or times[-1] < at:
                times.append(at)

    policy = Policy((UPLINK, other), (probe,), (RULE,), ignore_linkdown=False)
    begins = 200 + 5 * interval
    world = World(policy, Dead(), lambda _: None).run(begins)
    sent["u"].clear()
    sent["v"].clear()
    world.run(begins + 200)
    for times in sent.values():
        assert times[0] <= begins + every
        assert times[-1] >= begins + 200 - every
        assert max(b - a for a, b in pairwise(times)) <= every + 1e-5
        assert min(b - a for a, b in pairwise(times)) >= min(every, interval) / 2
