"""What becomes of rounds after they were told, in virtual time and without packets."""

import pytest
import trio
from trio.testing import MockClock

from route_switcher.core.probing.followed_rounds import LATE
from route_switcher.core.vocabulary.events import Answer
from route_switcher.probes.late_replies import REMEMBERED, LateReplies
from route_switcher.probes.matching import EchoRequest, EchoRound
from route_switcher.probes.open_round import OpenRound
from support.pinging import target

TIMEOUT = 1.0
TARGETS = [target(f"198.51.100.{n}") for n in range(1, 4)]
LOST = "no answer within 1 s"


class World:
    """Late replies, what it told, and the rounds that it forgot."""

    def __init__(self) -> None:
        self.forgotten: list[EchoRound] = []
        self.late_replies = LateReplies(self.forgotten.append, trio.lowlevel.checkpoint)
        self.told: list[tuple[float, float, tuple[Answer, ...]]] = []
        """When, of a round sent when, and what."""

    def sent(self, needed: int = 1, targets: int = 2) -> EchoRound:
        """A round that is sent now."""
        now = trio.current_time()
        requests = tuple(
            EchoRequest(target, str(target), number, b"", sent_at=now)
            for number, target in enumerate(TARGETS[:targets])
        )
        open_round = OpenRound(requests, needed, TIMEOUT)
        open_round.sent()
        return open_round

    def answer(self, open_round: EchoRound, place: int) -> None:
        """The target at this place answers now."""
        request = open_round.requests[place]
        open_round.answer(request, trio.current_time() - request.sent_at)
        self.late_replies.answered(open_round, request)

    async def over(self, open_round: EchoRound) -> None:
        """The round is judged now, and followed."""
        echoes = open_round.result(trio.current_time())
        self.late_replies.follow(open_round, echoes, self._tell)
        await self.late_replies.tell_due()

    async def until(self, time: float) -> None:
        """Tell what is due, as the line's task does, until `time`."""
        with trio.move_on_at(time):
            await self.late_replies.run()

    async def _tell(self, sent_at: float, answers: tuple[Answer, ...]) -> None:
        await trio.lowlevel.checkpoint()
        self.told.append((trio.current_time(), sent_at, answers))


@pytest.fixture
def world() -> World:
    return World()


async def test_what_was_pending_is_told_once_all_of_it_is_settled(
    autojump_clock: MockClock, world: World
) -> None:
    open_round = world.sent(targets=3)
    world.answer(open_round, 0)
    await world.over(open_round)
    await world.until(0.25)
    world.answer(open_round, 2)
    await world.until(0.5)
    assert world.told == []
    world.answer(open_round, 1)
    await world.until(5)
    settled = (Answer(TARGETS[1], 0.5), Answer(TARGETS[2], 0.25))
    assert world.told == [(0.5, 0, settled)]
    assert world.forgotten == [open_round]


async def test_what_stays_silent_is_told_at_the_timeout(
    autojump_clock: MockClock, world: World
) -> None:
    open_round = world.sent(targets=3)
    world.answer(open_round, 0)
    await world.over(open_round)
    await world.until(0.25)
    world.answer(open_round, 2)
    await world.until(5)
    settled = (Answer(TARGETS[1], None, LOST), Answer(TARGETS[2], 0.25))
    assert world.told == [(1.0, 0, settled)]
    assert open_round in world.late_replies


async def test_rounds_of_probes_with_other_timeouts_do_not_wait_for_each_other(
    autojump_clock: MockClock, world: World
) -> None:
    slow = world.sent()
    world.answer(slow, 0)
    slow.requests[-1].sent_at += 0.75  # its last request was sent later
    await world.over(slow)
    quick = world.sent()
    world.answer(quick, 0)
    await world.over(quick)
    await world.until(5)
    assert [at for at, _, _ in world.told] == [1.0, 1.75]


async def test_each_late_answer_is_told_when_it_comes(
    autojump_clock: MockClock, world: World
) -> None:
    open_round = world.sent(needed=2)
    await world.until(TIMEOUT)
    await world.over(open_round)
    assert world.told == []  # the round has told that they were silent
    for place, at in ((1, 1.5), (0, 2.5)):
        await world.until(at)
        world.answer(open_round, place)
        await world.late_replies.tell_due()
    assert world.told == [
        (1.5, 0, (Answer(TARGETS[1], 1.5),)),
        (2.5, 0, (Answer(TARGETS[0], 2.5),)),
    ]


