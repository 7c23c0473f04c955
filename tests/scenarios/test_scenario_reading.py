"""Scenario files: what they mean, and what is said of mistakes in them."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from route_switcher.core.vocabulary.states import Cause
from route_switcher.policy.problems import PolicyProblems
from route_switcher.policy.yaml.reader import read
from route_switcher.resources import data_root
from route_switcher.scenarios.file import SCENARIOS, load_scenarios
from route_switcher.scenarios.reasons import reason_word
from route_switcher.scenarios.scenario import (
    ActiveIs,
    LinkEvent,
    LinkWord,
    ReasonIs,
    ReleaseEvent,
    ReloadEvent,
    RestartEvent,
    RuleIs,
    SwitchesAre,
    SwitchEvent,
    UplinkIs,
)
from support.written_scenarios import Folder

SECOND = 1_000_000_000

EVERYTHING = """\
- name: all of it
  rounds:
    primary: 10 good, 3 lost, good
    secondary: {203.0.113.1: lost}
  events:
    - {at: 50s, release: secondary}
    - {at: 30s, link: primary, becomes: unplugged}
    - {at: 40s, switch: secondary, for: 10m, force: true}
    - {at: 60s, restart: true}
    - {at: 70s, reload: ./policy.yaml}
  expect:
    - {at: 1s, active: [primary], switches: 0, reason: start, uplinks: {secondary: damped}}
    - {from: 2s, until: 3s, active: primary, switches: 0}
    - {at: 80s, rules: {no-internet: {primary: failed, secondary: ok}}, reason: no-internet}
