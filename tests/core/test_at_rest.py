"""An uplink is at rest only if all of its probes and all of its rules are."""

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.conditions import Beyond, ConsecutiveFailures, Measure
from route_switcher.core.vocabulary.events import Answer, Round
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.states import RoundOutcome
from support.histories import FAILED, GOOD, UP, UPLINK, A, B
from support.keys import v4
from support.pinging import target

TARGET = target("203.0.113.1")
LOST = Rule("lost", ConsecutiveFailures(A.name, 3), Recover(10.0))
LOSSY = Rule("lossy", Beyond(Measure.LOSS, A.name, 0.5, 60.0), Recover(10.0))


def health(*rules: Rule) -> UplinkHealth:
    policy = Policy((UPLINK,), (A, B), rules, ignore_linkdown=False)
    return UplinkHealth(UPLINK, policy, UP, True, {A.name: set(), B.name: set()})


def tell(
    it: UplinkHealth, probe: str, at: float, outcome: RoundOutcome = GOOD, rtt: float = 0.25
) -> None:
    answer = Answer(TARGET, rtt if outcome is GOOD else None)
    it.on_round(Round(at, v4(UPLINK.name), probe, at, outcome, (answer,), "lost"))


def test_with_all_probes_good_it_is_at_rest() -> None:
    it = health(LOST)
    tell(it, A.name, 100.0)
    tell(it, B.name, 100.0)
    assert it.at_rest


def test_one_probe_of_two_that_fails_disturbs_its_rest() -> None:
    """Also one that no rule judges: it decides whether the uplink can be moved to."""
    it = health(LOST)
    tell(it, A.name, 100.0)
    tell(it, B.name, 100.0, FAILED)
    assert not it.at_rest


def test_one_rule_of_two_whose_window_still_changes_disturbs_its_rest() -> None:
    it = health(LOST, LOSSY)
    for at in range(100, 170):
        tell(it, A.name, at)
        tell(it, B.name, at)
    assert it.at_rest
    tell(it, A.name, 170.0, rtt=0.5)
    assert not it.at_rest
