"""What reads policies reads other kinds of file too, and then speaks of those."""

from pathlib import Path

import pytest

from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.policy.file_kinds import POLICY, FileKind
from route_switcher.policy.findings import Findings
from route_switcher.policy.load import load, read_policy, read_policy_text
from route_switcher.policy.problems import PolicyProblems, Problem
from route_switcher.policy.schema.check import check_schema
from route_switcher.policy.yaml.files import read_bytes, read_file
from route_switcher.policy.yaml.reader import MAX_DEPTH, MAX_NODES, MAX_SIZE, read
from support.told import with_uplink

TALE = FileKind(
    noun="tale",
    schema="policy.schema.json",
    least="write 'once upon a time'",
    depth="a tale has one thread",
    size="A tale ends",
)


def the_problem(raw: bytes) -> Problem:
    with pytest.raises(PolicyProblems) as caught:
        read_bytes(raw, "tale.yaml", TALE)
    assert "policy" not in str(caught.value).lower()
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("raw", "code", "hint"),
    [
        (b"", "empty", "write 'once upon a time'"),
        (
            b"--- 1\n--- 2\n",
            "second-document",
            "a file holds one tale: put the other into a file of its own",
        ),
        (b"[" * (MAX_DEPTH + 1), "too-deep", "a tale has one thread"),
        (b"- 1\n" * MAX_NODES, "too-large", "is this the right file? A tale ends"),
        (b"#" * (MAX_SIZE + 1), "too-large", "is this the right file? A tale ends"),
    ],
)
def test_problems_speak_of_the_kind_that_is_read(raw: bytes, code: str, hint: str) -> None:
    problem = the_problem(raw)
    assert (problem.code, problem.hint) == (code, hint)


@pytest.mark.parametrize("if_missing", ["", "tell one"])
def test_a_file_that_is_not_there_is_told_by_its_kind(tmp_path: Path, if_missing: str) -> None:
    with pytest.raises(PolicyProblems) as caught:
        read_file(tmp_path / "none", TALE, if_missing)
    (problem,) = caught.value.problems
    assert problem.message == "cannot read the tale: No such file or directory"
    assert problem.hint == if_missing


def test_the_schema_of_the_kind_is_the_one_that_counts() -> None:
    findings = Findings(read("uplinks: 3\n", "x", TALE))
    check_schema(findings, TALE)
    assert sorted(problem.code for problem in findings.problems) == ["bad-value", "missing-key"]


def test_a_policy_comes_with_the_places_of_its_parts(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(with_uplink("rules:\n  - {name: r, fail: {failures: 2}}\n"), "utf-8")
    loaded = read_policy(str(file))
    assert loaded.policy == load(str(file))
    assert loaded.policy.rules[0].fail == ConsecutiveFailures("internet", 2)
    assert loaded.origin == str(file)
    span = loaded.document.values["rules", 0, "fail", "failures"]
    assert (span.line, span.column) == (6, 32)
    again = read_policy_text(file.read_text("utf-8"), "x")
    assert (again.policy, again.origin) == (loaded.policy, "x")
    assert read_file(file, POLICY) == again.document
