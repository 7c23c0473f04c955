"""Have the running engine read its policy again, and wait for what comes of it.

A bad policy is refused, with all its problems; the running one stays.

With --confirm the new one is on trial: unless `route-switcher confirm` comes
within that time, the one before it counts again, also if this connection is
lost, or the engine is restarted meanwhile. A further `reload` does not confirm.

Exit code: 0 the new policy counts, 1 it was refused, no engine runs here or it
cannot be asked, 2 wrong usage, 130 ended by Ctrl-C (an
order that was sent may still be carried out).
"""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from route_switcher.cli import EXIT_OK, EXIT_USAGE
from route_switcher.cli.asking import ask
from route_switcher.cli.times import as_it_is_written
from route_switcher.control.protocol import LONGEST_TRIAL, request
from route_switcher.text.durations import parse_duration, span

_PATIENCE = 15.0
"""Seconds; a policy is read for ten at most."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `reload`."""
    parser.add_argument("--confirm", metavar="TIME", help="go back unless confirmed in time: 60s")


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
            print("the policy was read again, and counts from now on")
            return EXIT_OK
        if reply.get("kept") is False:
            what = "the policy from before cannot be kept: a restart would confirm this one"
            print(f"route-switcher reload: {what}; the log says why", file=sys.stderr)
        print("the policy was read again, and is on trial: the one from before counts again")
        print(f"in {span(round(left))}, unless `route-switcher confirm` comes")
        return EXIT_OK

    line = request("reload", confirm_seconds=seconds)
    return ask("reload", line, show, patience=_PATIENCE, order=True)


def _wrong_usage(message: str) -> int:
    print(f"route-switcher reload: {message}", file=sys.stderr)
    return EXIT_USAGE
