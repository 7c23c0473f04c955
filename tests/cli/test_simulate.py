"""The command `simulate`."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from route_switcher.cli import FINE, PROBLEMS, WRONG_USAGE, main

SHORT = ["--duration", "2h"]


def test_it_prints_a_timeline_and_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "dual-wan", *SHORT]) == FINE
    out = capsys.readouterr().out
    assert "primary      line" in out
    assert "outage seen" in out
    assert "network: seed 1" in out
    assert "\x1b" not in out


def test_the_same_seed_gives_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--line", "primary=lte,outages=10/day"]
    outputs = []
    for seed in ("4", "4", "5"):
        assert main(["simulate", "dual-wan", *SHORT, *line, "--seed", seed]) == FINE
        outputs.append(capsys.readouterr().out.replace(f"seed {seed}", ""))
    assert outputs[0] == outputs[1] != outputs[2]


def test_a_policy_against_itself_makes_no_difference(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "dual-wan", "--against", "dual-wan", *SHORT]) == FINE
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
    assert main([*words, "--line", "primary=dsl,outages=1/hour", "--format", "json"]) == FINE
    slow, fast = json.loads(capsys.readouterr().out)["policies"]
    assert slow["uplinks"]["primary"]["outages"] == fast["uplinks"]["primary"]["outages"] > 5
    assert slow["uplinks"]["primary"]["dead"] == fast["uplinks"]["primary"]["dead"]
    of = [p["families"]["IPv4"]["time_to_detect"]["median"] for p in (slow, fast)]
    assert of[1] < of[0]


def test_the_page_has_both_policies(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    words = ["simulate", "dual-wan", "--against", "dual-stack", *SHORT, "--html", str(file)]
    assert main(words) == FINE
    text = file.read_text(encoding="utf-8")
    assert text.count("<svg") == 2
    assert "The policy dual-stack" in text


def test_a_page_that_cannot_be_written_is_told_of(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["simulate", "dual-wan", *SHORT, "--html", str(tmp_path / "none" / "page.html")]
    assert main(words) == PROBLEMS
    assert "cannot write" in capsys.readouterr().err


def test_problems_of_the_policy_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "dual-van", *SHORT]) == PROBLEMS
    assert "did you mean 'dual-wan'" in capsys.readouterr().err


def test_a_line_without_an_uplink_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "dual-wan", *SHORT, "--line", "primry=dsl"]) == WRONG_USAGE
    assert "did you mean 'primary'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--duration", "month"], "as in 30d"),
        (["--duration", "9999d"], "3650d"),
        (["--line", "primary=fiber"], "did you mean 'fibre'"),
        (["--targets", "outages=4"], "as in 4/month"),
    ],
)
def test_what_is_not_understood_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "dual-wan", *words])
    assert ended.value.code == WRONG_USAGE
    assert said in capsys.readouterr().err


def test_a_terminal_sees_how_far_it_is_and_nobody_else(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "route_switcher", "simulate", "dual-wan", "--duration", "6d"]
    words += ["--line", "primary=satellite", "--line", "secondary=satellite"]
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as terminal:
        seen = tmp_path / "seen"
        with seen.open("wb") as out:
            done = subprocess.run(words, stdout=out, stderr=theirs, timeout=60)
        os.set_blocking(ours, False)
        drawn = terminal.read(100_000) or b""
        os.close(theirs)
    assert done.returncode == FINE
    assert b"simulating [" in drawn
    assert drawn.endswith(b"\x1b[K")
    assert b"simulating" not in seen.read_bytes()
    quiet = subprocess.run(words[:5] + SHORT, capture_output=True, timeout=60)
    assert quiet.stderr == b""
