"""The command `simulate`."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE, main

SHORT = ["--duration", "2h"]
MINIMAL = str(Path(__file__).parents[2] / "examples" / "minimal.yaml")
KEYS = {"families", "leapt_seconds", "policy", "seconds", "switches", "uplinks"}


def test_it_prints_a_timeline_and_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "dual-wan", *SHORT]) == EXIT_OK
    out = capsys.readouterr().out
    assert "primary      line" in out
    assert "outage seen" in out
    assert "network: seed 1" in out
    assert "\x1b" not in out


def test_the_same_seed_gives_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--line", "primary=lte,outages=10/day"]
    outputs = []
    for seed in ("4", "4", "5"):
        assert main(["simulate", "dual-wan", *SHORT, *line, "--seed", seed]) == EXIT_OK
        outputs.append(capsys.readouterr().out.replace(f"seed {seed}", ""))
    assert outputs[0] == outputs[1] != outputs[2]


def test_a_policy_against_itself_makes_no_difference(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "dual-wan", "--against", "dual-wan", *SHORT]) == EXIT_OK
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if "failovers" in line).split()[-1] == "="


def test_another_policy_meets_the_same_network(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    quick = tmp_path / "quick.yaml"
    quick.write_text(
        "version: 1\n"
        "uplinks:\n"
        "  primary: {interface: eth0, gateway: 192.168.1.1}\n"
        "  secondary: {interface: eth1, gateway: 192.168.2.1}\n"
        "probes:\n"
        "  internet: {type: icmp, targets: [8.8.8.8], interval: 500ms, timeout: 300ms}\n"
    )
    words = ["simulate", "dual-wan", "--against", str(quick), "--duration", "1d"]
    assert main([*words, "--line", "primary=dsl,outages=1/hour", "--format", "json"]) == EXIT_OK
    slow, fast = json.loads(capsys.readouterr().out)["policies"]
    assert slow.keys() == KEYS
    assert slow["uplinks"]["primary"]["outages"] == fast["uplinks"]["primary"]["outages"] > 5
    assert slow["uplinks"]["primary"]["dead"] == fast["uplinks"]["primary"]["dead"]
    of = [p["families"]["IPv4"]["time_to_detect"]["median"] for p in (slow, fast)]
    assert of[1] < of[0]


def test_the_page_has_both_policies(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    words = ["simulate", "dual-wan", "--against", "dual-stack", *SHORT, "--html", str(file)]
    assert main(words) == EXIT_OK
    text = file.read_text(encoding="utf-8")
    assert text.count("<figure") == 2
    assert "The policy dual-stack" in text


def test_a_page_that_cannot_be_written_is_told_of(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["simulate", "dual-wan", *SHORT, "--html", str(tmp_path / "none" / "page.html")]
    assert main(words) == EXIT_PROBLEMS
    assert "cannot write" in capsys.readouterr().err


def test_problems_of_the_policy_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "dual-van", *SHORT]) == EXIT_PROBLEMS
    assert "did you mean 'dual-wan'" in capsys.readouterr().err


def test_a_line_without_an_uplink_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "dual-wan", *SHORT, "--line", "primry=dsl"]) == EXIT_USAGE
    assert "did you mean 'primary'" in capsys.readouterr().err


def test_a_line_that_is_given_twice_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    twice = ["--line", "primary=dsl", "--line", "primary=lte"]
    assert main(["simulate", "dual-wan", *SHORT, *twice]) == EXIT_USAGE
    assert "'primary' is given twice" in capsys.readouterr().err


def test_the_problems_of_both_policies_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "dual-van", "--against", "./none.yaml"]) == EXIT_PROBLEMS
    out, err = capsys.readouterr()
    assert out == ""
    assert "'dual-van'" in err
    assert "none.yaml: error" in err


def test_a_file_of_any_name_is_simulated(tmp_path: Path) -> None:
    policy, file = tmp_path / "odd\udcff.yaml", tmp_path / "page.html"
    uplink = "{interface: eth0, gateway: 192.168.1.1}"
    policy.write_text(f"version: 1\nuplinks: {{primary: {uplink}}}\n")
    assert main(["simulate", str(policy), *SHORT, "--html", str(file)]) == EXIT_OK
    assert "odd\\xff.yaml" in file.read_text(encoding="utf-8")


def test_it_needs_no_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["simulate", "dual-wan", *SHORT]) == EXIT_OK


def test_lines_are_described_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    rates = "primary=fibre,outages=1/month,outage_length=90s,brownouts=40000/month"
    assert main(["simulate", "dual-wan", *SHORT, "--line", rates]) == EXIT_OK
    said = " ".join(capsys.readouterr().out.split())
    assert "network: primary: 8 ms there and back; 0.01 % loss; outages once a month, 90 s" in said
    assert "brown-outs 40,000 times a month, 10 min each, with 20 % more loss" in said
    assert "network: targets: outages once in 2 months, 10 min each" in said
    assert "In 2 h users would have seen" in said


def test_what_probes_take_is_what_validate_says(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["--line", "primary=perfect", "--line", "secondary=perfect"]
    words = ["--duration", "30d", "--targets", "outages=0/month", "--format", "json"]
    assert main(["simulate", "dual-wan", *lines, *words]) == EXIT_OK
    (simulated,) = json.loads(capsys.readouterr().out)["policies"]
    assert main(["validate", "dual-wan", "--format", "json"]) == EXIT_OK
    (file,) = json.loads(capsys.readouterr().out)["files"]
    (of_primary, _) = file["figures"]["uplinks"]
    assert simulated["uplinks"]["primary"]["probe_bytes"] == of_primary["bytes_a_month"]
    assert simulated["uplinks"]["primary"]["not_counted"] == []


def test_sums_lack_what_programs_send(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "version: 1\n"
        "uplinks:\n"
        "  primary: {interface: eth0, gateway: 192.0.2.1}\n"
        "  secondary: {interface: eth1, gateway: 192.0.2.2}\n"
        "probes:\n"
        "  pings: {type: icmp, targets: [8.8.8.8]}\n"
        "  program: {type: exec, run: [/bin/true], uplinks: [primary]}\n"
        "rules:\n"
        "  - {name: a, fail: {failures: 3, probe: pings}}\n"
        "  - {name: b, fail: {failures: 3, probe: program}}\n"
    )
    assert main(["simulate", str(policy), *SHORT]) == EXIT_OK
    said = " ".join(capsys.readouterr().out.split())
    assert "probes through primary, without programs of yours" in said
    assert "probes through secondary 0." in said
    assert main(["simulate", str(policy), *SHORT, "--format", "json"]) == EXIT_OK
    (simulated,) = json.loads(capsys.readouterr().out)["policies"]
    assert simulated["uplinks"]["primary"]["not_counted"] == ["program"]
    assert simulated["uplinks"]["secondary"]["not_counted"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--duration", "month"], "as in 30d"),
        (["--duration", "9999d"], "3650d"),
        (["--line", "primary=fiber"], "did you mean 'fibre'"),
        (["--line", "primary=dsl,latency=2m"], "a duration up to 1m"),
        (["--targets", "outages=4"], "as in 4/month"),
        (["--seed", "x"], "write a whole number"),
    ],
)
def test_what_is_not_understood_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "dual-wan", *words])
    assert ended.value.code == EXIT_USAGE
    assert said in capsys.readouterr().err


def test_a_terminal_sees_how_far_it_is_and_nobody_else(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-P",
        "-m",
        "route_switcher",
        "simulate",
        MINIMAL,
        "--duration",
        "6d",
    ]
    words += ["--line", "primary=satellite", "--line", "secondary=satellite"]
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as terminal:
        seen = tmp_path / "seen"
        with seen.open("wb") as out:
            done = subprocess.run(words, stdout=out, stderr=theirs, timeout=600)
        os.set_blocking(ours, False)
        drawn = b""
        while some := terminal.read(100_000):  # a terminal gives a part at a time
            drawn += some
        os.close(theirs)
    assert done.returncode == EXIT_OK
    assert b"simulating [" in drawn
    assert drawn.endswith(b"\x1b[K")
    assert b"simulating" not in seen.read_bytes()
    quiet = subprocess.run([*words[:5], "dual-wan", *SHORT], capture_output=True, timeout=60)
    assert quiet.stderr == b""
