"""The command line: `route-switcher COMMAND …`.

Each command is a module with `add_arguments(parser)` and `execute(arguments) -> int`, imported
only when it is chosen, so that a command that needs no network pays for none.
"""

import argparse
import errno
import os
import select
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import NoReturn

from route_switcher import __version__
from route_switcher.cli.streams import open_what_is_closed, printable_streams

EXIT_OK = 0
EXIT_PROBLEMS = 1
EXIT_USAGE = 2
"""Exit codes; 2 is also what argparse uses."""

_INTERRUPTED = 130
_NOBODY_READS = 141
"""128 + the signal's number (SIGINT, SIGPIPE), as shells count it."""

_UNWRITABLE = frozenset(
    {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EAGAIN}
)
"""What writing fails with: to a closed pipe, a full disk, a terminal that is gone, a descriptor
that was opened for reading, or one that somebody else made non-blocking."""


_OWN_OPTIONS = ("-h", "--help", "--version")
"""Options that stand before any command."""

STANDARD_INPUT = "/dev/stdin"


def file_or_standard_input(argument: str) -> str:
    """What a file argument means: `-` is standard input."""
    return STANDARD_INPUT if argument == "-" else argument


@dataclass(frozen=True, slots=True)
class _Command:
    name: str
    help: str
    module: str


_COMMANDS = (
    _Command("run", "keep this machine on a working uplink", "route_switcher.cli.run"),
    _Command("status", "show the state of the running engine", "route_switcher.cli.status"),
    _Command("watch", "show the state of the engine live", "route_switcher.cli.watch"),
    _Command("why", "say why an uplink is active or not", "route_switcher.cli.why"),
    _Command(
        "history", "show past switches, and how good lines were", "route_switcher.cli.history"
    ),
    _Command("switch", "move the traffic to an uplink", "route_switcher.cli.switch"),
    _Command("drill", "test an uplink with the real traffic", "route_switcher.cli.drill"),
    _Command("release", "end every order", "route_switcher.cli.release"),
    _Command("reload", "make the engine read its policy again", "route_switcher.cli.reload"),
    _Command("confirm", "keep the policy that is on trial", "route_switcher.cli.confirm"),
    _Command("report", "report on the lines for the provider", "route_switcher.cli.report"),
    _Command("validate", "check policies", "route_switcher.cli.validate"),
    _Command("explain", "say in sentences what a policy does", "route_switcher.cli.explain"),
    _Command("simulate", "try a policy on a random network", "route_switcher.cli.simulate"),
    _Command("test", "run scenarios against a policy", "route_switcher.cli.run_scenarios"),
    _Command("doctor", "check this machine for a policy", "route_switcher.cli.doctor"),
    _Command("cleanup", "remove our routes", "route_switcher.cli.cleanup"),
    _Command("init", "draft a policy for this machine", "route_switcher.cli.init"),
    _Command("schema", "print a JSON Schema, for editors", "route_switcher.cli.schema"),
    _Command(
        "completion", "print a completion script for a shell", "route_switcher.cli.completion"
    ),
    _Command("demo", "watch a failover in a private network", "route_switcher.cli.demo"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` (without the program's name) asks for; returns the exit code."""
    open_what_is_closed()
    with printable_streams():
        return _main(sys.argv[1:] if argv is None else argv)


def _main(argv: Sequence[str]) -> int:
    try:
        return _run(argv)
    except KeyboardInterrupt:
        _drop_what_nobody_reads()
        return _INTERRUPTED
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        return _output_lost(error)


def _run(argv: Sequence[str]) -> int:
    chosen = [word for word in argv if not word.startswith("-")][:1]
    program = parser(chosen)
    names = [command.name for command in _COMMANDS]
    if argv and argv[0].startswith("-") and argv[0] not in _OWN_OPTIONS:
        from route_switcher.cli.wrong_usage import refuse_option_in_front

        refuse_option_in_front(parser(), argv)
    if chosen and chosen[0] not in names:
        from route_switcher.cli.wrong_usage import refuse_command

        refuse_command(program, chosen[0], names)
    arguments, unknown = program.parse_known_args(argv)
    if unknown:
        from route_switcher.cli.wrong_usage import refuse_arguments

        refuse_arguments(arguments.command, unknown, parser())
    code: int = arguments.execute(arguments)
    sys.stdout.flush()
    return code


class _Parser(argparse.ArgumentParser):
    """Its errors fit the terminal that they are printed on."""

    def error(self, message: str) -> NoReturn:
        from route_switcher.cli.folding import terminal_width, within

        self.print_usage(sys.stderr)
        width = terminal_width(sys.stderr.fileno()) if sys.stderr.isatty() else None
        self.exit(EXIT_USAGE, "\n".join(within([f"{self.prog}: error: {message}"], width)) + "\n")


def parser(chosen: Collection[str] | None = None) -> argparse.ArgumentParser:
    """A parser of all commands, with the arguments of those chosen; None: of all."""
    program = _Parser(
        "route-switcher",
        description="Keep a Linux box on a working internet uplink.",
        allow_abbrev=False,
    )
    program.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = program.add_subparsers(metavar="COMMAND", required=True)
    for command in _COMMANDS:
        subparser = commands.add_parser(command.name, help=command.help, allow_abbrev=False)
        if chosen is None or command.name in chosen:
            module = import_module(command.module)
            subparser.description = module.__doc__
            subparser.formatter_class = argparse.RawDescriptionHelpFormatter
            module.add_arguments(subparser)
            subparser.set_defaults(execute=module.execute, command=subparser)
    return program


def _drop_what_nobody_reads() -> None:
    """The interpreter flushes once more at exit: it would wait again where nobody reads."""
    for descriptor in (sys.stdout.fileno(), sys.stderr.fileno()):
        if not select.select([], [descriptor], [], 0)[1]:
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def _output_lost(error: OSError) -> int:
    """End in words when the disk is full, and without any when the reader has gone (`| head`)."""
    # The interpreter flushes once more at exit, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return _NOBODY_READS
    with suppress(OSError):  # what is wrong with standard output may be so with this one
        print(f"route-switcher: cannot write: {error.strerror}", file=sys.stderr)
    return EXIT_PROBLEMS
