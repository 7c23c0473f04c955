"""What is said of a command or an option that is not known: what was meant, and how it is used."""

import argparse
from collections.abc import Collection, Sequence
from typing import NoReturn

from route_switcher.policy.problems import quoted
from route_switcher.policy.suggestions import did_you_mean
from route_switcher.printable import printable
from route_switcher.text.quantities import listed

_COMMANDS = {
    **dict.fromkeys(("check", "lint", "verify", "validation"), "validate"),
    **dict.fromkeys(("start", "daemon", "serve", "up"), "run"),
    **dict.fromkeys(("show", "state", "info", "list", "ls"), "status"),
    **dict.fromkeys(("failover", "force", "use", "move"), "switch"),
    **dict.fromkeys(("unswitch", "auto", "automatic", "failback", "fail-back"), "release"),
    **dict.fromkeys(("monitor", "tail", "follow", "top"), "watch"),
    **dict.fromkeys(("log", "logs", "events", "journal", "past"), "history"),
    **dict.fromkeys(("hup", "reread", "refresh", "apply"), "reload"),
    **dict.fromkeys(("config", "edit", "setup"), "init"),
    **dict.fromkeys(("reason", "cause"), "why"),
    **dict.fromkeys(("sla", "export"), "report"),
    **dict.fromkeys(("sim", "montecarlo"), "simulate"),
    **dict.fromkeys(("complete", "bash", "zsh"), "completion"),
    **dict.fromkeys(("diagnose", "diag", "health"), "doctor"),
    **dict.fromkeys(("scenario", "scenarios", "tests"), "test"),
    **dict.fromkeys(("describe", "doc"), "explain"),
    **dict.fromkeys(("new", "create", "generate", "draft"), "init"),
    **dict.fromkeys(("flush", "clean", "remove", "uninstall"), "cleanup"),
}
"""What other programs call our commands."""

_BY_SERVICE = "the service manager does that: systemctl {word} route-switcher"
_OTHERWISE = {
    "help": "did you mean 'route-switcher --help'?",
    "version": "did you mean 'route-switcher --version'?",
    **{word: _BY_SERVICE.format(word=word) for word in ("stop", "restart", "enable", "disable")},
}
"""What is said of words that no command stands for."""

_OF_FILE = (
    "-c",
    "-f",
    "--config",
    "--config-file",
    "--conf",
    "--file",
    "--policy",
    "--policy-file",
)
_OPTIONS = {
    "--log-level debug": ("-v", "-vv", "--verbose", "--debug"),
    "--log-level warning": ("-q", "--quiet", "--silent"),
    "--dry-run": ("-n", "--check", "--no-op", "--noop", "--simulate"),
    "--output": ("-o", "--out", "--file"),
    "--json": ("-j", "--format", "--output-format"),
    "--format json": ("-j", "--json"),
    "--force": ("-f", "--yes", "-y", "--overwrite"),
    "--color never": ("--no-color", "--no-colour", "--plain"),
    "--duration": ("--days", "--time", "--length", "--for"),
}
"""Options, each with what other programs call it."""

_IN_FRONT = {"-v": "--version", "-V": "--version", "-?": "--help", "-help": "--help"}
"""What the short options of other programs are called here."""


def refuse_command(program: argparse.ArgumentParser, word: str, known: Collection[str]) -> NoReturn:
    """End with what may have been meant by a command that there is not."""
    meant = _COMMANDS.get(word.lower())
    if (otherwise := _OTHERWISE.get(word.lower())) is not None:
        program.error(f"there is no command {quoted(word)}: {otherwise}")
    hint = f"did you mean {meant!r}?" if meant in known else did_you_mean(word, known)
    program.error(
        f"there is no command {quoted(word)}: {hint or 'route-switcher --help lists them'}"
    )


def refuse_option_in_front(program: argparse.ArgumentParser, argv: Sequence[str]) -> NoReturn:
    """End with where an option stands that was written before the command."""
    option = argv[0].partition("=")[0]
    commands = _commands(program)
    name = next((word for word in argv if word in commands), None)
    if option in _IN_FRONT and name is None:
        program.error(f"there is no option {quoted(option)}: did you mean '{_IN_FRONT[option]}'?")
    if name is None:
        program.error(f"write a command first, and {quoted(option)} behind it")
    if option == "--" or option in commands[name]._option_string_actions:
        where = f"write it behind 'route-switcher {name}'"
        program.error(f"{quoted(option)} cannot stand before the command: {where}")
    refuse_arguments(commands[name], [option], program)


def refuse_arguments(
    command: argparse.ArgumentParser, words: Sequence[str], program: argparse.ArgumentParser
) -> NoReturn:
    """End with what may have been meant by arguments that a command does not take."""
    first = next((word for word in words if word.startswith("-")), words[0]).partition("=")[0]
    hint = ""
    if first.startswith("-"):
        hint = _meant(first, command)
        hint = hint or did_you_mean(first, _options(command)) or _of_others(first, program)
    told = ", ".join(printable(word) for word in words)
    command.error(f"unrecognized arguments: {told}{f'; {hint}' if hint else ''}")


def _meant(option: str, command: argparse.ArgumentParser) -> str:
    """What says here what an option of other programs says, if this command has it."""
    if option in _OF_FILE and any(action.dest == "policy" for action in command._actions):
        return "write the POLICY by itself, without an option"
    for known, words in _OPTIONS.items():
        if option in words and known.split()[0] in command._option_string_actions:
            return f"did you mean '{known}'?"
    return ""


def _options(command: argparse.ArgumentParser) -> list[str]:
    return [name for name in command._option_string_actions if name.startswith("--")]


def _commands(program: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    actions = program._subparsers._group_actions if program._subparsers is not None else []
    return {
        name: command for action in actions for name, command in dict(action.choices or ()).items()
    }


def _of_others(option: str, program: argparse.ArgumentParser) -> str:
    """The commands that have this option; nothing if none has."""
    names = [name for name, command in _commands(program).items() if option in _options(command)]
    return f"it is an option of {listed(names)}" if names else ""
