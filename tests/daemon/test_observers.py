"""Whoever observes the service is told everything, in order, and has a task of its own."""

import trio

from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.vocabulary.events import Event, LinkState, Round, Routes, Start
from route_switcher.core.vocabulary.outputs import Decision, Output, RouteLost
from route_switcher.daemon.dry_run import DryRunTable
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.service import Service
from support.model_kernel import ModelKernel
from support.world import policy
from support.written_probers import WrittenProber


class Diary(Observer):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.runs: list[str] = []

    async def run(self) -> None:
        self.runs.append("began")
        try:
            await trio.sleep_forever()
        finally:
            self.runs.append("ended")

    def event(self, event: Event) -> None:
        self.told.append(event)

    def output(self, output: Output) -> None:
        self.told.append(output)

    def reconciled(self, result: Reconciled, seconds: float) -> None:
        self.told.append(result)

    def overrun(self) -> None:
        self.told.append("overrun")


class Stuck(Observer):
    """Has a queue with room for one thing, and never takes it out."""

    def __init__(self) -> None:
        self.lost = 0
        self.put, self.take = trio.open_memory_channel[Event](1)

    async def run(self) -> None:
        await trio.sleep_forever()

    def event(self, event: Event) -> None:
        try:
            self.put.send_nowait(event)
        except trio.WouldBlock:
            self.lost += 1


async def test_all_are_told_and_one_that_is_stuck_holds_up_nobody(
    autojump_clock: trio.testing.MockClock,
) -> None:
    rules = policy()
    kernel = ModelKernel([LinkState(u.interface) for u in rules.uplinks])
    diary, stuck = Diary(), Stuck()
    service = Service(rules, kernel, lambda *_: WrittenProber(), observers=[stuck, diary])
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        await trio.testing.wait_all_tasks_blocked()
        assert diary.runs == ["began"]
        first = [type(told) for told in diary.told[:4]]
        assert first[0] is Start
        assert Reconciled in first
        await trio.sleep(100)
        kernel.flush()
        kernel.overrun()
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert diary.runs == ["began", "ended"]
    assert sum(isinstance(told, Round) for told in diary.told) >= 2 * 99
    assert stuck.lost == sum(isinstance(told, Event) for told in diary.told) - 1
    assert any(isinstance(told, Decision) for told in diary.told)
    assert any(isinstance(told, Routes) for told in diary.told)
    lost = [told for told in diary.told if isinstance(told, RouteLost)]
    assert [told.by for told in lost] == ["somebody else"] * 2
    assert diary.told.count("overrun") == 1


async def test_a_dry_run_reconciles_nothing(autojump_clock: trio.testing.MockClock) -> None:
    rules = policy()
    kernel = ModelKernel([LinkState(u.interface) for u in rules.uplinks])
    diary = Diary()
    table = DryRunTable(kernel, lambda _: None)
    service = Service(rules, kernel, lambda *_: WrittenProber(), table=table, observers=[diary])
    with trio.move_on_after(10):
        await service.run()
    assert isinstance(diary.told[0], Start)
    assert not any(isinstance(told, Reconciled) for told in diary.told)
