"""Rounds by the default route: twice if they fail, and never of two switches at once."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn

import pytest
import trio

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.checks import Check, IcmpEcho
from route_switcher.core.vocabulary.effects import Verify, VerifyingRound
from route_switcher.core.vocabulary.events import Verified
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.daemon.verifying import Verifying
from route_switcher.probes.prober import ProbeNotPermitted, Prober
from support.keys import v4
from support.pinging import target

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN


class Asked:
    """A prober whose rounds come to what is written, each after a second."""

    def __init__(self, *outcomes: RoundOutcome) -> None:
        self.outcomes = list(outcomes)
        self.asked: list[tuple[object, ...]] = []

    async def run(self) -> NoReturn:
        await trio.sleep_forever()
        raise AssertionError

    async def ask(self, *what: Any) -> RoundResult:
        self.asked.append(what)
        began = trio.current_time()
        await trio.sleep(1)
        outcome = self.outcomes.pop(0)
        return RoundResult(began, outcome, (), "" if outcome is GOOD else "no answer")


def effect(name: str, *probes: str) -> Verify:
    rounds = tuple(
        VerifyingRound(probe, IcmpEcho(), (target("203.0.113.1"),), 1, 0.5) for probe in probes
    )
    return Verify(1.0, v4(name), 1.0, rounds)


async def verified(
    prober: Asked, *effects: Verify, by_itself: RoundOutcome = GOOD
) -> list[Verified]:
    told: list[Verified] = []

    async def report(event: Verified) -> None:
        told.append(event)

    @contextmanager
    def opened(_family: Family, _check: Check) -> Iterator[Prober]:
        yield prober

    @contextmanager
    def opened_bound(_uplink: UplinkId, _check: Check) -> Iterator[Prober]:
        yield Asked(by_itself, by_itself)

    verifying = Verifying(opened, opened_bound, report)
    async with trio.open_nursery() as nursery:
        for each in effects:
            nursery.start_soon(verifying.run, each)
            await trio.sleep(0.5)
    return told


async def test_a_good_round_is_enough(autojump_clock: trio.testing.MockClock) -> None:
    prober = Asked(GOOD)
    (event,) = await verified(prober, effect("a", "internet"))
    assert event.rounds == (("internet", GOOD, ""),)
    assert prober.asked == [((target("203.0.113.1"),), 1, 0.5)]


async def test_one_that_fails_is_made_once_more(autojump_clock: trio.testing.MockClock) -> None:
    (event,) = await verified(Asked(FAILED, GOOD), effect("a", "internet"))
    assert event.rounds == (("internet", GOOD, ""),)
    (event,) = await verified(Asked(FAILED, FAILED), effect("a", "internet"))
    assert event.rounds == (("internet", FAILED, "no answer"),)


@pytest.mark.parametrize("by_itself", [FAILED, UNKNOWN])
async def test_a_line_that_has_died_says_nothing_about_the_default_route(
    autojump_clock: trio.testing.MockClock, by_itself: RoundOutcome
) -> None:
    asked = Asked(FAILED, FAILED)
    (event,) = await verified(asked, effect("a", "internet"), by_itself=by_itself)
    assert event.rounds == (("internet", UNKNOWN, "no answer by its interface either"),)


async def test_each_probe_has_its_round(autojump_clock: trio.testing.MockClock) -> None:
    (event,) = await verified(Asked(GOOD, FAILED, FAILED), effect("a", "internet", "office"))
    assert [outcome for _, outcome, _ in event.rounds] == [GOOD, FAILED]


async def test_those_of_a_later_switch_end_them(autojump_clock: trio.testing.MockClock) -> None:
    events = await verified(Asked(GOOD, GOOD), effect("a", "internet"), effect("b", "internet"))
    assert [event.uplink.name for event in events] == ["b"]


async def test_where_no_socket_is_to_be_had_nothing_is_known() -> None:
    class Refused(AbstractContextManager[Prober]):
        def __enter__(self) -> Prober:
            raise ProbeNotPermitted("run it as root")

        def __exit__(self, *_: object) -> None:
            pass

    told: list[Verified] = []

    async def report(event: Verified) -> None:
        told.append(event)

    await Verifying(lambda *_: Refused(), lambda *_: Refused(), report).run(effect("a", "internet"))
    assert told[0].rounds == (("internet", UNKNOWN, "run it as root"),)
