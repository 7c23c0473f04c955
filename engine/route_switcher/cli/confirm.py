"""Confirm the policy that `reload --confirm` has put on trial: it stays.

Exit code: 0 it stays, 1 there is nothing to confirm (any more), no engine runs
here or it cannot be reached, 2 wrong usage, 130 ended by Ctrl-C (an order that
was sent may still be carried out).
"""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from route_switcher.cli import EXIT_OK
from route_switcher.cli.asking import ask, print_messages
from route_switcher.control.protocol import request


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def execute(arguments: argparse.Namespace) -> int:
    """Confirm, and print what came of it."""

    def show(reply: Mapping[str, Any]) -> int:
        print_messages(reply)
        if reply.get("kept") is False:
            what = "that cannot be kept: after a restart the policy from before may count again"
            print(f"route-switcher confirm: {what}; the log says why", file=sys.stderr)
        return EXIT_OK

    return ask("confirm", request("confirm"), show, order=True)
