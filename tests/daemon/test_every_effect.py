"""The daemon carries out every effect of the core, and virtual time passes all of them on."""

import logging
from typing import get_args

import pytest
import trio

from route_switcher.core.effect_table import EffectTable
from route_switcher.core.routing.reconcile import Convergence
from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.effects import Effect, ProbeNow, Reconcile, SpeedChange
from route_switcher.core.vocabulary.events import Answers, Round
from route_switcher.core.vocabulary.states import Speed
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId
from route_switcher.daemon.effects import effects_of_daemon
from route_switcher.daemon.observers import LogObserver
from route_switcher.daemon.probing import ProbeTasks
from support import world
from support.answering import Net, policy
from support.written_probers import WrittenProber

PRIMARY = UplinkId("primary", Family.IPV4)


def prober(_uplink: Uplink, _check: Check) -> WrittenProber:
    return WrittenProber()


async def report(_event: Round | Answers) -> None:
    """No round comes."""


async def test_the_daemon_has_an_entry_for_every_effect() -> None:
    async with trio.open_nursery() as nursery:
        probing = ProbeTasks(nursery, prober, report)
        table = effects_of_daemon(probing, Convergence(lambda: ()), print, print, print, print)
    assert table.kinds == set(get_args(Effect))


def test_an_effect_goes_to_the_entry_of_its_kind() -> None:
    done: list[Effect] = []
    table = EffectTable()
    table.add(Reconcile, done.append)
    table.carry_out(Reconcile(1.0))
    assert done == [Reconcile(1.0)]


def test_an_effect_without_an_entry_is_an_error() -> None:
    with pytest.raises(KeyError):
        EffectTable().carry_out(ProbeNow(1.0, PRIMARY))


def test_virtual_time_passes_on_what_it_cannot_carry_out(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = EffectTable()
    monkeypatch.setattr("route_switcher.virtual.world.effects_of_world", lambda *_: empty)
    net = Net(policy())
    net.run(10).cut("a")
    net.run(30)
    assert net.moves() == [("a", "b")]
    assert SpeedChange in {type(output) for output in net.outputs}


@pytest.mark.parametrize(
    ("effect", "event", "message", "fields"),
    [
        (
            ProbeNow(1.0, PRIMARY),
            "probe-now",
            "primary: asked for a round at once",
            {},
        ),
        (
            SpeedChange(1.0, PRIMARY, Speed.STANDBY),
            "speed",
            "primary: rounds go at the standby speed",
            {"uplink": "primary", "family": "IPv4", "speed": "standby"},
        ),
    ],
)
def test_the_line_of_an_effect_in_the_log(
    effect: Effect,
    event: str,
    message: str,
    fields: dict[str, object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "route_switcher")
    LogObserver(world.policy()).output(effect)
    (record,) = caplog.records
    assert record.levelno == logging.DEBUG
    assert record.getMessage() == message
    assert record.__dict__["event"] == event
    assert record.__dict__["fields"] == fields