async def test_what_was_late_before_its_round_was_over_is_told_at_once(
    autojump_clock: MockClock, world: World
) -> None:
    open_round = world.sent(needed=2)
    open_round.requests[-1].sent_at += 0.5
    await world.until(1.25)
    world.answer(open_round, 0)  # too late, and the other may still come in time
    await world.until(1.5)
    await world.over(open_round)
    assert world.told == [(1.5, 0, (Answer(TARGETS[0], 1.25),))]


async def test_one_that_is_late_while_others_are_pending_is_told_as_lost_first(
    autojump_clock: MockClock, world: World
) -> None:
    open_round = world.sent(targets=3)
    world.answer(open_round, 0)
    open_round.requests[-1].sent_at += 0.5
    await world.over(open_round)
    await world.until(1.25)
    world.answer(open_round, 1)
    await world.until(5)
    late = f"answered after 1.25 s, later than {TIMEOUT:g} s"
    lost = (Answer(TARGETS[1], None, late), Answer(TARGETS[2], None, LOST))
    assert world.told == [(1.5, 0, lost), (1.5, 0, (Answer(TARGETS[1], 1.25),))]


async def test_a_round_that_is_known_wholly_is_not_followed(
    autojump_clock: MockClock, world: World
) -> None:
    open_round = world.sent(needed=2)
    for place in range(2):
        world.answer(open_round, place)
    await world.over(open_round)
    assert open_round not in world.late_replies


async def test_waking_up_long_after_the_timeout_tells_of_no_loss(
    autojump_clock: MockClock, world: World
) -> None:
    open_round = world.sent(targets=3)
    world.answer(open_round, 0)
    await world.over(open_round)
    await trio.sleep(0.5)
    world.answer(open_round, 2)
    await trio.sleep(1.75)
    await world.until(3)
    why = "this machine was delayed by 1.2 s"
    (told,) = world.told
    assert told[2] == (Answer(TARGETS[1], None, why, asked=False), Answer(TARGETS[2], 0.5))
    assert world.forgotten == [open_round]
    assert open_round not in world.late_replies


async def test_a_standstill_while_it_was_sent_makes_no_loss_of_a_good_round(
    autojump_clock: MockClock, world: World
) -> None:
    open_round = world.sent(targets=3)
    open_round.requests[-1].sent_at += 1.5
    await world.until(1.75)
    world.answer(open_round, 2)
    await world.until(2.75)
    await world.over(open_round)
    assert world.told == []
    answers = open_round.result(2.75).answers
    assert [answer.asked for answer in answers] == [False, False, True]
    assert open_round not in world.late_replies


async def test_a_round_is_remembered_until_late_answers_are_of_no_use(
    autojump_clock: MockClock, world: World
) -> None:
    first = world.sent(needed=2)
    await world.until(TIMEOUT)
    await world.over(first)
    await world.until(TIMEOUT + LATE - 0.5)
    second = world.sent()
    world.answer(second, 0)
    await world.over(second)
    assert first in world.late_replies
    await world.until(TIMEOUT + LATE + 0.5)
    third = world.sent(targets=1)
    world.answer(third, 0)
    await world.over(third)
    assert first in world.forgotten
    assert first not in world.late_replies


async def test_memory_has_a_bound_and_the_oldest_are_forgotten(
    autojump_clock: MockClock, world: World
) -> None:
    rounds = [world.sent(needed=2) for _ in range(REMEMBERED)]
    await world.until(TIMEOUT)
    for open_round in rounds:
        await world.over(open_round)
    assert world.forgotten == rounds[: REMEMBERED // 2]


async def test_an_answer_counts_for_five_seconds_after_the_timeout_though_no_round_follows(
    autojump_clock: MockClock, world: World
) -> None:
    for waited, told in ((TIMEOUT + LATE - 0.1, 1), (TIMEOUT + LATE + 0.1, 0)):
        world.told.clear()
        open_round = world.sent(targets=2)
        await world.until(trio.current_time() + TIMEOUT)
        await world.over(open_round)
        await world.until(open_round.sent_at + waited)
        world.answer(open_round, 1)
        await world.until(trio.current_time() + 1)
        assert len(world.told) == told
