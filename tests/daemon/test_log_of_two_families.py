"""In the JSON form, an uplink that has both families is told apart by a field."""

import logging

import pytest

from route_switcher.core.vocabulary.effects import SpeedChange
from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.outputs import RuleChange
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome, RuleState, Speed
from route_switcher.daemon.observers import LogObserver
from route_switcher.daemon.report import LOG
from support.two_families import BOTH, WAN


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, LOG.name)


def families(caplog: pytest.LogCaptureFixture, event: str) -> list[str]:
    records = [record for record in caplog.records if getattr(record, "event", None) == event]
    return [record.__dict__["fields"]["family"] for record in records]


def test_what_is_told_of_an_uplink_names_its_family(caplog: pytest.LogCaptureFixture) -> None:
    observer = LogObserver(BOTH)
    answers = (Answer(Target("example"), 0.01),)
    for uplink in (each.id for each in WAN):
        observer.event(Round(1.0, uplink, "internet", 0.9, RoundOutcome.GOOD, answers))
        observer.event(Answers(1.0, uplink, "internet", 0.9, answers))
        observer.output(SpeedChange(1.0, uplink, Speed.STANDBY))
        observer.output(RuleChange(1.0, uplink, "r", RuleState.OK, RuleState.FAILED, "silent"))
    for event in ("round", "answers", "speed", "rule"):
        assert families(caplog, event) == ["IPv4", "IPv6"]


def test_many_lines_about_a_rule_hold_back_none_of_the_other_family(
    caplog: pytest.LogCaptureFixture,
) -> None:
    observer = LogObserver(BOTH)
    noisy, quiet = (each.id for each in WAN)
    for _ in range(1000):
        observer.output(RuleChange(1.0, noisy, "flaps", RuleState.OK, RuleState.FAILED, "silent"))
    observer.output(RuleChange(1.0, quiet, "flaps", RuleState.OK, RuleState.FAILED, "silent"))
    told = families(caplog, "rule")
    assert (told[-1], len(told) < 1000) == ("IPv6", True)
