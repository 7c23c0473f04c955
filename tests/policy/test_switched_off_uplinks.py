"""`enabled: false`: an uplink stays in the file and is not there."""

from route_switcher.analysis.lints.registry import lints_of
from route_switcher.analysis.prose.sentences import explain
from route_switcher.policy.load import load_text, read_policy_text
from support.told import told

TEXT = """\
version: 1
uplinks:
  fibre: {interface: eth0, gateway: 192.0.2.1, enabled: false}
  dsl: {interface: eth1, gateway: 198.51.100.1}
  lte: {interface: wwan0, gateway: none, enabled: false}
  six: {interface: eth0, gateway: 'fe80::1', enabled: false}
probes:
  internet: {type: icmp, uplinks: [fibre, dsl, six], targets: [203.0.113.1, '2001:db8::1']}
  mobile: {type: icmp, uplinks: [lte], targets: [203.0.113.1]}
rules:
  - {name: mobile, probe: mobile, fail: {failures: 9}}
  - {name: no-internet, probe: internet, fail: {failures: 3}, recover: {successes: 3}}
  - {name: fibre-only, uplinks: [fibre], probe: internet, fail: {loss: 20%, over: 30s}}
  - {name: both, fail: {all: [{failures: 3, probe: internet}]}, uplinks: [fibre, dsl]}
"""


def test_neither_it_nor_what_is_about_it_alone_is_in_the_policy() -> None:
    policy = load_text(TEXT, "policy.yaml")
    assert policy.names == ("dsl",)
    (uplink,) = policy.uplinks
    assert uplink.metric == 20
    (probe,) = policy.probes
    assert (probe.name, probe.uplinks) == ("internet", ("dsl",))
    assert [str(target) for target in probe.targets] == ["203.0.113.1"]
    assert [(rule.name, rule.uplinks) for rule in policy.rules] == [
        ("no-internet", ("dsl",)),
        ("both", ("dsl",)),
    ]


def test_the_table_does_not_depend_on_it() -> None:
    assert load_text(TEXT, "policy.yaml").placement.own


def test_what_is_told_of_the_others_stands_where_it_is_written() -> None:
    problems = lints_of(read_policy_text(TEXT, "policy.yaml")).problems
    (note,) = [problem for problem in problems if problem.code == "stable-decides"]
    assert note.span is not None
    assert "no-internet" in TEXT.splitlines()[note.span.line - 1]


def test_it_is_checked_as_if_it_were_on() -> None:
    (line,) = told(TEXT.replace("wwan0, gateway: none", "wwan0, gateway: nun"))
    assert "'nun' is not a gateway" in line


def test_its_interface_may_be_used_by_another_meanwhile() -> None:
    load_text(TEXT.replace("eth1", "eth0"), "policy.yaml")
    assert told(TEXT.replace("eth1", "eth0").replace(", enabled: false", ""))


def test_one_has_to_be_on() -> None:
    (line,) = told(TEXT.replace("198.51.100.1", "198.51.100.1, enabled: false"))
    assert line.endswith(
        "all-switched-off: every uplink is switched off | remove 'enabled: false' from one of them"
    )


def test_true_changes_nothing() -> None:
    on = TEXT.replace("enabled: false", "enabled: true")
    left_out = TEXT.replace(", enabled: false", "")
    assert load_text(on, "p.yaml") == load_text(left_out, "p.yaml")


def test_explain_speaks_of_the_others_only() -> None:
    text = "\n".join(explain(load_text(TEXT, "policy.yaml")))
    assert "dsl" in text
    assert "fibre" not in text
