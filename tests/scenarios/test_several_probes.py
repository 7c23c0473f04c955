"""An uplink that answers is used, whatever else is wrong, while the active one is silent."""

import pytest

from support.written_scenarios import POLICY, Folder

HEAD = POLICY.split("probes:")[0]
TWO_PROBES = f"""{HEAD}\
probes:
  internet: {{type: icmp, targets: [203.0.113.1, 203.0.113.2]}}
  office: {{type: icmp, targets: [203.0.113.10]}}
"""
DEFAULT_RULES = TWO_PROBES
BOTH_OF_TWO = f"""{TWO_PROBES}\
rules:
  - name: gone
    fail: {{all: [{{failures: 3, probe: internet}}, {{failures: 2, probe: office}}]}}
  - name: unplugged
    fail: {{carrier: down}}
"""
OF_NO_CONCERN = f"""{TWO_PROBES}\
rules:
  - name: no-internet
    probe: internet
    fail: {{failures: 3}}
  - name: office-far
    uplinks: [primary]
    probe: office
    fail: {{latency: 100ms, over: 30s}}
"""
BROWN_OUT = f"""{POLICY}\
rules:
  - name: no-internet
    fail: {{failures: 3}}
  - name: slow
    fail: {{latency: 250ms, over: 30s}}
    recover: {{latency: 100ms, over: 30s}}
"""

CUT = """
rounds:
  primary: 5m good, lost
  secondary: {203.0.113.10: lost}
expect:
  - {at: 299s, active: primary}
  - {at: 320s, active: secondary}
"""
UNPLUGGED = """
rounds:
  primary: {203.0.113.10: "1m good, lost"}
  secondary: {203.0.113.10: "1m good, lost"}
events:
  - {at: 5m, link: primary, becomes: unplugged}
expect:
  - {from: 1m, until: 299s, active: primary}
  - {at: 310s, active: secondary}
"""


@pytest.mark.parametrize(
    ("policy", "scenario"),
    [
        (DEFAULT_RULES, UNPLUGGED),
        (BOTH_OF_TWO, CUT),
        (BOTH_OF_TWO, UNPLUGGED),
        (OF_NO_CONCERN, CUT),
    ],
    ids=["its rule failed", "no rule failed", "no rule failed, unplugged", "no rule is about it"],
)
def test_a_target_that_is_gone_does_not_keep_traffic_on_a_silent_uplink(
    folder: Folder, policy: str, scenario: str
) -> None:
    folder.write("policy.yaml", policy)
    assert folder.run(scenario) == ()


def test_a_slow_uplink_is_better_than_a_silent_one(folder: Folder) -> None:
    folder.write("policy.yaml", BROWN_OUT)
    scenario = """
rounds:
  primary: 5m good, 5m lost, good
  secondary: 1m good, at 600ms
expect:
  - {at: 299s, uplinks: {secondary: failed}, active: primary}
  - {from: 305s, until: 599s, active: secondary, switches: 0}
  - {at: 610s, active: primary, reason: first-answer}
"""
    assert folder.run(scenario) == ()


def test_two_slow_uplinks_do_not_take_turns(folder: Folder) -> None:
    folder.write("policy.yaml", BROWN_OUT)
    scenario = """
rounds:
  primary: 1m good, 200 x (at 600ms, lost)
  secondary: 200 x (at 600ms, lost)
expect:
  - {from: 0s, until: 300s, active: primary, switches: 0}
"""
    assert folder.run(scenario) == ()


def test_both_lines_cut_at_one_instant_move_nothing_though_one_probe_still_answers(
    folder: Folder,
) -> None:
    folder.write("policy.yaml", DEFAULT_RULES)
    dead = '{203.0.113.1: "1m good, lost", 203.0.113.2: "1m good, lost"}'
    scenario = f"""
rounds:
  primary: {dead}
  secondary: {dead}
expect:
  - {{from: 0s, until: 5m, active: primary, switches: 0}}
"""
    assert folder.run(scenario) == ()


def test_a_rule_about_all_of_two_probes_recovers_though_one_target_is_gone(
    folder: Folder,
) -> None:
    folder.write("policy.yaml", BOTH_OF_TWO)
    answers = "1m good, 30s lost, good"
    scenario = f"""
rounds:
  primary: {{203.0.113.1: "{answers}", 203.0.113.2: "{answers}", 203.0.113.10: lost}}
expect:
  - {{at: 80s, active: secondary}}
  - {{at: 200s, active: primary, uplinks: {{primary: healthy}}}}
"""
    assert folder.run(scenario) == ()
