"""Whoever observes the service is told everything, in order, and has a task of its own."""

import json

import pytest
import trio

from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.vocabulary.events import Event, LinkState, Round, Routes, Start
from route_switcher.core.vocabulary.outputs import Decision, Output, RouteLost
from route_switcher.daemon.dry_run import DryRunTable
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.report import set_up_log, tell_failed_observer
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


class Faulty(Diary):
    """Raises in one of its methods, the third time."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self._method = method
        self._calls = 0

    def _call(self, method: str) -> None:
        if method == self._method:
            self._calls += 1
            if self._calls == 3:
                raise ValueError(f"a bug in {method}")

    async def run(self) -> None:
        self._calls += 2
        self._call("run")
        await super().run()

    def event(self, event: Event) -> None:
        super().event(event)
        self._call("event")

    def output(self, output: Output) -> None:
        super().output(output)
        self._call("output")

    def reconciled(self, result: Reconciled, seconds: float) -> None:
        super().reconciled(result, seconds)
        self._call("reconciled")

    def overrun(self) -> None:
        super().overrun()
        self._call("overrun")


@pytest.mark.parametrize("method", ["run", "event", "output", "reconciled", "overrun"])
async def test_one_that_raises_is_left_out_and_told_once_and_the_engine_fails_over(
    autojump_clock: trio.testing.MockClock,
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    rules = policy()
    kernel = ModelKernel([LinkState(u.interface) for u in rules.uplinks])
    lines = {u.name: WrittenProber() for u in rules.uplinks}
    faulty, diary = Faulty(method), Diary()
    service = Service(rules, kernel, lambda u, _: lines[u.name], observers=[faulty, diary])
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        for _ in range(3):
            kernel.overrun()
            await trio.sleep(1)
        kernel.flush()
        await trio.sleep(1)
        told = len(faulty.told)
        lines["primary"].works = False
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    moves = [(d.previous, d.selected) for d in diary.told if isinstance(d, Decision)]
    assert moves == [(None, "primary"), ("primary", "secondary")]
    assert len(faulty.told) == told
    assert faulty.runs == ([] if method == "run" else ["began", "ended"])
    (line,) = [r for r in caplog.records if r.levelname == "ERROR"]
    assert line.message.startswith("Faulty failed")
    trace = vars(line)["fields"]["traceback"]
    assert trace.startswith("Traceback (most recent call last)")
    assert trace.endswith(f"ValueError: a bug in {method}\n")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_log_shows_the_traceback_of_an_observer(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    set_up_log("info", log_format)
    try:
        raise ValueError("\x1b[2J")
    except ValueError as error:
        tell_failed_observer("Faulty", error)
    text = capsys.readouterr().err
    assert "\x1b" not in text
    if log_format == "json":
        (line,) = map(json.loads, text.splitlines())
        assert (line["level"], line["event"], line["observer"]) == ("error", "observer", "Faulty")
        assert line["traceback"].startswith("Traceback")
    else:
        first, second, *_ = text.splitlines()
        assert " ERROR   Faulty failed" in first
        assert second == "    Traceback (most recent call last):"
