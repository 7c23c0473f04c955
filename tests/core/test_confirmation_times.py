"""How long a verdict on a probe that fails is waited for: the `for` of every level adds to it."""

import pytest

from route_switcher.core.health.confirmation import confirmation_of
from route_switcher.core.health.latest_rounds import LONGEST_WAIT, LatestRounds
from route_switcher.core.vocabulary.checks import Layer
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    ConsecutiveFailures,
    Measure,
)
from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.states import RoundOutcome
from support.answering import probe
from support.keys import v4

LOSSY = Beyond(Measure.LOSS, "internet", 0.5, 10.0, 2.0)
LOSSY_FOR_LONG = Beyond(Measure.LOSS, "internet", 0.5, 20.0)


@pytest.mark.parametrize("group", [AnyOf, AllOf])
def test_the_for_of_a_group_comes_after_the_longest_of_its_parts(
    group: type[AnyOf | AllOf],
) -> None:
    rule = Rule("lossy", group((LOSSY, LOSSY_FOR_LONG), 5.0), Recover(20.0))
    assert confirmation_of(probe(), (rule,)).seconds == 20.0 + 5.0


def test_groups_in_groups_add_up() -> None:
    inner = AllOf((LOSSY, ConsecutiveFailures("internet", 3)), 4.0)
    rule = Rule("lossy", AnyOf((inner,), 5.0), Recover(20.0))
    assert confirmation_of(probe(), (rule,)).seconds == 10.0 + 2.0 + 4.0 + 5.0


def test_nothing_is_waited_for_longer_than_a_minute() -> None:
    rule = Rule("lossy", AnyOf((LOSSY,), 3600.0), Recover(20.0))
    latest = LatestRounds(10.0, confirmation_of(probe(), (rule,)), Layer.ICMP)
    failed = Round(6.0, v4("a"), "internet", 5.0, RoundOutcome.FAILED, ())
    latest.on_round(failed)
    assert not latest.decided(5.0 + LONGEST_WAIT - 0.01)
    assert latest.decided(5.0 + LONGEST_WAIT)
