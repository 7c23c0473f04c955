"""Rounds in virtual time and in the daemon: the same outcomes, and the same times of sending."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from itertools import pairwise, product
from random import Random

import pytest
import trio
from trio.testing import MockClock

from route_switcher.core.conditions import ConsecutiveFailures
from route_switcher.core.events import LinkState, Round, RoundOutcome
from route_switcher.core.model import Family, Policy, Probe, Recover, Rule, Uplink, answers_needed
from route_switcher.core.pace import Pace, Speed
from route_switcher.probes.open_round import OpenRound, Request
from route_switcher.probes.reasons import LocalFault
from route_switcher.probes.timing import Timing
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.quorum import Quorum
from route_switcher.virtual.schedule import Schedule, nanoseconds
from route_switcher.virtual.stream import Stream
from route_switcher.virtual.world import World

UPLINK = Uplink("u", "eth0", ip_address("198.51.100.1"), 10)
TARGETS = tuple(ip_address(f"203.0.113.{n}") for n in range(1, 5))
RULE = Rule("r", ConsecutiveFailures("p", 3), Recover(60.0))
END = 40.0
Act = tuple[float, str]


# A round.


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("quorum", ["any", "all", 2])
def test_a_round_of_the_same_fates_comes_to_the_same(count: int, quorum: str | int) -> None:
    if isinstance(quorum, int) and quorum > count:
        return  # no policy says so
    probe = Probe("p", TARGETS[:count], quorum, 2.0, 1.0, 2.0, 2.0, 2.0)  # type: ignore[arg-type]
    virtual = Quorum(probe, Family.IPV4)
    for fates in product((0.02, 0.5, 1.5, None, "why"), repeat=count):
        outcome, answers, reason = virtual.verdict(fates)
        now, told = in_the_daemon(probe, fates)
        assert now == pytest.approx(virtual.takes(fates) / 1e9)
        assert (told.outcome, told.reason) == (outcome, reason)
        assert told.answers == answers


def in_the_daemon(probe: Probe, fates: Sequence[Fate]) -> tuple[float, Round]:
    """When the round is certain, and what it came to."""
    requests = tuple(Request(t, str(t), n, b"") for n, t in enumerate(probe.targets))
    needed = answers_needed(probe.quorum, len(probe.targets))
    open_round = OpenRound(requests, needed, probe.timeout)
    for request, fate in zip(requests, fates, strict=True):
        request.sent_at = 0.0
        if isinstance(fate, str):
            request.fault = LocalFault(RoundOutcome.UNKNOWN, fate)
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
    echoes = open_round.judge(now)
    return now, Round(now, "u", "p", 0.0, echoes.outcome, echoes.answers, echoes.reason)


# The times of sending.


@pytest.mark.parametrize("seed", range(60))
def test_rounds_are_sent_at_the_same_times(seed: int) -> None:
    random = Random(seed)
    probe, acts = drawn_probe(random), list(drawn_acts(random))
    fates = [random.choice([0.02, 0.02, None, None, "x"]) for _ in range(4000)]
    spread = random.choice([0.0, 0.5]) * probe.interval
    in_virtual_time = virtual_sendings(probe, acts, fates, spread)
    clock = MockClock(autojump_threshold=0)
    in_the_daemon = trio.run(daemon_sendings, probe, acts, fates, spread, clock=clock)
    assert in_virtual_time == pytest.approx(in_the_daemon, abs=0.002)


def drawn_probe(random: Random) -> Probe:
    interval = random.choice([1.0, 2.0, 0.5])
    fast = interval * random.choice([1, 0.5, 0.25])
    timeout = fast * random.choice([1.0, 0.5])
    down, standby = interval * random.choice([1, 5]), interval * random.choice([1, 8])
    return Probe("p", TARGETS[:1], "any", interval, timeout, fast, down, standby)


def drawn_acts(random: Random) -> Iterator[Act]:
    at = 0.0
    for number in range(random.randint(0, 8)):
        at += random.choice([0.13, 0.37, 0.9, 1.7, 3.3, 6.1])
        # Never at the instant of a round.
        yield at + 0.003 * number + 0.0007, random.choice(["ask", "normal", "standby", "down"])


def virtual_sendings(
    probe: Probe, acts: Sequence[Act], fates: Sequence[Fate], spread: float
) -> list[float]:
    schedule, sent, left = Schedule(0), [], iter(fates)

    def ask(uplink: str, probe: str, target: object, at: float) -> Fate:
        sent.append(at)
        return next(left)

    pace = Pace(probe, [RULE])
    link = LinkState("eth0")
    stream = Stream(schedule, UPLINK, probe, pace, link, ask, lambda _: None, measured=False)
    stream.begin(nanoseconds(spread))
    for at, act in [*acts, (END, "end")]:
        while schedule.due < nanoseconds(at):
            schedule.call_next()
        schedule.now = nanoseconds(at)
        if act == "ask":
            stream.ask_now()
        elif act != "end":
            stream.set_speed(Speed(act))
    return sent


async def daemon_sendings(
    probe: Probe, acts: Sequence[Act], fates: Sequence[Fate], spread: float
) -> list[float]:
    sent: list[float] = []
    timing, began = Timing(Pace(probe, [RULE]), spread), trio.current_time()

    async def rounds() -> None:
        for fate in fates:
            await timing.due()
            sent.append(trio.current_time() - began)
            if isinstance(fate, float):
                await trio.sleep(fate)
                timing.ended(RoundOutcome.GOOD)
            elif fate is None:
                await trio.sleep(probe.timeout)
                timing.ended(RoundOutcome.FAILED)
            else:
                timing.ended(RoundOutcome.UNKNOWN)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(rounds)
        for at, act in acts:
            await trio.sleep_until(began + at)
            if act == "ask":
                timing.ask()
            else:
                timing.go(Speed(act))
        await trio.sleep_until(began + END)
        nursery.cancel_scope.cancel()
    return [at for at in sent if at < END - 1e-6]


# While nothing answers.


@pytest.mark.parametrize(("interval", "timeout"), [(20.0, 20.0), (10.0, 1.0), (1.0, 1.0)])
def test_while_nothing_answers_rounds_follow_within_two_seconds(
    interval: float, timeout: float
) -> None:
    # What `explain` promises: within two seconds of the end of the round before.
    probe = Probe("p", TARGETS[:2], "any", interval, timeout, interval, interval, interval)
    other = Uplink("v", "eth1", ip_address("198.51.100.2"), 20)
    sent: dict[str, list[float]] = {"u": [], "v": []}

    class Dead:
        def answer(self, uplink: str, probe: str, target: object, at: float) -> None:
            if not sent[uplink] or sent[uplink][-1] < at:
                sent[uplink].append(at)

    policy = Policy((UPLINK, other), (probe,), (RULE,), ignore_linkdown=False)
    world = World(policy, Dead(), lambda _: None).run(400.0)
    sent["u"].clear()
    sent["v"].clear()
    world.run(800.0)
    for times in sent.values():
        assert len(times) > 10
        assert max(b - a for a, b in pairwise(times)) <= timeout + 2.0
