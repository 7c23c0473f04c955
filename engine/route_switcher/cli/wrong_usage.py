"""What is said of a command or an option that is not known: what was meant, and how it is used."""

import argparse
from collections.abc import Collection, Sequence
from typing import NoReturn

from route_switcher.policy.problems import quoted
from route_switcher.policy.suggestions import did_you_mean
from route_switcher.printable import printable

_COMMANDS = {
    **dict.fromkeys(("check", "lint", "verify", "validation"), "validate"),
    **dict.fromkeys(("start", "daemon", "serve", "up"), "run"),
    **dict.fromkeys(("show", "state", "info", "list", "ls"), "status"),
    **dict.fromkeys(("failover", "force", "use", "move"), "switch"),
    **dict.fromkeys(("unswitch", "auto", "automatic", "failback", "fail-back"), "release"),
    **dict.fromkeys(("monitor", "tail", "follow", "top"), "watch"),
    **dict.fromkeys(("diagnose", "diag", "health"), "doctor"),
    **dict.fromkeys(("scenario", "scenarios", "tests"), "test"),
    **dict.fromkeys(("describe", "doc"), "explain"),
    **dict.fromkeys(("new", "create", "generate", "draft"), "init"),
    **dict.fromkeys(("flush", "clean", "remove", "uninstall"), "cleanup"),
}
"""What other programs call our commands."""


def refuse_command(program: argparse.ArgumentParser, word: str, known: Collection[str]) -> NoReturn:
    """End with what may have been meant by a command that there is not."""
    meant = _COMMANDS.get(word.lower())
    hint = f"did you mean {meant!r}?" if meant in known else did_you_mean(word, known)
    program.error(
        f"there is no command {quoted(word)}: {hint or 'route-switcher --help lists them'}"
    )


def refuse_arguments(command: argparse.ArgumentParser, words: Sequence[str]) -> NoReturn:
    """End with what may have been meant by arguments that a command does not take."""
    known = [name for name in command._option_string_actions if name.startswith("--")]
    first = next((word for word in words if word.startswith("-")), words[0])
    hint = did_you_mean(first.partition("=")[0], known) if first.startswith("-") else ""
    told = ", ".join(printable(word) for word in words)
    command.error(f"unrecognized arguments: {told}{f'; {hint}' if hint else ''}")
