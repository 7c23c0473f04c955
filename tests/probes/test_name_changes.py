"""What becomes of a target by name as time goes on, in virtual time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from ipaddress import IPv4Address, ip_address

import pytest
import trio
from trio.testing import MockClock

from route_switcher.core.probing.pace import Pace
from route_switcher.core.probing.round import RequestFault
from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId
from route_switcher.journal.encoding import Encoder, grid_for
from route_switcher.probes.lookup import Found
from route_switcher.probes.named_targets import AGAIN, LONGEST, SHORTEST, NamedTargets
from route_switcher.probes.prober import Egress
from route_switcher.probes.schedule import repeat
from route_switcher.probes.timing import Timing
from support.pinging import pinging
from support.written_probers import WrittenProber

NAME = Target.named("www.example.net", (ip_address("9.9.9.9"),))
UPLINK = UplinkId("lte", Family.IPV4)
EGRESS = Egress(interface="eth0", family=Family.IPV4)
SILENT = RequestFault(RoundOutcome.FAILED, "no answer within 2 s")
NOBODY = RequestFault(RoundOutcome.UNKNOWN, "it says NXDOMAIN")


class Resolver:
    """Lookups whose answers are written, each after `takes` seconds."""

    def __init__(self, *answers: Found | RequestFault, takes: float = 0.0) -> None:
        self._answers = list(answers)
        self.takes = takes
        self.asked_at: list[float] = []

    async def look_up(self, _egress: Egress, _target: Target) -> Found | RequestFault:
        self.asked_at.append(trio.current_time())
        await trio.sleep(self.takes)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class Names:
    """Rounds of one name, and the addresses that were asked."""

    def __init__(self, targets: NamedTargets, prober: WrittenProber) -> None:
        self._targets = targets
        self._prober = prober

    @property
    def asked(self) -> tuple[Target, ...]:
        """The targets of the latest round."""
        return tuple(self._prober.rounds[-1][1])

    async def round(self, *others: Target, needed: int = 1) -> tuple[RoundOutcome, str, list[str]]:
        """The outcome of a round, its reason, and who was asked."""
        asked = len(self._prober.rounds)
        result = await self._targets.ask((NAME, *others), needed, 1.0)
        told = [target.address for _, targets in self._prober.rounds[asked:] for target in targets]
        return result.outcome, result.reason, told


@asynccontextmanager
async def named(resolver: Resolver) -> AsyncIterator[Names]:
    prober = WrittenProber()
    with NamedTargets(EGRESS, nullcontext(prober), resolver.look_up) as targets:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(targets.run)
            yield Names(targets, prober)
            nursery.cancel_scope.cancel()


async def test_a_round_asks_the_address_that_the_name_has(autojump_clock: MockClock) -> None:
    resolver = Resolver((("203.0.113.1",), 60.0), (("203.0.113.2",), 60.0))
    async with named(resolver) as names:
        assert (await names.round())[2] == ["203.0.113.1"]
        await trio.sleep(61)
        await names.round()  # has it looked up again, and does not wait for it
        assert (await names.round())[2] == ["203.0.113.2"]


async def test_an_address_stays_while_the_name_has_it(autojump_clock: MockClock) -> None:
    one, other = "203.0.113.1", "203.0.113.2"
    resolver = Resolver(((one, other), 60.0), ((other, one), 60.0))
    async with named(resolver) as names:
        for _ in range(4):
            assert (await names.round())[2] == [one]
            await trio.sleep(61)
    assert len(resolver.asked_at) == 4


async def test_a_name_that_is_left_out_is_looked_up_and_its_new_address_told(
    autojump_clock: MockClock,
) -> None:
    first, second = "203.0.113.1", "203.0.113.2"
    resolver = Resolver(((first,), 60.0), ((second,), 60.0))
    left_out: dict[Target, str] = {}
    told: list[tuple[str, bool]] = []

    async def report(event: Round | Answers) -> None:
        assert isinstance(event, Round)
        (answer,) = event.answers
        told.append((answer.target.address, answer.asked))
        if answer.target.address == first:
            left_out[NAME] = "it is led elsewhere"
        else:
            left_out.clear()

    probe = pinging("internet", NAME)
    line = Uplink("lte", "eth0", IPv4Address("198.51.100.1"), 10, Family.IPV4)
    prober = WrittenProber()
    with NamedTargets(EGRESS, nullcontext(prober), resolver.look_up) as targets:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(targets.run)
            timing = Timing(Pace(probe, []))
            nursery.start_soon(
                repeat, line, probe, targets, report, timing, False, lambda: left_out
            )
            await trio.sleep(70)
            nursery.cancel_scope.cancel()
    assert list(dict.fromkeys(told)) == [
        (first, True),
        (first, False),
        (second, False),
        (second, True),
    ]
    assert {target.address for _, asked in prober.rounds[1:] for target in asked} == {second}


@pytest.mark.parametrize("seconds", [0.0, 5.0, 1e9])
async def test_how_long_an_address_holds_has_bounds(
    seconds: float, autojump_clock: MockClock
) -> None:
    resolver = Resolver((("203.0.113.1",), seconds))
    async with named(resolver) as names:
        for _ in range(4000):
            await names.round()
            await trio.sleep(1)
    gap = resolver.asked_at[1] - resolver.asked_at[0]
    assert SHORTEST <= gap <= LONGEST + 2


async def test_the_last_address_stays_while_the_lookup_fails(autojump_clock: MockClock) -> None:
    resolver = Resolver((("203.0.113.1",), 30.0), SILENT, takes=0.5)
    async with named(resolver) as names:
        await names.round()
        for _ in range(100):
            assert await names.round() == (RoundOutcome.GOOD, "", ["203.0.113.1"])
            await trio.sleep(1)
    gaps = [b - a for a, b in zip(resolver.asked_at[1:], resolver.asked_at[2:], strict=False)]
    assert all(AGAIN <= gap <= AGAIN + 3 for gap in gaps)


async def test_a_name_that_never_had_an_address_is_waited_for(autojump_clock: MockClock) -> None:
    resolver = Resolver((("203.0.113.1",), 30.0), takes=0.7)
    async with named(resolver) as names:
        assert (await names.round())[0] is RoundOutcome.GOOD


async def test_no_answer_to_the_lookup_yet_is_unknown_and_none_at_all_failed(
    autojump_clock: MockClock,
) -> None:
    resolver = Resolver(SILENT, takes=1.5)
    async with named(resolver) as names:
        assert await names.round() == (RoundOutcome.UNKNOWN, "its address is not known yet", [])
        assert await names.round() == (RoundOutcome.FAILED, SILENT.words, [])
        assert await names.round() == (RoundOutcome.FAILED, SILENT.words, [])


async def test_a_resolver_that_refuses_at_once_is_not_asked_by_every_round(
    autojump_clock: MockClock,
) -> None:
    resolver = Resolver(SILENT)
    async with named(resolver) as names:
        for _ in range(200):
            assert (await names.round())[0] is RoundOutcome.FAILED
            await trio.sleep(0.01)
    assert len(resolver.asked_at) == 2


async def test_what_a_name_lacks_leaves_the_quorum_or_decides(autojump_clock: MockClock) -> None:
    other = Target.at(ip_address("203.0.113.9"))
    async with named(Resolver(NOBODY)) as names:
        assert (await names.round(other))[::2] == (RoundOutcome.GOOD, ["203.0.113.9"])
        assert (await names.round(other, needed=2))[0] is RoundOutcome.UNKNOWN
    async with named(Resolver(SILENT)) as names:
        assert (await names.round(other, needed=2))[0] is RoundOutcome.FAILED


async def test_rounds_of_one_address_take_no_more_room_in_the_journal(
    autojump_clock: MockClock,
) -> None:
    resolver = Resolver((("203.0.113.1",), 60.0), (("203.0.113.2",), 1e9))
    encoder = Encoder(1, grid_for(0.0))
    encoder.begin(0.0, 0.0, 0.0)
    sizes, rounds = [], []
    async with named(resolver) as names:
        for _ in range(300):
            await names.round()
            asked = names.asked
            now = trio.current_time()
            answers = tuple(Answer(target, 0.02) for target in asked)
            rounds.append(Round(now, UPLINK, "internet", now, RoundOutcome.GOOD, answers))
            before = encoder.size
            encoder.add(rounds[-1])
            sizes.append(encoder.size - before)
            await trio.sleep(1)
    assert {answer.target.address for r in rounds for answer in r.answers} == {
        "203.0.113.1",
        "203.0.113.2",
    }
    assert sum(size > min(sizes) for size in sizes) == 2, "once for each address"