"""


def test_a_file_means_what_it_says(folder: Folder) -> None:
    found = folder.read(EVERYTHING)
    (scenario,) = found.scenarios
    assert (scenario.name, scenario.span.line) == ("all of it", 4)
    assert [(r.uplink, str(r.target)) for r in scenario.rounds] == [
        ("primary", "None"),
        ("secondary", "203.0.113.1"),
    ]
    assert [(at // SECOND, type(event)) for at, event in scenario.events] == [
        (30, LinkEvent),
        (40, SwitchEvent),
        (50, ReleaseEvent),
        (60, RestartEvent),
        (70, ReloadEvent),
    ]
    assert scenario.events[0][1] == LinkEvent("primary", LinkWord.UNPLUGGED)
    assert scenario.events[1][1] == SwitchEvent("secondary", 600.0, True)
    at_1, between, at_80 = scenario.expectations
    assert [type(c) for c in at_1.assertions] == [ActiveIs, SwitchesAre, ReasonIs, UplinkIs]
    assert (between.since, between.until) == (2 * SECOND, 3 * SECOND)
    assert [type(c) for c in at_80.assertions] == [ReasonIs, RuleIs, RuleIs]
    assert (at_80.assertions[1].span.line, at_80.assertions[1].span.column) == (17, 50)


def test_the_policy_is_looked_for_beside_the_file(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder.file(EVERYTHING, "policy.yaml")
    monkeypatch.chdir(folder.path)
    assert (
        load_scenarios(Path("scenarios.yaml")).loaded.policy == load_scenarios(file).loaded.policy
    )
    shipped = folder.read("- name: a\n  expect: [{at: 1s, active: primary}]", "dual-wan")
    assert shipped.loaded.origin.endswith("policies/dual-wan.yaml")


def test_a_policy_is_called_by_its_plain_path(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.path / "scenarios").mkdir()
    text = folder.file("- name: a\n  expect: [{at: 1s, active: primary}]", "../policy.yaml")
    text.rename(folder.path / "scenarios" / "a.yaml")
    monkeypatch.chdir(folder.path)
    assert load_scenarios(Path("scenarios/a.yaml")).loaded.origin == "policy.yaml"


def test_a_way_through_a_symbolic_link_is_not_cut_short(folder: Folder) -> None:
    (folder.path / "far" / "scenarios").mkdir(parents=True)
    (folder.path / "scenarios").symlink_to("far/scenarios")
    (folder.path / "far" / "policy.yaml").write_bytes((folder.path / "policy.yaml").read_bytes())
    (folder.path / "policy.yaml").unlink()
    text = folder.file("- name: a\n  expect: [{at: 1s, active: primary}]", "../policy.yaml")
    text.rename(folder.path / "scenarios" / "a.yaml")
    found = load_scenarios(folder.path / "scenarios" / "a.yaml")
    assert found.loaded.origin == f"{folder.path}/scenarios/../policy.yaml"


def test_a_path_without_a_folder_is_not_a_name(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("dual-wan", (folder.path / "policy.yaml").read_text("utf-8"))
    folder.file("- name: a\n  expect: [{at: 1s, active: primary}]", "./dual-wan")
    monkeypatch.chdir(folder.path)
    assert load_scenarios(Path("scenarios.yaml")).loaded.origin == "dual-wan"


def test_a_path_that_no_file_can_have_is_told_at_its_place(folder: Folder) -> None:
    (problem,) = folder.problems("- name: a\n  expect: [{at: 1s, active: x}]", '"./a\\0.yaml"')
    assert problem == "2:9 bad-value: no path has a NUL in it | remove it"


def test_what_nobody_would_see_is_told(folder: Folder) -> None:
    late = f"{SOUND}\nevents: [{{at: 1s, release: primary}}, {{at: 2s, restart: true}}]"
    assert folder.problems(scenario(late)) == [
        "6:47 bad-value: nothing is expected after this: the scenario ends at 1s"
        " | expect something at a later time, or remove it"
    ]


def test_a_policy_that_is_given_replaces_the_one_that_is_named(folder: Folder) -> None:
    file = folder.file("- name: a\n  expect: [{at: 1s, active: primary}]", "./none.yaml")
    assert load_scenarios(file, "dual-wan").loaded.origin.endswith("policies/dual-wan.yaml")


@pytest.mark.parametrize("policy", ["", "dual-wann", "./none.yaml"])
def test_a_policy_that_cannot_be_had_is_told_at_its_name(folder: Folder, policy: str) -> None:
    (problem,) = folder.problems("- name: a\n  expect: [{at: 1s, active: x}]", policy)
    assert problem.startswith(
        {
            "": "1:1 missing-key: no policy is named | write for example 'policy: ./policy.yaml'",
            "dual-wann": "2:9 unknown-policy: there is no policy named 'dual-wann' | did you mean",
            "./none.yaml": "2:9 unreadable: cannot read the policy: No such file or directory (",
        }[policy]
    )


def test_the_problems_of_a_policy_are_told_in_its_own_file(folder: Folder) -> None:
    folder.write("policy.yaml", "version: 1\nuplink: {}\n")
    with pytest.raises(PolicyProblems) as caught:
        folder.read(EVERYTHING)
    assert caught.value.origin == str(folder.path / "policy.yaml")


def scenario(rest: str) -> str:
    """A scenario with these keys; its first line is the sixth of the file."""
    return "- name: it\n" + "".join(f"  {line}\n" for line in rest.splitlines())


SOUND = "expect: [{at: 1s, active: primary}]"


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ("", "4:5 missing-key: a scenario needs the key 'expect' | write for example 'expect: [{"),
        ("expect: []", "5:13 bad-value: [] is not a list of expectations"),
        ("expect: [{at: 1s}]", "5:14 bad-value: this mapping is not an expectation"),
        (
            "expect: [{active: primary}]",
            "5:14 missing-key: an expectation needs the key 'at' | write for example 'at: 15s'",
        ),
        ("expect: [{}]", "5:14 missing-key: an expectation needs the key 'at'"),
        (
            "expect: [{at: 5, switches: 0}]",
            "5:19 bad-value: 5 is not a time | a unit is missing: write 5s",
        ),
        ("expect: [{at: 31d, switches: 0}]", "5:19 bad-value: 31d is more than 30d | write at"),
        (
            "expect: [{at: 1s, active: primry}]",
            "5:31 unknown-uplink: the policy has no uplink 'primry' | did you mean 'primary'?",
        ),
        (
            "expect: [{at: 1s, active: [primary, x]}]",
            "5:41 unknown-uplink: the policy has no uplink 'x' | the uplinks are: primary, second",
        ),
        ("expect: [{at: 1s, switches: -1}]", "5:33 bad-value: -1 is not a number of switches"),
        (
            "expect: [{at: 1s, reason: failovr}]",
            "5:31 unknown-reason: 'failovr' is neither a reason nor a rule of the policy | did",
        ),
        (
            "expect: [{at: 1s, rules: {no-intrnet: {primary: ok}}}]",
            "5:31 unknown-rule: the policy has no rule 'no-intrnet' | did you mean 'no-internet'?",
        ),
        (
            "expect: [{at: 1s, rules: {no-internet: {primary: fail}}}]",
            "5:54 bad-value: 'fail' is not a state of a rule | did you mean 'failed'?",
        ),
        (
            "expect: [{at: 1s, rules: {no-internet: {x: ok}}}]",
            "5:45 unknown-uplink: the policy has no uplink 'x'",
        ),
        (
            "expect: [{at: 1s, uplinks: {primary: well}}]",
            "5:42 bad-value: 'well' is not a state of an uplink | write healthy",
        ),
        (
            "expect: [{from: 2s, until: 1s, switches: 0}]",
            "5:14 bad-value: 'from' is later than 'until' | exchange the two times",
        ),
        (
            "expect: [{from: 2s, until: 3s}]",
            "5:14 bad-value: nothing is expected of this stretch of time | write 'switches: 0'",
        ),
        (
            "expect: [{from: 2s, switches: 0}]",
            "5:14 missing-key: an expectation of a stretch of time needs the key 'until'",
        ),
        (
            "expect: [{from: 2s, until: 3s, reason: failover}]",
            "5:36 unknown-key: unknown key 'reason' | it is so at one moment: write another",
        ),
        (
            "expect: [{at: 1s, from: 2s, until: 3s, active: a}]",
            "5:15 unknown-key: unknown key 'at' | write 'at' for one moment, or 'from' and",
        ),
        (
            f"events: [{{at: 1s, switch: primary, release: primary}}]\n{SOUND}",
            "5:40 unknown-key: unknown key 'release' | an event is one thing: write another",
        ),
        ("assert: [{at: 1s, active: a}]", "5:5 unknown-key: unknown key 'assert' | did you mean"),
        ("expect: [{after: 1s, active: a}]", "5:15 unknown-key: unknown key 'after' | did you"),
        ("expect: [{at: 1s, is: a}]", "5:23 unknown-key: unknown key 'is' | did you mean 'active'"),
        (
            "expect: [{at: 1s, uplinks: {a: down}}]",
            "5:36 bad-value: 'down' is not a state of an uplink | did you mean 'failed'?",
        ),
        (
            "expect: [{from: 1s, until: 2s, switches: none}]",
            "5:46 bad-value: 'none' is not a number of switches | write 0",
        ),
        (
            f"rounds: {{primary: [good, lost]}}\n{SOUND}",
            "5:23 bad-value: this list is not a series of rounds | write 'good, lost', as one text",
        ),
        (f"rounds: {{}}\n{SOUND}", "5:13 bad-value: {} is not a mapping of uplinks"),
        (
            f"rounds: {{x: lost}}\n{SOUND}",
            "5:14 unknown-uplink: the policy has no uplink 'x'",
        ),
        (
            f"rounds: {{primary: 3 loss}}\n{SOUND}",
            "5:25 bad-series: 'loss' cannot stand here in a series | did you mean 'lost'?",
        ),
        (f"rounds: {{primary: 3}}\n{SOUND}", "5:23 bad-value: 3 is not a series of rounds | a ser"),
        (
            f"rounds: {{primary: {{203.0.113.3: lost}}}}\n{SOUND}",
            "5:24 unknown-target: no probe asks 203.0.113.3 through 'primary' | did you mean",
        ),
        (
            "rounds: {primary: {intrnet: lost}}\nexpect: [{at: 1s, active: primary}]",
            "5:24 bad-value: 'intrnet' is not an IP address | did you mean 'internet'?",
        ),
        (
            f"rounds: {{primary: {{gateway: lost}}}}\n{SOUND}",
            "5:24 bad-value: 'gateway' is not an IP address | write a target or a probe: ",
        ),
        (
            f"events: [{{at: 1s}}]\n{SOUND}",
            "5:14 bad-value: an event needs one of the keys link, switch, release, restart, reload",
        ),
        (
            f"events: [{{at: 1s, restart: true, release: primary}}]\n{SOUND}",
            "5:14 bad-value: an event is one thing: 'release' and 'restart' are two",
        ),
        (
            f"events: [{{at: 1s, lnk: primary, becomes: down}}]\n{SOUND}",
            "5:23 unknown-key: unknown key 'lnk' | did you mean 'link'?",
        ),
        (
            f"events: [{{at: 1s, link: primary}}]\n{SOUND}",
            "5:14 missing-key: a link event needs the key 'becomes' | write for example",
        ),
        (
            f"events: [{{at: 1s, link: primary, becomes: unplgged}}]\n{SOUND}",
            "5:47 bad-value: 'unplgged' is not a state of a link | did you mean 'unplugged'?",
        ),
        (
            f"events: [{{at: 1s, link: x, becomes: down}}]\n{SOUND}",
            "5:29 unknown-uplink: the policy has no uplink 'x'",
        ),
        (
            f"events: [{{at: 1s, switch: x}}]\n{SOUND}",
            "5:31 unknown-uplink: the policy has no uplink 'x'",
        ),
        (
            f"events: [{{at: 1s, reload: ./x.yaml}}]\n{SOUND}",
            "5:31 unreadable: cannot read the policy: No such file or directory (",
        ),
        (
            f"name: it\n{SOUND}",
            "5:5 duplicate-key: duplicate key 'name'",
        ),
        (
            f"{SOUND}\n- name: it\n  {SOUND}",
            "6:11 duplicate-name: a scenario in line 4 has this name already",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_write(
    folder: Folder, rest: str, problem: str
) -> None:
    text = scenario(rest).replace("\n  - name", "\n- name").replace("\n    expect", "\n  expect")
    (told,) = folder.problems(text)
    assert told.startswith(problem)


def test_an_example_in_a_hint_names_the_uplinks_of_the_file(folder: Folder) -> None:
    told = folder.problems(scenario("rounds: {secondary: good}\nexpect: []"))
    (line,) = [line for line in told if "list of expectations" in line]
    assert line.endswith("| write for example [{at: 15s, active: secondary}]")
    told = folder.problems(scenario("rounds: {x: good}\nexpect: []"))
    (line,) = [line for line in told if "list of expectations" in line]
    assert line.endswith("| write for example [{at: 15s, active: x}]")


def test_a_rule_that_does_not_judge_an_uplink_says_nothing_of_it(folder: Folder) -> None:
    rules = "rules:\n  - {name: wire, uplinks: [primary], fail: {carrier: down}}\n"
    rules += "  - {name: no-internet, fail: {failures: 3}}\n"
    policy = (folder.path / "policy.yaml").read_text("utf-8")
    folder.write("policy.yaml", policy + rules)
    (told,) = folder.problems(scenario("expect: [{at: 1s, rules: {wire: {secondary: ok}}}]"))
    assert told.startswith("5:38 not-judged: the rule 'wire' does not judge the uplink 'secondary'")
    assert told.endswith(" | it judges: primary")


def test_names_of_a_policy_that_is_reloaded_are_known(folder: Folder) -> None:
    folder.write(
        "other.yaml",
        "version: 1\nuplinks:\n  lte: {interface: wwan0, gateway: 192.0.2.9}\n",
    )
    text = "events: [{at: 5s, reload: ./other.yaml}]\nexpect: [{at: 9s, active: lte}]"
    assert folder.read(scenario(text)).scenarios
    # While the other one cannot be read, nobody can say whether the name is one.
    (told,) = folder.problems(scenario(text.replace("other", "othr")))
    assert "unreadable" in told


@pytest.mark.parametrize(
    ("series", "place"),
    [
        ('"3 good, losst, good"', (6, 25, 30)),
        ("'3 good, losst, good'", (6, 25, 30)),
        (' 3 good ,  "losst"', (6, 27, 28)),
        # Escapes and line breaks: all that is written of it in the first line.
        ('"3 good, \\x6cosst"', (6, 16, 34)),
        ('"3 good,\n    losst"', (6, 16, 24)),
        ('"3 good,          \n    losst"', (6, 16, 34)),
        ('"3 good,"', (6, 16, 25)),
    ],
)
def test_the_word_of_a_series_that_is_wrong_is_pointed_at(
    folder: Folder, series: str, place: tuple[int, int, int]
) -> None:
    file = folder.file(f"- name: it\n  rounds:\n    primary: {series}\n  {SOUND}")
    with pytest.raises(PolicyProblems) as caught:
        load_scenarios(file)
    (problem,) = caught.value.problems
    assert problem.span is not None
    assert (problem.span.line, problem.span.column, problem.span.end_column) == place


def test_every_mistake_is_told_at_once(folder: Folder) -> None:
    text = "rounds: {x: lost, primary: y}\nexpect: [{at: 1s, active: z}, {at: 2s, reason: w}]"
    assert len(folder.problems(scenario(text))) == 4


def test_a_file_that_is_no_scenario_file_is_told_as_such(folder: Folder) -> None:
    file = folder.write("scenarios.yaml", "")
    with pytest.raises(PolicyProblems) as caught:
        load_scenarios(file)
    (problem,) = caught.value.problems
    assert problem.hint == "write at least 'version: 1' and 'scenarios:'"


def schema() -> dict[str, object]:
    """The scenario schema."""
    text = (data_root() / "schemas" / SCENARIOS.schema).read_text("utf-8")
    loaded: dict[str, object] = json.loads(text)
    return loaded


def test_the_schema_is_sound_and_takes_its_own_examples() -> None:
    Draft7Validator.check_schema(schema())
    validator = Draft7Validator(schema())
    examples = schema()["examples"]
    assert isinstance(examples, list)
    for example in examples:
        validator.validate(example)
    document = read(f"version: 1\nscenarios:\n{EVERYTHING}", "here", SCENARIOS)
    validator.validate(document.data)


def test_the_schema_names_every_reason() -> None:
    text = json.dumps(schema())
    assert all(f" {reason_word(cause)}" in text for cause in Cause)


def test_everything_that_can_be_written_is_described() -> None:
    def keys(node: object) -> list[tuple[str, dict[str, object]]]:
        if isinstance(node, list):
            return [pair for item in node for pair in keys(item)]
        if not isinstance(node, dict):
            return []
        properties = node.get("properties", {})
        assert isinstance(properties, dict)
        return [*properties.items(), *(pair for inner in node.values() for pair in keys(inner))]

    bare = [k for k, inner in keys(schema()) if "$ref" not in inner and "description" not in inner]
    assert bare == []


def test_a_policy_given_as_a_scenario_file_is_told_as_such(folder: Folder) -> None:
    with pytest.raises(PolicyProblems) as caught:
        load_scenarios(folder.path / "policy.yaml")
    (problem,) = caught.value.problems
    assert problem.message == "this is a policy, not a scenario file"
    assert problem.hint == (
        "route-switcher validate checks it; a scenario file names it by 'policy:'"
    )
    assert problem.span is not None
    assert problem.span.line == 2
