"""In which order the loop takes what waits."""

from collections.abc import Iterable, Sequence
from math import inf

import trio
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.vocabulary.commands import Command, NewPolicy
from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.orders import Switch
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.daemon.inbox import (
    COMMANDS,
    IN_A_ROW,
    REST,
    ForeignRoutes,
    Inbox,
    Item,
)
from route_switcher.daemon.submitted import Submitted
from route_switcher.kernel.base import KernelNews
from support.keys import v4
from support.world import policy

LINKS = KernelNews(links=True)
ROUTES = KernelNews(routes=True)


def numbered(number: int) -> Round:
    return Round(0.0, v4("primary"), "internet", float(number), RoundOutcome.GOOD)


def numbered_order(number: int) -> Switch:
    return Switch(float(number), "primary", inf)


def commands(items: Iterable[Item]) -> list[Command]:
    return [item.command for item in items if isinstance(item, Submitted)]


async def taken(inbox: Inbox) -> list[Item]:
    """All that can be taken now."""
    items: list[Item] = []
    while (item := await inbox.next(trio.current_time() + 1e-6)) is not None:
        items.append(item)
    return items


async def test_news_that_wait_are_one(autojump_clock: trio.testing.MockClock) -> None:
    inbox = Inbox()
    for news in (LINKS, ROUTES, LINKS):
        inbox.give_news(news)
    assert await taken(inbox) == [LINKS | ROUTES]


async def test_a_round_does_not_wait_for_older_news(
    autojump_clock: trio.testing.MockClock,
) -> None:
    inbox = Inbox()
    inbox.give_news(LINKS)
    await inbox.give_round(numbered(1))
    await inbox.give_round(numbered(2))
    assert await taken(inbox) == [numbered(1), numbered(2), LINKS]


async def test_news_do_not_wait_for_rounds_without_end(
    autojump_clock: trio.testing.MockClock,
) -> None:
    inbox = Inbox()
    inbox.give_news(LINKS)
    for number in range(3 * IN_A_ROW):
        await inbox.give_round(numbered(number))
    items = await taken(inbox)
    assert items.index(LINKS) == IN_A_ROW
    assert [i for i in items if i != LINKS] == [numbered(n) for n in range(3 * IN_A_ROW)]


async def test_of_policies_and_of_others_routes_only_the_latest_matters(
    autojump_clock: trio.testing.MockClock,
) -> None:
    inbox = Inbox()
    old, new = policy(), policy()
    await inbox.give_command(Submitted(NewPolicy(old)))
    await inbox.give_command(Submitted(NewPolicy(new)))
    inbox.give_foreign(())
    inbox.give_foreign(())
    first, second = await taken(inbox)
    (command,) = commands([first])
    assert isinstance(command, NewPolicy)
    assert command.policy is new
    assert second == ForeignRoutes(())
    inbox.give_foreign(())
    inbox.forget_foreign()
    assert await taken(inbox) == []


async def test_commands_keep_their_order_and_a_policy_its_place(
    autojump_clock: trio.testing.MockClock,
) -> None:
    inbox = Inbox()
    old, new = NewPolicy(policy()), NewPolicy(policy())
    for command in (numbered_order(0), old, numbered_order(1), new):
        await inbox.give_command(Submitted(command))
    first, second, third = commands(await taken(inbox))
    assert (first, third) == (numbered_order(0), numbered_order(1))
    assert second is new


