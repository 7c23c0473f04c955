"""Make the running engine read its policy again, and print the result.

If the policy is wrong, the engine refuses it, this command prints all its
problems, and the running policy stays.

With --confirm the new policy is on trial. If you do not run `route-switcher
confirm` within that time, the engine returns to the policy from before, even
if your connection breaks or the engine restarts. Another `reload` does not
confirm.

Exit code: 0 the new policy is in force, 1 it was refused, no engine runs here
or it cannot be reached, 2 wrong usage, 130 ended by Ctrl-C (an order that was
sent may still be carried out).
"""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from route_switcher.cli import EXIT_OK, EXIT_USAGE
from route_switcher.cli.asking import ask
from route_switcher.cli.folding import say_error
from route_switcher.cli.times import as_it_is_written
from route_switcher.control.protocol import LONGEST_TRIAL, request
from route_switcher.text.durations import parse_duration, span

_PATIENCE = 15.0
"""Seconds; a policy is read for ten at most."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `reload`."""
    parser.add_argument(
        "--confirm",
        metavar="TIME",
        help="return to the old policy if not confirmed in this time: 60s",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Reload, and print what came of it."""
    seconds = None
    if arguments.confirm is not None:
        try:
            seconds = parse_duration(arguments.confirm)
        except ValueError:
            hint = as_it_is_written(arguments.confirm, "")
            return _wrong_usage(f"--confirm is a number and its unit (s, m, h, d): {hint or '60s'}")
        if not 1 <= seconds <= LONGEST_TRIAL:
            return _wrong_usage(f"--confirm is from 1s to {LONGEST_TRIAL / 3600:.0f}h")

    def show(reply: Mapping[str, Any]) -> int:
        for warning in reply["messages"]:
            print(f"route-switcher reload: {warning}", file=sys.stderr)
        left = reply.get("confirm_seconds")
        if left is None:
            print("the policy was read again, and is now in force")
            return EXIT_OK
        if reply.get("kept") is False:
            what = "the policy from before cannot be kept: a restart would confirm this one"
            print(f"route-switcher reload: {what}; the log says why", file=sys.stderr)
        print("the policy was read again, and is on trial: without `route-switcher confirm`,")
        print(f"the one from before returns in {span(round(left))}")
        return EXIT_OK

    line = request("reload", confirm_seconds=seconds)
    return ask("reload", line, show, patience=_PATIENCE, order=True)


def _wrong_usage(message: str) -> int:
    say_error(f"route-switcher reload: {message}")
    return EXIT_USAGE
