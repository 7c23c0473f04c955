"""Orders and new policies go in by one way, and each is carried out in its turn."""

from math import inf

import trio

from daemon.test_service import running
from route_switcher.core.vocabulary.commands import NewPolicy
from route_switcher.core.vocabulary.events import Event, LinkState
from route_switcher.core.vocabulary.orders import Release, Switch
from route_switcher.core.vocabulary.outputs import Decision, Notice
from route_switcher.core.vocabulary.states import Cause
from route_switcher.core.vocabulary.status import Override
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.service import Service
from route_switcher.daemon.submitted import Outcome
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


async def test_who_gives_a_command_hears_what_came_of_it_once_the_routes_stand(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running() as world:
        await trio.sleep(10)
        taken = await world.service.submit(Switch(0.0, "secondary", inf))
        assert await world.metrics() == {"eth0": 1010, "eth1": 20}
        assert taken is not None
        assert [o.selected for o in taken.outputs if isinstance(o, Decision)] == ["secondary"]
        assert taken.status.families[0].override == Override("secondary", inf)
        world.lines["primary"].works = False
        await trio.sleep(10)
        refused = await world.service.submit(Switch(0.0, "primary", inf))
        assert refused is not None
        (notice,) = refused.outputs
        assert isinstance(notice, Notice)
        assert notice.text.startswith("switch to primary refused: primary is failed")
        assert refused.status.families[0].override == Override("secondary", inf)
        unknown = await world.service.submit(Release(0.0, "tertiary"))
        assert unknown is not None
        assert [o.text for o in unknown.outputs if isinstance(o, Notice)] == [
            "there is no uplink tertiary"
        ]


async def test_of_two_policies_that_wait_the_older_hears_that_it_does_not_count(
    autojump_clock: trio.testing.MockClock,
) -> None:
    outcomes: list[Outcome | None] = []
    async with running() as world, trio.open_nursery() as nursery:

        async def submit(name: str) -> None:
            outcomes.append(await world.service.submit(NewPolicy(policy(uplink(name, 0)))))

        for name in ("old", "new"):
            nursery.start_soon(submit, name)
    older, newer = sorted(outcomes, key=lambda outcome: outcome is not None)
    assert older is None
    assert newer is not None
    assert newer.status.families[0].uplinks[0].health.uplink.name in ("old", "new")


async def test_who_stops_waiting_takes_nothing_back(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running() as world:
        await trio.sleep(10)
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(world.service.submit, Switch(0.0, "secondary", inf))
                await trio.lowlevel.checkpoint()
                scope.cancel()
        await trio.testing.wait_all_tasks_blocked()
        assert await world.metrics() == {"eth0": 1010, "eth1": 20}
