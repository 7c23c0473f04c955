import pytest

from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Start
from support.tables import Recorder, route_taken, wait_until_taken
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

BLACKHOLE = FAULTS["blackhole"]

DROP_ALL = """
table inet cut {
  chain forward { type filter hook input priority filter; policy drop; }
}
"""


def test_with_both_down_nothing_moves_and_the_first_that_answers_is_used_at_once(
    lab: Lab, start: Start
) -> None:
    engine = start(policy_text(lab, stable="1h"))
    primary, secondary = lab.uplinks
    engine.wait_for_health("primary", "secondary")
    BLACKHOLE.inject(lab, primary)
    engine.wait_for("decision", previous="primary", selected="secondary")
    BLACKHOLE.inject(lab, secondary)
    engine.wait_for("rule", uplink="secondary", after="failed")
    engine.wait_for("notice", "staying with secondary")
    wait_until_taken(lab, "eth1")
    BLACKHOLE.heal(lab, primary)
    decision = engine.wait_for("decision")
    assert (decision.fields["previous"], decision.fields["selected"]) == ("secondary", "primary")
    assert decision.fields["cause"] == "first_answer"
    wait_until_taken(lab, "eth0")


def test_with_both_down_the_active_uplink_that_answers_first_keeps_the_traffic(
    lab: Lab, start: Start
) -> None:
    engine = start(policy_text(lab))
    primary, secondary = lab.uplinks
    engine.wait_for_health("primary", "secondary")
    BLACKHOLE.inject(lab, secondary)
    engine.wait_for("rule", uplink="secondary", after="failed")
    BLACKHOLE.inject(lab, primary)
    engine.wait_for("rule", uplink="primary", after="failed")
    engine.wait_for("notice", "staying with primary")
    BLACKHOLE.heal(lab, primary)
    engine.wait_for_health("primary")
    BLACKHOLE.heal(lab, secondary)
    engine.wait_for_health("secondary")
    assert len(engine.said("decision")) == 1
    assert route_taken(lab) == "eth0"


def test_nothing_moves_when_both_lines_are_cut_at_one_instant(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    with Recorder(lab) as recorder:
        lab.run("internet", "nft", "-f", "-", given=DROP_ALL)
        for uplink in ("primary", "secondary"):
            engine.wait_for("rule", since=0, uplink=uplink, after="failed")
        engine.wait_for("notice", "staying with primary", since=0)
        assert len(engine.said("decision")) == 1
        assert recorder.best_interfaces() == ["eth0"]


def test_an_engine_that_starts_with_all_down_takes_the_first_that_answers(
    lab: Lab, start: Start
) -> None:
    for uplink in lab.uplinks:
        BLACKHOLE.inject(lab, uplink)
    engine = start(policy_text(lab))
    for name in ("primary", "secondary"):
        engine.wait_for("rule", since=0, uplink=name, after="failed")
    wait_until_taken(lab, "eth0")
    BLACKHOLE.heal(lab, lab.uplinks[1])
    engine.wait_for("decision", previous="primary", selected="secondary", cause="first_answer")
    wait_until_taken(lab, "eth1")
