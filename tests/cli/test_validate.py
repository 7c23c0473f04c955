"""`route-switcher validate`, as a person or a CI job calls it."""

import json
from pathlib import Path

import pytest

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE, main
from route_switcher.policy.load import shipped_policies

GOOD = "version: 1\nuplinks:\n  a: {interface: eth0, gateway: 192.0.2.1}\n"
BAD = "version: 1\nuplinks:\n  a: {interface: eth0, gatway: 192.0.2.1}\nprobe: {}\n"
DOUBTFUL = (
    "version: 1\nuplinks:\n"
    "  a: {interface: eth0, gateway: 192.0.2.1}\n"
    "  b: {interface: eth1, gateway: 192.0.2.2}\n"
    "rules:\n  - {name: one, fail: {failures: 1}}\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a good, a bad and a doubtful policy in it."""
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "bad.yaml").write_text(BAD, "utf-8")
    (tmp_path / "doubtful.yaml").write_text(DOUBTFUL, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


FIGURES = """
  our routes are in table main: every gateway is written

  rule         detects          after    at most  recovers after  at most
  no-internet  a silent outage  3.5 s    4 s      60.5 s          62 s
  unplugged    a lost carrier   at once  at once  60.5 s          62 s

  uplink  probes a month  false failures at 1 % loss  at 5 % loss
  a       228 MB          2.6 times a month           293 times a month
"""
BLOCK = """
  uplink a
    probes a month: 228 MB; false failures at 0.5 % loss: once in 3.1 months; at
    10 % loss: 356 times a month, away 85 % of the time
"""
PRAISE = "good.yaml: fine (1 uplink, 1 probe, 2 rules)\n"


@pytest.mark.usefixtures("folder")
def test_a_good_policy_is_fine_and_has_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "good.yaml"]) == EXIT_OK
    assert capsys.readouterr() == (PRAISE + FIGURES, "")


@pytest.mark.usefixtures("folder")
def test_every_problem_of_every_file_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "bad.yaml", "good.yaml", "none.yaml"]) == EXIT_PROBLEMS
    out, err = capsys.readouterr()
    assert err == ""
    names = ", ".join(shipped_policies())
    assert out == (
        "bad.yaml:3:24: error: unknown key 'gatway' [unknown-key]\n"
        "      a: {interface: eth0, gatway: 192.0.2.1}\n"
        "                           ^^^^^^\n"
        "    hint: did you mean 'gateway'?\n"
        "bad.yaml:4:1: error: unknown key 'probe' [unknown-key]\n"
        "    probe: {}\n"
        "    ^^^^^\n"
        "    hint: did you mean 'probes'?\n"
        f"{PRAISE}{FIGURES}\n"
        "none.yaml: error: cannot read the policy: No such file or directory [unreadable]\n"
        f"    hint: policies that come with the program: {names}\n"
        "3 problems in 2 of 3 files\n"
    )


def test_a_shipped_policy_goes_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "dual-stack"]) == EXIT_OK
    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith("policies/dual-stack.yaml: fine (4 uplinks, 2 probes, 3 rules)")


@pytest.mark.usefixtures("folder")
def test_doubts_are_told_after_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "doubtful.yaml"]) == EXIT_OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "doubtful.yaml: fine (2 uplinks, 1 probe, 2 rules; 1 warning, 1 note)"
    note = lines.index(
        "doubtful.yaml:2:1: note: 8.8.8.8 is the only target through a and b: its outage looks like"
        " that of the uplinks [one-target]"
    )
    assert lines[note + 1 : note + 4] == [
        "    uplinks:",
        "    ^^^^^^^",
        "    hint: write a second one, for example 'targets: [8.8.8.8, 1.1.1.1]' in a probe",
    ]
    assert lines[note + 4].startswith("doubtful.yaml:6:17: warning: at 1 % random loss one fails a")


@pytest.mark.usefixtures("folder")
def test_doubts_are_errors_if_strict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--strict", "good.yaml", "doubtful.yaml"]) == EXIT_PROBLEMS
    out = capsys.readouterr().out
    assert out.startswith(PRAISE)
    assert "doubtful.yaml:2:1: error: 8.8.8.8 is the only target" in out
    assert "doubtful.yaml: fine" not in out
    assert out.endswith("2 problems in 1 of 2 files\n")
    assert main(["validate", "--strict", "good.yaml"]) == EXIT_OK


@pytest.mark.usefixtures("folder")
def test_the_loss_may_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--loss", "0.5%", "--loss", "10", "good.yaml"]) == EXIT_OK
    assert capsys.readouterr().out.endswith(BLOCK)


def test_no_policy_means_that_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    monkeypatch.setattr("route_switcher.policy.load.SYSTEM_POLICY", folder / "good.yaml")
    for argv in (["validate"], ["validate", "policy"]):
        assert main(argv) == EXIT_OK
        assert capsys.readouterr().out == f"{folder}/{PRAISE}{FIGURES}"


