"""What no scenario has reached of a policy, with its place there."""

from route_switcher.scenarios.coverage import Coverage
from route_switcher.scenarios.run import run_scenario
from support.written_scenarios import POLICY, Folder

RULES = """\
rules:
  - name: no-internet
    fail: {failures: 3}
  - name: brown-out
    uplinks: [primary]
    fail: {any: [{loss: 50%, over: 10s}, {latency: 250ms, over: 10s}]}
    recover: {stable: 5s}
"""

FAILS = """\
- name: fails
  rounds:
    primary: 20 good, 3 lost, good
  expect: [{at: 90s, active: primary}]
"""
SLOW = """\
- name: slow
  rounds:
    primary: 20 good, 20 at 400ms, good
  expect: [{at: 90s, active: primary}]
"""
LOSSY = """\
- name: lossy
  rounds:
    primary: 20 good, 10 x (2 lost, 1 good), good
  expect: [{at: 35s, active: secondary}]
"""


def coverage(folder: Folder, *scenarios: str, policy: str = POLICY + RULES) -> Coverage:
    """What these scenarios reach."""
    folder.write("policy.yaml", policy)
    found = folder.read("".join(scenarios))
    covered = Coverage(found.loaded)
    for scenario in found.scenarios:
        assert run_scenario(scenario, found.loaded.policy, covered) == ()
    return covered


def notes(covered: Coverage) -> list[str]:
    """LINE:COLUMN MESSAGE for each note."""
    return [
        f"{p.span.line if p.span else 0}:{p.span.column if p.span else 0} {p.message}"
        for p in covered.notes()
    ]


def test_what_never_failed_is_told_at_its_condition(folder: Folder) -> None:
    covered = coverage(folder, FAILS)
    assert notes(covered) == [
        "9:11 no scenario makes rule no-internet fail secondary",
        "12:11 no scenario makes rule brown-out fail primary",
    ]
    # Failing and recovering of two rules through two uplinks and one, and two conditions.
    assert (covered.total, covered.missing) == (8, 6)


def test_a_condition_that_never_held_is_told_at_its_place(folder: Folder) -> None:
    loss = "12:18 in no scenario does this condition of rule brown-out hold for primary"
    latency = "12:42 in no scenario does this condition of rule brown-out hold for primary"
    assert loss in notes(coverage(folder, SLOW))
    assert latency in notes(coverage(folder, LOSSY))
    both = notes(coverage(folder, SLOW, LOSSY))
    assert not {loss, latency} & set(both)


def test_a_rule_that_never_recovered_is_told_at_its_recover_condition(folder: Folder) -> None:
    never = "13:14 no scenario lets rule brown-out recover primary"
    assert never in notes(coverage(folder, LOSSY))
    assert never not in notes(coverage(folder, LOSSY, SLOW))


def test_rules_that_are_not_written_have_no_place(folder: Folder) -> None:
    assert notes(coverage(folder, FAILS, policy=POLICY)) == [
        "0:0 no scenario makes rule no-internet fail secondary",
        "0:0 no scenario makes rule unplugged fail primary and secondary",
    ]


def test_what_another_policy_does_is_not_counted(folder: Folder) -> None:
    folder.write("other.yaml", POLICY + RULES.replace("failures: 3", "failures: 1"))
    scenario = """\
- name: reloads
  rounds:
    primary: 20s good, 1 lost, good
  events: [{at: 10s, reload: ./other.yaml}]
  expect: [{at: 22s, active: secondary}]
"""
    assert notes(coverage(folder, scenario))[0] == (
        "9:11 no scenario makes rule no-internet fail primary and secondary"
    )


def test_nothing_is_told_where_everything_was_reached(folder: Folder) -> None:
    other = FAILS.replace("name: fails", "name: other").replace("primary:", "secondary:")
    covered = coverage(
        folder, FAILS, other, policy=POLICY + RULES[: RULES.index("  - name: brown")]
    )
    assert (notes(covered), covered.missing) == ([], 0)
