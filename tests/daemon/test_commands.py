"""Orders and new policies go in by one way, and each is carried out in its turn."""

from math import inf

import trio

from daemon.test_service import running
from route_switcher.core.vocabulary.commands import NewPolicy
from route_switcher.core.vocabulary.events import Event, LinkState, Release, Switch
from route_switcher.core.vocabulary.states import Cause
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.service import Service
from support.model_kernel import ModelKernel
from support.world import policy, uplink
from support.written_probers import WrittenProber


async def test_an_order_moves_the_selection_and_a_release_lets_it_return(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running() as world:
        await trio.sleep(10)
        await world.service.submit(Switch(0.0, "secondary", inf))
        await trio.testing.wait_all_tasks_blocked()
        assert await world.metrics() == {"eth0": 1010, "eth1": 20}
        await world.service.submit(Release(0.0, "secondary"))
        await trio.testing.wait_all_tasks_blocked()
        assert await world.metrics() == {"eth0": 10, "eth1": 20}
        causes = [(d.selected, d.cause) for d in world.decisions[1:]]
        assert causes == [("secondary", Cause.OPERATOR), ("primary", Cause.PREFERENCE)]


async def test_of_commands_that_wait_none_is_lost_and_each_has_the_time_of_its_turn(
    autojump_clock: trio.testing.MockClock,
) -> None:
    heard: list[Event] = []

    class Hearing(Observer):
        def event(self, event: Event) -> None:
            if isinstance(event, Switch | Release):
                heard.append(event)

    rules = policy()
    kernel = ModelKernel([LinkState(u.interface) for u in rules.uplinks])
    service = Service(rules, kernel, lambda *_: WrittenProber(), observers=[Hearing()])
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        await trio.sleep(10)
        now = trio.current_time()
        await service.submit(Switch(0.0, "secondary", inf))
        await service.submit(NewPolicy(policy(uplink("primary", 0), uplink("third", 1))))
        await service.submit(Switch(0.0, "third", now + 60, force=True))
        await service.submit(Release(0.0, "third"))
        await trio.testing.wait_all_tasks_blocked()
        assert heard == [
            Switch(now, "secondary", inf),
            Switch(now, "third", now + 60, force=True),
            Release(now, "third"),
        ]
        nursery.cancel_scope.cancel()
