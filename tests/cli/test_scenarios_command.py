"""`route-switcher test`, as a person or a CI job calls it."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE, main

POLICY = """\
version: 1
uplinks:
  primary:   {interface: eth0, gateway: 192.0.2.1}
  secondary: {interface: eth1, gateway: 198.51.100.1}
"""
GOOD = """\
version: 1
policy: ./policy.yaml
scenarios:
  - name: three failures fail over
    rounds: {primary: "10 good, lost"}
    expect: [{at: 15s, active: secondary}]
  - name: two do not
    rounds: {primary: "10 good, 2 lost, good"}
    expect: [{from: 1s, until: 60s, active: primary}]
"""
WRONG = """\
version: 1
policy: ./policy.yaml
scenarios:
  - name: too soon
    rounds: {primary: "10 good, lost"}
    expect:
      - {at: 12s, active: secondary, switches: 1}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a policy and scenario files in it."""
    (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "wrong.yaml").write_text(WRONG, "utf-8")
    (tmp_path / "bad.yaml").write_text(GOOD.replace("lost", "losst", 1), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words(line: str) -> str:
    """A line without what depends on the machine: its times."""
    return " ".join(word for word in line.split() if not word.isdigit() and word != "ms")


def test_scenarios_that_come_true_are_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "good.yaml"]) == EXIT_OK
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert [words(line) for line in lines[:2]] == ["ok three failures fail over", "ok two do not"]
    assert lines[2].startswith("2 scenarios, all passed (")


def test_what_does_not_come_true_is_shown_with_its_line_and_the_evidence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["test", "wrong.yaml"]) == EXIT_PROBLEMS
    lines = capsys.readouterr().out.splitlines()
    assert words(lines[0]) == "FAIL too soon"
    assert lines[1:9] == [
        "wrong.yaml:7:27: error: at 12s: expected secondary to be active, but primary is"
        " [not-as-expected]",
        "          - {at: 12s, active: secondary, switches: 1}",
        "                              ^^^^^^^^^",
        "wrong.yaml:7:48: error: at 12s: expected 1 switch, but there were 0 switches"
        " [not-as-expected]",
        "          - {at: 12s, active: secondary, switches: 1}",
        "                                                   ^",
        "    before that:",
        "             0s  IPv4: primary selected: first selection. nothing is known of primary yet",
    ]
    assert lines[-1].startswith("1 scenario, 1 failed (")
    assert sum("before that" in line for line in lines) == 1


def test_a_file_that_cannot_be_used_does_not_keep_others_from_being_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["test", "bad.yaml", "good.yaml", "none.yaml"]) == EXIT_PROBLEMS
    out = capsys.readouterr().out
    assert "bad.yaml:5:33: error: 'losst' cannot stand here in a series [bad-series]" in out
    assert "ok" in out
    assert "none.yaml: error: cannot read the scenario file: No such file or directory" in out
    assert "2 scenarios, all passed, 2 files cannot be used (" in out


def test_a_policy_is_not_taken_for_a_scenario_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "policy.yaml"]) == EXIT_PROBLEMS
    out = capsys.readouterr().out
    assert out.count("error:") == 1
    assert "policy.yaml:2:1: error: this is a policy, not a scenario file [not-scenarios]" in out


def test_the_problems_of_the_policy_are_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "policy.yaml").write_text("version: 1\nuplink: {}\n", "utf-8")
    assert main(["test", "good.yaml"]) == EXIT_PROBLEMS
    assert "policy.yaml:2:1: error: unknown key 'uplink' [unknown-key]" in capsys.readouterr().out


def test_a_policy_of_several_files_is_told_of_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "policy.yaml").write_text("version: 1\nuplink: {}\n", "utf-8")
    for form in ("text", "github"):
        assert main(["test", "good.yaml", "wrong.yaml", "--format", form]) == EXIT_PROBLEMS
        out = capsys.readouterr().out
        assert out.count("unknown key 'uplink'") == 1
        assert "nothing was run, 2 files cannot be used" in out
    assert main(["test", "good.yaml", "--format", "json"]) == EXIT_PROBLEMS
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert (file["file"], {p["file"] for p in file["problems"]}) == ("good.yaml", {"policy.yaml"})


def test_several_files_are_told_apart(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        text = GOOD.replace("./policy.yaml", "../policy.yaml")
        (folder / name / "same.yaml").write_text(text, "utf-8")
    assert main(["test", "a/same.yaml", "b/same.yaml", "--coverage"]) == EXIT_OK
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[3]) == ("a/same.yaml:", "b/same.yaml:")
    coverages = [line for line in lines if line.startswith("coverage of")]
    assert coverages == ["coverage of policy.yaml: 1 of 8"]


@pytest.mark.parametrize(
    ("pattern", "run"),
    [("FAIL", 1), ("two*", 1), ("t*", 2), ("*o?er", 1), ("do not", 1)],
)
def test_scenarios_are_chosen_by_their_names(
    pattern: str, run: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", "good.yaml", "--run", pattern]) == EXIT_OK
    assert len(capsys.readouterr().out.splitlines()) == run + 1


def test_to_choose_nothing_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "good.yaml", "--run", "nothing"]) == EXIT_USAGE
    assert capsys.readouterr() == (
        "",
        "route-switcher test: no scenario has a name like 'nothing'\n",
    )


def test_another_policy_can_be_given(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slow = "rules:\n  - {name: slow, fail: {failures: 9}}\n"
    (folder / "slow.yaml").write_text(POLICY + slow, "utf-8")
    assert main(["test", "good.yaml", "--policy", "./slow.yaml"]) == EXIT_PROBLEMS
    assert "at 15s: expected secondary to be active" in capsys.readouterr().out
    assert main(["test", "good.yaml", "--policy", "none"]) == EXIT_PROBLEMS
    assert "there is no policy named 'none'" in capsys.readouterr().out


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["test", "good.yaml", "wrong.yaml", "bad.yaml", "--format", "json", "--coverage"]
    assert main(arguments) == EXIT_PROBLEMS
    data = json.loads(capsys.readouterr().out)
    assert data["fine"] is False
    good, wrong, bad = data["files"]
    assert (good["fine"], [s["name"] for s in good["scenarios"]]) == (
        True,
        ["three failures fail over", "two do not"],
    )
    (scenario,) = wrong["scenarios"]
    assert (scenario["line"], scenario["fine"]) == (4, False)
    first, second = scenario["failures"]
    assert (first["line"], first["column"], first["code"]) == (7, 27, "not-as-expected")
    assert second["message"] == "at 12s: expected 1 switch, but there were 0 switches"
    assert first["evidence"][0].endswith(
        "IPv4: primary selected: first selection. nothing is known of primary yet"
    )
    assert [(p["file"], p["code"]) for p in bad["problems"]] == [("bad.yaml", "bad-series")]
    (coverage,) = data["coverage"]
    assert (coverage["policy"], coverage["total"]) == ("policy.yaml", 8)
    assert coverage["missing"] == 7
    assert [n["severity"] for n in coverage["notes"]] == ["note"] * len(coverage["notes"])


def test_github_gets_annotations(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "wrong.yaml", "--format", "github", "--coverage"]) == EXIT_PROBLEMS
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        "::error file=wrong.yaml,title=not-as-expected,line=7,col=27,endColumn=36::"
        "too soon: at 12s: expected secondary to be active, but primary is%0A"
    )
    assert any(line.startswith("::notice file=policy.yaml,title=not-covered") for line in lines)
    assert lines[-1].startswith("1 scenario, 1 failed")


def test_ci_gets_junit(folder: Path) -> None:
    arguments = ["test", "good.yaml", "wrong.yaml", "bad.yaml", "--junit", "results.xml"]
    assert main(arguments) == EXIT_PROBLEMS
    root = ElementTree.parse(folder / "results.xml").getroot()
    suites = {suite.attrib["name"]: suite for suite in root}
    counts = [
        (name, s.attrib["tests"], s.attrib["failures"], s.attrib["errors"])
        for name, s in suites.items()
    ]
    assert counts == [
        ("good.yaml", "2", "0", "0"),
        ("wrong.yaml", "1", "1", "0"),
        ("bad.yaml", "1", "0", "1"),
    ]
    case = suites["wrong.yaml"][0]
    assert (case.attrib["name"], case.attrib["line"]) == ("too soon", "4")
    assert all(float(case.attrib["time"]) >= 0 for case in root.iter("testcase"))
    assert [said.attrib["type"] for said in root.iterfind("*/*/*")] == [
        "not-as-expected",
        "bad-series",
    ]
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("at 12s: expected secondary")
    assert "wrong.yaml:7:27" in (failure.text or "")
    error = suites["bad.yaml"][0].find("error")
    assert error is not None
    assert "bad.yaml:5:33" in (error.text or "")


def test_a_name_that_xml_cannot_hold_is_written_so_that_it_can(folder: Path) -> None:
    (folder / "odd.yaml").write_text(GOOD.replace("two do not", '"two \\a & <do> not"'), "utf-8")
    assert main(["test", "odd.yaml", "--junit", "results.xml"]) == EXIT_OK
    root = ElementTree.parse(folder / "results.xml").getroot()
    assert root[0][1].attrib["name"] == "two \\x07 & <do> not"


def test_a_junit_file_that_cannot_be_written_is_told_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["test", "good.yaml", "--junit", "none/results.xml"]) == EXIT_PROBLEMS
    assert capsys.readouterr().err == (
        "route-switcher test: cannot write none/results.xml: No such file or directory\n"
    )


def test_a_junit_file_is_written_even_if_nobody_reads_the_output(folder: Path) -> None:
    head, scenario = GOOD.split("  - name: two do not")
    many = "".join(f"  - name: {n:0100}{scenario}" for n in range(100))
    (folder / "many.yaml").write_text(head + many, "utf-8")
    words = [
        sys.executable,
        "-P",
        "-m",
        "route_switcher",
        "test",
        "many.yaml",
        "--junit",
        "results.xml",
    ]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == EXIT_PROBLEMS
    assert b"Traceback" not in done.stderr
    assert ElementTree.parse(folder / "results.xml").getroot()[0].attrib["tests"] == "101"


def test_coverage_tells_what_no_scenario_reaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "good.yaml", "--coverage"]) == EXIT_OK
    out = capsys.readouterr().out
    assert "policy.yaml: note: no scenario makes rule unplugged fail primary and secondary" in out
    assert "coverage of policy.yaml: 1 of 8\n" in out
