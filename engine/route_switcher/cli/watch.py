"""Show the state of the running engine live, and each event.

It shows the same as `status`, with the latest events below. It needs a
terminal, and the Python package rich. Ctrl-C ends it.

--json prints one JSON object per line for each event, and then the status,
until you stop it: `route-switcher schema watch` prints the schema. It needs no
terminal and no rich.

If no engine runs, or when it ends, both say so and wait for the next one.

Exit code: 1 the engine cannot be reached, or rich is missing, 2 wrong usage,
130 ended by Ctrl-C, 141 nobody reads the output any more, 143 ended by SIGTERM.
"""

import argparse
import json
import os
import signal
import sys
from importlib.util import find_spec
from types import FrameType

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE
from route_switcher.cli.folding import say_error
from route_switcher.control.client import CannotAsk
from route_switcher.control.watching import Watching

_TICK = 60.0
"""Seconds; nothing is to be done for --json meanwhile."""

_STATUS_EVERY = 1
_REDRAW = 0.5
"""Seconds, for the live screen."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `watch`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def execute(arguments: argparse.Namespace) -> int:
    """Watch, until something ends it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup(1)
            signal.signal(number, _end)
    try:
        return _print_objects() if arguments.json else _show()
    except CannotAsk as error:
        say_error(f"route-switcher watch: {error}")
        return EXIT_PROBLEMS


def _print_objects() -> int:
    for said in Watching(sys.stdout.fileno()).objects(_TICK):
        if said is not None:
            # All but this one is escaped already.
            print(json.dumps(said).replace("\x7f", "\\u007f"), flush=True)
    return EXIT_OK


def _show() -> int:
    if not sys.stdout.isatty():
        return _cannot(
            "standard output is no terminal: `route-switcher watch --json` is for programs",
            EXIT_USAGE,
        )
    if os.environ.get("TERM", "dumb") == "dumb":
        return _cannot(
            "this terminal cannot be drawn on (TERM is dumb or not set): `route-switcher status`"
            " and `route-switcher watch --json` do without",
            EXIT_PROBLEMS,
        )
    if find_spec("rich") is None:
        return _cannot(
            "the live screen needs the Python package rich: install it with"
            f" `{sys.executable} -m pip install rich`. `route-switcher status` and"
            " `route-switcher watch --json` do without",
            EXIT_PROBLEMS,
        )
    from route_switcher.cli.live_screen import show

    show(Watching(sys.stdout.fileno(), _STATUS_EVERY).objects(_REDRAW))
    return EXIT_OK


def _cannot(message: str, code: int) -> int:
    say_error(f"route-switcher watch: {message}")
    return code


def _end(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
