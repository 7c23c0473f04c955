"""Wrong usage, standard input, and color."""

import os
import pty
import subprocess
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from route_switcher.cli import main
from support.forked_commands import run_forked
from support.terminal import all_of

POLICY = "version: 1\nuplinks:\n  a: {interface: eth0, gateway: 192.0.2.1}\n"
SCENARIOS = (
    "version: 1\npolicy: dual-wan\nscenarios:\n"
    "  - {name: it stays, rounds: {primary: good}, expect: [{at: 5s, active: primary}]}\n"
)


def fails(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("vaildate", "did you mean 'validate'?"),
        ("Simulate", "did you mean 'simulate'?"),
        ("check", "did you mean 'validate'?"),
        ("start", "did you mean 'run'?"),
        ("failover", "did you mean 'switch'?"),
        ("help", "did you mean 'route-switcher --help'?"),
        ("version", "did you mean 'route-switcher --version'?"),
        ("restart", "systemctl restart route-switcher"),
        ("logs", "did you mean 'history'?"),
        ("config", "did you mean 'init'?"),
        ("nothing-like-it", "route-switcher --help lists them"),
        ("\x1b[31m", "route-switcher --help lists them"),
    ],
)
def test_a_command_that_there_is_not_gets_a_hint(
    capsys: pytest.CaptureFixture[str], word: str, hint: str
) -> None:
    said = fails(capsys, word)
    assert said.startswith("usage: route-switcher ")
    assert said.rstrip().endswith(hint)
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (("validate", "--strikt", "dual-wan"), "did you mean '--strict'?"),
        (("validate", "dual-wan", "--fromat=json"), "did you mean '--format'?"),
        (("test", "x.yaml", "--polcy", "dual-wan"), "did you mean '--policy'?"),
        (("switch", "lte", "--forse"), "did you mean '--force'?"),
        (("status", "--jason"), "did you mean '--json'?"),
        (("switch", "lte", "dsl"), "unrecognized arguments: dsl"),
        (("validate", "-x"), "unrecognized arguments: -x"),
        (("validate", "--dry-run", "dual-wan"), "--dry-run; it is an option of run"),
        (("validate", "--seed=1", "dual-wan"), "it is an option of simulate"),
        (("run", "-c", "dual-wan"), "write the POLICY by itself, without an option"),
        (("explain", "--config=dual-wan"), "write the POLICY by itself, without an option"),
        (("run", "--verbose"), "did you mean '--log-level debug'?"),
        (("validate", "--json", "dual-wan"), "did you mean '--format json'?"),
        (("status", "--format=json"), "did you mean '--json'?"),
        (("validate", "--no-color", "dual-wan"), "did you mean '--color never'?"),
        (("init", "-o", "x.yaml"), "did you mean '--output'?"),
    ],
)
def test_a_wrong_option_gets_a_hint_and_the_usage_of_its_command(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], hint: str
) -> None:
    said = fails(capsys, *argv)
    assert said.startswith(f"usage: route-switcher {argv[0]} ")
    assert said.rstrip().endswith(hint)


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (("--strict", "validate"), "write it behind 'route-switcher validate'"),
        (("--format", "json", "validate"), "write it behind 'route-switcher validate'"),
        (("--format=json", "validate"), "write it behind 'route-switcher validate'"),
        (("--", "validate"), "write it behind 'route-switcher validate'"),
        (("--strikt", "validate"), "did you mean '--strict'?"),
        (("--seed", "validate"), "it is an option of simulate"),
        (("-q", "status"), "unrecognized arguments: -q"),
        (("-V",), "did you mean '--version'?"),
        (("--verbose",), "write a command first, and '--verbose' behind it"),
        (("--verbose", "nothing"), "write a command first, and '--verbose' behind it"),
    ],
)
def test_an_option_before_the_command_is_told_where_it_stands(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], hint: str
) -> None:
    assert fails(capsys, *argv).rstrip().endswith(hint)


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (("simulate", "dual-wan", "--duration", "7 days"), "write 7d"),
        (("simulate", "dual-wan", "--duration", "7"), "write 7s, 7m or 7h"),
        (("simulate", "dual-wan", "--duration", "soon"), "write a duration, as in 30d"),
        (("switch", "lte", "--for", "30 min"), "write 30m"),
        (("drill", "lte", "--for", "1:30"), "write 90s"),
        (("reload", "--confirm", "PT1M"), "write 1m"),
        (("reload", "--confirm", "0"), "(s, m, h, d): 60s"),
        (("history", "--since", "7 days"), "'7 days' is no time: write 7d"),
        (("history", "--since", "1 week ago"), "'1 week ago' is no time: write 7d"),
        (("report", "--since", "90 minutes ago"), "is no time: write 90m"),
        (("history", "--since", "soon"), "'2026-11-20 08:00' or 2026-03"),
    ],
)
def test_a_time_of_another_notation_is_told_as_it_must_be_written(
    argv: tuple[str, ...], hint: str
) -> None:
    ended = run(*argv)
    assert (ended.returncode, ended.stderr.rstrip().endswith(hint)) == (2, True)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mine.yml", "to name a file, write ./mine.yml"),
        ("other.yml", "to name a file, write ./other.yml"),
        ("mine", "to name a file, write ./mine"),
        ("other", "the names are: policy, "),
    ],
)
def test_a_file_that_reads_as_a_name_is_told_how_it_is_written(
    name: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("mine.yml", "mine"):
        Path(file).write_text(POLICY)
    ended = run("validate", name)
    assert (ended.returncode, f"hint: {hint}" in ended.stdout) == (1, True)


def test_the_engine_reads_no_policy_from_standard_input() -> None:
    ended = run("run", "-", stdin=POLICY)
    assert ended.returncode == 1
    assert "hint: standard input cannot be read here" in ended.stderr


def test_what_scenarios_on_standard_input_name_lies_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(POLICY.replace("  a:", "  primary:"))
    ended = run("test", "-", stdin=SCENARIOS.replace("dual-wan", "./p.yaml"))
    assert (ended.returncode, "1 scenario, all passed" in ended.stdout) == (0, True)


def run(*argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    with NamedTemporaryFile("w", encoding="utf-8") as given:
        given.write(stdin)
        given.flush()
        return run_forked(argv, given=given.name)


@pytest.mark.parametrize(
    ("argv", "stdin", "says"),
    [
        (("validate", "-"), POLICY, "/dev/stdin: fine (1 uplink, 1 probe"),
        (("explain", "-"), POLICY, "# /dev/stdin"),
        (("simulate", "-", "--duration", "1m"), POLICY, "In 1 min users would have seen"),
        (("test", "-"), SCENARIOS, "1 scenario, all passed"),
        (("test", "-", "--policy", "dual-wan"), SCENARIOS, "1 scenario, all passed"),
        (("validate", "dual-wan", "-"), POLICY, "/dev/stdin: fine"),
    ],
)
def test_a_dash_is_standard_input(argv: tuple[str, ...], stdin: str, says: str) -> None:
    ended = run(*argv, stdin=stdin)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert says in ended.stdout


def test_nothing_on_standard_input_is_a_problem_and_no_traceback() -> None:
    ended = run("validate", "-")
    assert (ended.returncode, "the file is empty" in ended.stdout) == (1, True)


BAD = POLICY.replace("interface", "interfce")


def test_what_is_no_terminal_gets_no_color() -> None:
    assert "\x1b" not in run("validate", "-", stdin=BAD).stdout


def test_color_is_to_be_had_always_and_never_in_what_programs_read() -> None:
    assert (
        "\x1b[31;1merror\x1b[0m: unknown key"
        in run("validate", "--color", "always", "-", stdin=BAD).stdout
    )
    for form in ("json", "github"):
        told = run("validate", "--color=always", "--format", form, "-", stdin=BAD).stdout
        assert "\x1b" not in told
    assert "\x1b[32mok\x1b[0m " in run("test", "--color=always", "-", stdin=SCENARIOS).stdout


def test_a_file_cannot_paint() -> None:
    told = run("validate", "--color", "always", "-", stdin='"\\e[5m": 1\n').stdout
    assert "\x1b[5m" not in told


@pytest.mark.parametrize(
    ("environ", "argv", "colored"),
    [
        ({"TERM": "xterm", "NO_COLOR": ""}, (), True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, (), False),
        ({"TERM": "dumb", "NO_COLOR": ""}, (), False),
        ({"TERM": "xterm", "NO_COLOR": ""}, ("--color", "never"), False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, ("--color", "always"), True),
    ],
)
def test_a_terminal_gets_color_unless_somebody_does_not_want_it(
    environ: dict[str, str], argv: tuple[str, ...], colored: bool, tmp_path: Path
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(BAD)
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        with os.fdopen(theirs, "wb") as output:
            run_forked(
                ("validate", *argv, str(file)), output=output.fileno(), errors=None, **environ
            )
        told = all_of(terminal)
    assert b"unknown key" in told
    assert (b"\x1b[" in told) is colored


def test_a_dash_is_no_policy_to_run_by() -> None:
    ended = run("run", "-", stdin=POLICY)
    assert ended.returncode == 1
    assert "there is no policy named '-'" in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize("command", ["explain", "simulate"])
def test_commands_that_tell_of_a_policy_have_color_too(command: str) -> None:
    argv = ["--duration", "1h"] if command == "simulate" else []
    colored = run(command, "--color=always", *argv, "-", stdin=POLICY).stdout
    assert "\x1b[" in colored
    assert "\x1b" not in run(command, *argv, "-", stdin=POLICY).stdout
