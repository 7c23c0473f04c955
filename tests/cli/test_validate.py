"""`route-switcher validate`, as a person or a CI job calls it."""

import json
from pathlib import Path

import pytest

from route_switcher.cli import FINE, PROBLEMS, WRONG_USAGE, main

GOOD = "version: 1\nuplinks:\n  a: {interface: eth0, gateway: 192.0.2.1}\n"
BAD = "version: 1\nuplinks:\n  a: {interface: eth0, gatway: 192.0.2.1}\nprobe: {}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a good and a bad policy in it."""
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "bad.yaml").write_text(BAD, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_good_policy_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "good.yaml"]) == FINE
    assert capsys.readouterr() == ("good.yaml: fine (1 uplink, 1 probe, 2 rules)\n", "")


@pytest.mark.usefixtures("folder")
def test_every_problem_of_every_file_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "bad.yaml", "good.yaml", "none.yaml"]) == PROBLEMS
    out, err = capsys.readouterr()
    assert err == ""
    assert out == (
        "bad.yaml:3:24: error: unknown key 'gatway' [unknown-key]\n"
        "      a: {interface: eth0, gatway: 192.0.2.1}\n"
        "                           ^^^^^^\n"
        "    hint: did you mean 'gateway'?\n"
        "bad.yaml:4:1: error: unknown key 'probe' [unknown-key]\n"
        "    probe: {}\n"
        "    ^^^^^\n"
        "    hint: did you mean 'probes'?\n"
        "good.yaml: fine (1 uplink, 1 probe, 2 rules)\n"
        "none.yaml: error: cannot read the policy: No such file or directory [unreadable]\n"
        "    hint: policies that come with the program: dual-stack, dual-wan\n"
        "3 problems in 2 of 3 files\n"
    )


def test_a_shipped_policy_goes_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "dual-wan"]) == FINE
    assert capsys.readouterr().out.endswith(
        "policies/dual-wan.yaml: fine (2 uplinks, 1 probe, 2 rules)\n"
    )


def test_no_policy_means_that_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    monkeypatch.setattr("route_switcher.policy.load.SYSTEM_POLICY", folder / "good.yaml")
    assert main(["validate"]) == FINE
    assert main(["validate", "policy"]) == FINE
    line = f"{folder}/good.yaml: fine (1 uplink, 1 probe, 2 rules)\n"
    assert capsys.readouterr().out == line * 2


@pytest.mark.usefixtures("folder")
def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--format", "json", "good.yaml", "bad.yaml"]) == PROBLEMS
    document = json.loads(capsys.readouterr().out)
    assert document["fine"] is False
    assert document["files"][0] == {"file": "good.yaml", "fine": True, "problems": []}
    assert document["files"][1]["problems"][0] == {
        "code": "unknown-key",
        "message": "unknown key 'gatway'",
        "hint": "did you mean 'gateway'?",
        "line": 3,
        "column": 24,
        "end_column": 30,
    }
    assert main(["validate", "--format=json", "good.yaml"]) == FINE
    assert json.loads(capsys.readouterr().out)["fine"] is True


@pytest.mark.usefixtures("folder")
def test_github_shows_problems_beside_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--format", "github", "bad.yaml", "good.yaml"]) == PROBLEMS
    assert capsys.readouterr().out.splitlines() == [
        "::error file=bad.yaml,title=unknown-key,line=3,col=24,endColumn=30"
        "::unknown key 'gatway'%0Ahint: did you mean 'gateway'?",
        "::error file=bad.yaml,title=unknown-key,line=4,col=1,endColumn=6"
        "::unknown key 'probe'%0Ahint: did you mean 'probes'?",
        "good.yaml: fine (1 uplink, 1 probe, 2 rules)",
        "2 problems in 1 of 2 files",
    ]


@pytest.mark.usefixtures("folder")
def test_the_same_file_gives_the_same_words(capsys: pytest.CaptureFixture[str]) -> None:
    main(["validate", "bad.yaml"])
    first = capsys.readouterr().out
    main(["validate", "bad.yaml"])
    assert capsys.readouterr().out == first


@pytest.mark.parametrize(
    "argv",
    [[], ["valdate"], ["validate", "--format", "xml"], ["validate", "--form", "json"], ["-x"]],
)
def test_wrong_usage_is_told_apart(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == WRONG_USAGE
    assert capsys.readouterr().err.startswith("usage: route-switcher")
