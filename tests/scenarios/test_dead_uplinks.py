"""However many rounds a rule counts, a dead uplink is left within a minute for one that answers."""

import pytest

from route_switcher.text.durations import parse_duration
from support.written_scenarios import Folder

UPLINKS = """\
version: 1
uplinks:
  a: {interface: eth0, gateway: 198.51.100.1}
  b: {interface: eth1, gateway: 198.51.100.2}
"""
OFFICE = f"""\
{UPLINKS}
probes:
  i: {{type: icmp, targets: [203.0.113.1, 203.0.113.2]}}
  o: {{type: icmp, targets: [203.0.113.9], interval: INTERVAL, timeout: 2s}}
rules:
  - {{name: no-i, fail: {{failures: 3, probe: i}}}}
  - {{name: no-office, fail: {{failures: 10, probe: o}}}}
"""
PATIENT = f"""\
{UPLINKS}
probes: {{i: {{type: icmp, targets: [203.0.113.1, 203.0.113.2], interval: 1s}}}}
rules:
  - {{name: dead, fail: {{failures: 300}}}}
  - {{name: brown-out, fail: {{loss: 20%, over: 30s}}, recover: {{loss: 5%, over: 1m, stable: 0s}}}}
"""


@pytest.mark.parametrize("interval", ["5s", "30s", "5m"])
def test_a_failing_probe_bars_an_uplink_for_a_minute_at_most(folder: Folder, interval: str) -> None:
    folder.write("policy.yaml", OFFICE.replace("INTERVAL", interval))
    scenario = """
rounds:
  a: 20m good, lost
  b: {203.0.113.9: "10 good, lost"}
expect:
  - {at: 1280s, active: b}
"""
    assert folder.run(scenario) == ()


def test_a_probe_of_which_nothing_is_known_any_more_bars_an_uplink_for_a_minute_at_most(
    folder: Folder,
) -> None:
    folder.write("policy.yaml", OFFICE.replace("INTERVAL", "30s"))
    scenario = """
rounds:
  a: 2m good, lost
  b: {203.0.113.9: "2 good, unknown"}
expect:
  - {at: 200s, active: b}
"""
    assert folder.run(scenario) == ()


@pytest.mark.parametrize("timeout", ["20s", "2s", "1s"])
@pytest.mark.parametrize("back_at", ["5m", "303s", "309s", "319s"])
def test_the_first_that_answers_is_used_within_two_seconds_however_long_the_timeout(
    folder: Folder, timeout: str, back_at: str
) -> None:
    probe = (
        f"{{type: icmp, targets: [203.0.113.1, 203.0.113.2], interval: 20s, timeout: {timeout}}}"
    )
    folder.write("policy.yaml", f"{UPLINKS}probes: {{i: {probe}}}\n")
    scenario = f"""
rounds:
  a: 2m good, lost
  b: 2m good, {back_at} lost, good
expect:
  - {{at: {122 + parse_duration(back_at)}s, active: b}}
"""
    assert folder.run(scenario) == ()


def test_a_dead_uplink_is_left_for_one_that_loses_packets(folder: Folder) -> None:
    folder.write("policy.yaml", PATIENT)
    scenario = """
rounds:
  a: 2m good, lost
  b: 1m good, 30% lost
expect:
  - {at: 195s, active: b}
"""
    assert folder.run(scenario) == ()
