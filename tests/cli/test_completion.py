"""Shell completion, asked for as the shells do it."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import shtab

from route_switcher.cli import EXIT_OK, EXIT_USAGE, main, parser
from route_switcher.cli.completion import SHELLS
from route_switcher.policy.load import SYSTEM_NAME, shipped_policies
from route_switcher.resources import shipped_schemas

POLICIES = {SYSTEM_NAME, *shipped_policies()}
COMMANDS = {"run", "validate", "cleanup", "init", "schema", "completion", "demo"}


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = (a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(found.choices)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A current directory with a policy, something else, and a folder."""
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "other.txt").touch()
    (tmp_path / "sub").mkdir()
    return tmp_path


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    if shell not in shtab.SUPPORTED_SHELLS:
        pytest.skip(f"shtab {shtab.__version__} knows no {shell}")
    assert main(["completion", shell]) == EXIT_OK
    out, err = capsys.readouterr()
    assert err == ""
    return out


def ran(folder: Path, *words: str, given: str = "") -> str:
    environment = os.environ | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    done = subprocess.run(
        words, cwd=folder, input=given, capture_output=True, text=True, timeout=60, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


class Bash:
    """Completes as readline would: calls the function that `complete -F` names."""

    def __init__(self, folder: Path, text: str) -> None:
        self._folder = folder
        (folder / "completion.bash").write_text(text, "utf-8")

    def complete(self, *words: str) -> set[str]:
        line = " ".join(shlex.quote(word) for word in ("route-switcher", *words))
        lines = (
            "source completion.bash",
            # What bash itself finds out before it calls the function.
            "read -r -a spec < <(complete -p route-switcher)",
            "for i in ${!spec[@]}; do [[ ${spec[i]} == -F ]] && f=${spec[i+1]}; done",
            f"COMP_WORDS=({line}) COMP_CWORD={len(words)}",
            '"$f" route-switcher "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"',
            'printf "%s\\n" "${COMPREPLY[@]}"',
        )
        (self._folder / "ask.bash").write_text("\n".join(lines), "utf-8")
        found = ran(self._folder, "bash", "--norc", "--noprofile", "ask.bash")
        return {*found.split()} - {"completion.bash", "ask.bash"}


class Fish:
    """Completes by `complete -C`."""

    def __init__(self, folder: Path, text: str) -> None:
        self._folder = folder
        (folder / "completion.fish").write_text(text, "utf-8")

    def complete(self, *words: str) -> set[str]:
        line = shlex.quote(" ".join(("route-switcher", *words)))
        given = f"source completion.fish; complete -C {line}"
        found = ran(self._folder, "fish", "--no-config", "-c", given)
        return {each.split("\t")[0].rstrip("/") for each in found.splitlines()}


@pytest.fixture(params=[Bash, Fish])
def shell(
    request: pytest.FixtureRequest, folder: Path, capsys: pytest.CaptureFixture[str]
) -> Bash | Fish:
    name = request.param.__name__.lower()
    if shutil.which(name) is None:
        pytest.skip(f"no {name} here")
    made: Bash | Fish = request.param(folder, script(name, capsys))
    return made


def test_commands_are_completed(shell: Bash | Fish) -> None:
    assert shell.complete("") >= COMMANDS
    assert shell.complete("va") == {"validate"}


@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_policy_is_a_name_or_a_file(shell: Bash | Fish, command: str) -> None:
    found = shell.complete(command, "")
    assert found >= POLICIES | {"mine.yaml", "sub"}
    if isinstance(shell, Bash):  # fish offers other files, too, but behind
        assert "other.txt" not in found
    assert shell.complete(command, "dual-w") == {"dual-wan"}


@pytest.mark.parametrize(
    ("function", "word", "meant"),
    [("policy_files", "dual-w", "dual-wan"), ("schemas", "sc", "scenario")],
)
def test_names_are_told_apart_if_only_lines_separate_words(
    function: str, word: str, meant: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So shtab 1.7.1 calls our functions."""
    (folder / "script").write_text(script("bash", capsys), "utf-8")
    asked = f"source ./script; IFS=$'\\n'; _route_switcher_{function} {word} || true"
    assert ran(folder, "bash", "--norc", "-c", asked) == f"{meant}\n"


def test_options_and_their_choices_are_completed(shell: Bash | Fish) -> None:
    assert "--format" in shell.complete("validate", "--f")
    assert shell.complete("validate", "--format", "") == {"text", "json", "github"}
    assert shell.complete("run", "--log-level", "w") == {"warning"}
    assert shell.complete("completion", "") == {*SHELLS}
    assert shell.complete("schema", "") == {*shipped_schemas()}


def test_further_policies_are_completed_after_options(shell: Bash | Fish) -> None:
    assert "mine.yaml" in shell.complete("validate", "--format", "json", "a.yaml", "m")


def test_an_output_is_any_file(shell: Bash | Fish) -> None:
    assert "other.txt" in shell.complete("init", "--output", "o")


def test_interfaces_are_those_of_this_machine(shell: Bash | Fish) -> None:
    assert "lo" in shell.complete("run", "--primary-interface", "l")


@pytest.mark.parametrize("name", SHELLS)
def test_every_command_and_long_option_is_in_every_script(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = script(name, capsys)
    for command, arguments in commands().items():
        assert command in text
        for option in (word for a in arguments._actions for word in a.option_strings):
            if option.startswith("--"):
                written = f"-l {option[2:]}" if name == "fish" else option
                assert written in text


@pytest.mark.parametrize("name", SHELLS)
def test_the_shell_accepts_the_script(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"no {name} here")
    (folder / "script").write_text(script(name, capsys), "utf-8")
    quiet = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[name]
    ran(folder, name, *quiet, "-n", "script")


@pytest.mark.parametrize("name", ["csh", ""])
def test_another_shell_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["completion", name])
    assert caught.value.code == EXIT_USAGE
    assert "bash" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["completion", "bash"], ["schema"], ["init", "--help"]])
def test_neither_trio_nor_pyroute2_is_imported(words: list[str]) -> None:
    program = (
        "import sys\n"
        "from route_switcher.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*{'trio', 'pyroute2.netlink', 'asyncio'} & set(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *words], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")
