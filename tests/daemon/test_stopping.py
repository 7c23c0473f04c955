"""A daemon that is asked to end: what it says last."""

import logging
import os
import signal

import pytest
import trio

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.daemon.reloading import Reloading
from route_switcher.daemon.report import say
from route_switcher.daemon.serve import serve
from route_switcher.daemon.service import Service
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
            await serve(service, Reloading(service.submit, lambda: rules, tuple))
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
        await serve(service, Reloading(service.submit, lambda: rules, tuple))
    assert "disturbance 99" in caplog.text
