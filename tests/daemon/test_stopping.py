"""A daemon that is asked to end: what it says last."""

import logging
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address

import pytest
import trio

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.lookups import Lookup, Unanswered
from route_switcher.core.vocabulary.policy import OnExit
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.core.vocabulary.ways import Findings, LocalNetwork
from route_switcher.daemon.leaving import LIMIT, leave
from route_switcher.daemon.reloading import Reloading
from route_switcher.daemon.report import say
from route_switcher.daemon.serve import serve
from route_switcher.daemon.service import Service
from route_switcher.policy.load import Written
from support.model_kernel import ModelKernel
from support.world import policy
from support.written_probers import WrittenProber


class TalkativeProber(WrittenProber):
    """A prober that says something while its task is cancelled."""

    async def run(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            say(logging.INFO, "prober", "the prober is closed")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_line_that_says_it_is_stopped_is_the_last_one(
    number: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    rules = policy()
    kernel = ModelKernel([LinkState(uplink.interface) for uplink in rules.uplinks])
    opened = trio.Event()

    def open_prober(*_: object) -> TalkativeProber:
        opened.set()
        return TalkativeProber()

    async def stop() -> None:
        await opened.wait()
        await trio.testing.wait_all_tasks_blocked()
        os.kill(os.getpid(), number)

    with caplog.at_level(logging.INFO):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop)
            service = Service(rules, kernel, open_prober)
            await serve(service, Reloading(service.submit, lambda: Written(rules, ""), tuple))
    told = [record.getMessage() for record in caplog.records]
    assert "the prober is closed" in told
    assert told[-1] == f"stopped by {number.name}; the routes stay as they are"


async def test_what_was_held_back_is_told_before_an_error_ends_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The last lines before the end may explain it."""
    rules = policy()
    kernel = ModelKernel([LinkState(uplink.interface) for uplink in rules.uplinks])

    class Failing(TalkativeProber):
        async def run(self) -> None:
            for number in range(100):
                say(logging.WARNING, "held", f"disturbance {number}")
            raise ValueError("a bug")

    service = Service(rules, kernel, lambda *_: Failing())
    with caplog.at_level(logging.INFO), pytest.raises(ExceptionGroup):
        await serve(service, Reloading(service.submit, lambda: Written(rules, ""), tuple))
    assert "disturbance 99" in caplog.text


THEIRS = Route(Family.IPV4, "lan0", ip_address("203.0.113.254"), 5000, protocol=16)


class Mute:
    """An oracle that knows nothing."""

    def follow(self, uplinks: Sequence[Uplink]) -> None: ...

    async def networks(self) -> tuple[LocalNetwork, ...]:
        return ()

    async def findings(self, lookups: Sequence[Lookup]) -> Findings:
        return Findings({lookup: Unanswered("nobody asked") for lookup in lookups})

    async def changed(self) -> None:
        await trio.sleep_forever()


class Obstinate(ModelKernel):
    """A kernel that deletes nothing: it refuses, or never answers."""

    hangs = False
    deleting = False

    async def apply(self, action: RouteAction) -> str | None:
        if not self.deleting or action.change is not Change.DELETE:
            return await super().apply(action)
        if self.hangs:
            await trio.sleep_forever()
        return "it does not want to"


async def _left(kernel: Obstinate, caplog: pytest.LogCaptureFixture) -> tuple[str, list[str]]:
    """What is said when an engine ends that has moved its routes in."""
    rules = replace(policy(), on_exit=OnExit.RESTORE)
    for uplink in rules.uplinks:
        kernel.set_link(LinkState(uplink.interface))
    kernel.set_link(LinkState("lan0"))
    service = Service(rules, kernel, lambda *_: WrittenProber())
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    kernel.deleting = True
    with caplog.at_level(logging.INFO):
        said = await leave(service, kernel, Mute())
    return said, [record.getMessage() for record in caplog.records]


async def test_a_kernel_that_refuses_is_named(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    said, told = await _left(Obstinate(routes=[THEIRS]), caplog)
    assert said == "the rest of the routes stays as it is: the kernel refused some of it"
    assert sum(line.endswith(": it does not want to") for line in told) == 2


async def test_a_kernel_that_does_not_answer_is_waited_for_a_few_seconds(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    kernel = Obstinate(routes=[THEIRS])
    kernel.hangs = True
    began = trio.current_time()
    said, _ = await _left(kernel, caplog)
    assert said == "not everything was done within 5 s: the rest of the routes stays as it is"
    assert trio.current_time() - began == pytest.approx(10 + LIMIT)


async def test_an_end_in_the_middle_of_a_change_leaves_nothing_of_ours(
    autojump_clock: trio.testing.MockClock,
) -> None:
    class Slow(ModelKernel):
        applying = trio.Event()

        async def apply(self, action: RouteAction) -> str | None:
            if action.route.metric == 1010 and not self.applying.is_set():
                self.applying.set()
                await trio.sleep_forever()
            return await super().apply(action)

    rules = replace(policy(), on_exit=OnExit.RESTORE)
    links = [LinkState(name) for name in (*(u.interface for u in rules.uplinks), "lan0")]
    kernel = Slow(links, [THEIRS])
    lines = {uplink.name: WrittenProber() for uplink in rules.uplinks}
    service = Service(rules, kernel, lambda its, _: lines[its.name])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(service.run)
        await kernel.applying.wait()
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert await leave(service, kernel, Mute()) == "our routes are removed"
    assert await kernel.default_routes() == (THEIRS,)