@pytest.mark.usefixtures("folder")
def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["validate", "--format", "json", "--loss", "1", "good.yaml", "bad.yaml", "doubtful.yaml"]
    assert main(argv) == EXIT_PROBLEMS
    document = json.loads(capsys.readouterr().out)
    good, bad, doubtful = document["files"]
    assert document["fine"] is False
    assert (good["file"], good["fine"], good["problems"]) == ("good.yaml", True, [])
    assert good["figures"]["rules"][0] == {
        "rule": "no-internet",
        "fault": "silent",
        "fails_after": {"typical": 3.5, "worst": 4.0, "typical_is_at_most": False},
        "fails_after_on_standby": {"typical": 3.5, "worst": 4.0, "typical_is_at_most": False},
        "ok_after": {"typical": 60.5, "worst": 62.0, "typical_is_at_most": False},
    }
    (uplink,) = good["figures"]["uplinks"]
    (failing,) = uplink.pop("false_failures_a_month")
    assert good["routes"] == {
        "table": 254,
        "why": "every gateway is written",
        "small_tables": {},
        "source_rules": False,
    }
    assert bad["routes"] is None
    assert uplink == {
        "uplink": "a",
        "family": "IPv4",
        "bytes_a_month": 228096000,
        "bytes_a_month_on_standby": 228096000,
        "not_counted": [],
    }
    assert failing["loss"] == 0.01
    assert failing["failures_are_at_most"] is False
    assert failing["failures"] == pytest.approx(2.566, rel=1e-3)
    assert bad["problems"][0] == {
        "severity": "error",
        "code": "unknown-key",
        "message": "unknown key 'gatway'",
        "hint": "did you mean 'gateway'?",
        "line": 3,
        "column": 24,
        "end_column": 30,
    }
    assert (bad["fine"], bad["figures"]) == (False, None)
    assert doubtful["fine"] is True
    assert [p["severity"] for p in doubtful["problems"]] == ["note", "warning"]
    assert main(["validate", "--format=json", "good.yaml"]) == EXIT_OK
    assert json.loads(capsys.readouterr().out)["fine"] is True


PROGRAMS = """version: 1
uplinks:
  a: {interface: eth0, gateway: 192.0.2.1}
  b: {interface: eth1, gateway: 192.0.2.2}
probes:
  pings: {type: icmp, targets: [8.8.8.8], uplinks: [a], standby_interval: 2s}
  one: {type: exec, run: [/bin/true]}
  two: {type: exec, run: [/bin/true, two], uplinks: [a]}
rules:
  - {name: no-pings, fail: {failures: 3, probe: pings}}
  - {name: one-fails, fail: {failures: 3, probe: one}}
  - {name: two-fails, fail: {failures: 3, probe: two}}
"""


def test_what_programs_send_is_not_known(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "programs.yaml").write_text(PROGRAMS, "utf-8")
    assert main(["validate", "programs.yaml"]) == EXIT_OK
    words = " ".join(capsys.readouterr().out.split())
    several, alone = words.split(" uplink a ")[1].split(" uplink b ")
    assert several.startswith(
        "probes a month: 228 MB, without 2 programs of yours;"
        " on standby: 114 MB, without 2 programs of yours; "
    )
    assert "probes a month: not known: a program of yours; " in alone
    assert main(["validate", "--format", "json", "programs.yaml"]) == EXIT_OK
    (file,) = json.loads(capsys.readouterr().out)["files"]
    of_a, of_b = file["figures"]["uplinks"]
    assert (of_a["bytes_a_month"], of_a["not_counted"]) == (228096000, ["one", "two"])
    assert (of_b["bytes_a_month"], of_b["not_counted"]) == (0, ["one"])


@pytest.mark.usefixtures("folder")
def test_github_shows_problems_beside_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--format", "github", "bad.yaml", "doubtful.yaml"]) == EXIT_PROBLEMS
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "::error file=bad.yaml,title=unknown-key,line=3,col=24,endColumn=30"
        "::unknown key 'gatway'%0Ahint: did you mean 'gateway'?"
    )
    assert lines[2].startswith("::notice file=doubtful.yaml,title=one-target,line=2,col=1,")
    assert lines[3].startswith("::warning file=doubtful.yaml,title=fails-by-chance,line=6,")
    assert lines[4].startswith("::notice file=doubtful.yaml,title=figures::our routes are in")
    assert lines[5:] == [
        "doubtful.yaml: fine (2 uplinks, 1 probe, 2 rules; 1 warning, 1 note)",
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
    [
        [],
        ["valdate"],
        ["validate", "--format", "xml"],
        ["validate", "--form", "json"],
        ["validate", "--loss", "100%"],
        ["validate", "--loss", "much"],
        ["-x"],
    ],
)
def test_wrong_usage_is_told_apart(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == EXIT_USAGE
    assert capsys.readouterr().err.startswith("usage: route-switcher")