async def test_rounds_do_not_wait_for_commands_without_end(
    autojump_clock: trio.testing.MockClock,
) -> None:
    inbox = Inbox()

    async def order() -> None:
        for number in range(5 * COMMANDS):
            await inbox.give_command(Submitted(numbered_order(number)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(order)
        await trio.testing.wait_all_tasks_blocked()
        await inbox.give_round(numbered(1))
        inbox.give_news(LINKS)
        items = await taken(inbox)
    assert commands(items) == [numbered_order(n) for n in range(5 * COMMANDS)]
    assert items.index(numbered(1)) == 1
    assert items.index(LINKS) == 3


async def test_lone_news_wake_the_loop_at_once_and_a_storm_leaves_it_most_of_the_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    inbox = Inbox()
    began = trio.current_time()
    inbox.give_news(LINKS)
    assert await inbox.next(inf) == LINKS
    assert trio.current_time() == began
    for took, rest in ((0.0, REST.shortest), (0.01, 0.03), (5.0, REST.longest)):
        inbox.rest(took)
        began = trio.current_time()
        inbox.give_news(LINKS)
        inbox.give_news(ROUTES)
        await inbox.give_round(numbered(1))
        assert await inbox.next(inf) == numbered(1)
        assert trio.current_time() == began
        assert await inbox.next(inf) == LINKS | ROUTES
        assert abs(trio.current_time() - began - rest) < 1e-9


async def test_a_deadline_comes_first(autojump_clock: trio.testing.MockClock) -> None:
    inbox = Inbox()
    inbox.give_news(LINKS)
    await inbox.give_round(numbered(1))
    assert await inbox.next(trio.current_time()) is None
    assert len(await taken(inbox)) == 2


async def test_news_of_a_full_inbox_are_not_lost(autojump_clock: trio.testing.MockClock) -> None:
    inbox = Inbox()
    number = 0
    with trio.move_on_after(1):
        while True:
            await inbox.give_round(numbered(number))
            number += 1
    inbox.give_news(LINKS)
    assert LINKS in await taken(inbox)


@given(
    st.lists(st.sampled_from(("round", "links", "routes", "policy", "order", "take")), max_size=60)
)
def test_nothing_is_lost_and_rounds_keep_their_order(steps: Sequence[str]) -> None:
    async def main() -> None:
        inbox = Inbox()
        given_rounds = orders = 0
        news = KernelNews()
        items: list[Item] = []
        for step in steps:
            if step == "round":
                await inbox.give_round(numbered(given_rounds))
                given_rounds += 1
            elif step == "policy":
                await inbox.give_command(Submitted(NewPolicy(policy())))
            elif step == "order":
                if orders < COMMANDS - 1:
                    await inbox.give_command(Submitted(numbered_order(orders)))
                    orders += 1
            elif step == "take":
                item = await inbox.next(trio.current_time() + 1e-6)
                items += [item] if item is not None else []
                if isinstance(item, KernelNews):
                    inbox.rest(0.0)
            else:
                one = LINKS if step == "links" else ROUTES
                news |= one
                inbox.give_news(one)
        await trio.sleep(REST.shortest)
        items += await taken(inbox)
        rounds = [i for i in items if isinstance(i, Round)]
        assert rounds == [numbered(n) for n in range(given_rounds)]
        kept = [c for c in commands(items) if isinstance(c, Switch)]
        assert kept == [numbered_order(n) for n in range(orders)]
        told = KernelNews()
        for item in items:
            if isinstance(item, KernelNews):
                told |= item
        assert told == news
        assert any(isinstance(c, NewPolicy) for c in commands(items)) == ("policy" in steps)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


async def test_deadlines_that_have_all_passed_hold_up_nothing_that_waits(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A machine is so slow that what is to be done every 0.1 s takes longer than that."""
    inbox = Inbox()
    rounds = [numbered(number) for number in range(IN_A_ROW + 1)]
    for each in rounds:
        await inbox.give_round(each)
    inbox.give_news(LINKS)
    items = [await inbox.next(trio.current_time()) for _ in range(IN_A_ROW + 6)]
    assert items == [None, *rounds[:IN_A_ROW], None, LINKS, rounds[IN_A_ROW], None, None]


async def test_a_deadline_that_comes_while_things_wait_is_taken_before_them(
    autojump_clock: trio.testing.MockClock,
) -> None:
    inbox = Inbox()
    await inbox.give_round(numbered(1))
    await inbox.give_round(numbered(2))
    assert await inbox.next(trio.current_time()) is None
    assert await inbox.next(trio.current_time() + 1) == numbered(1)
    assert await inbox.next(trio.current_time()) is None
