"""Have the running engine read its policy again, and wait for what comes of it.

A bad policy is refused, with all its problems; the running one stays.

Exit code: 0 the new policy counts, 1 it was refused, no engine runs here or it
cannot be asked, 2 wrong usage.
"""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from route_switcher.cli import EXIT_OK
from route_switcher.cli.asking import ask
from route_switcher.control.protocol import request

_PATIENCE = 15.0
"""Seconds; a policy is read for ten at most."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def execute(arguments: argparse.Namespace) -> int:
    """Reload, and print what came of it."""

    def show(reply: Mapping[str, Any]) -> int:
        for warning in reply["messages"]:
            print(f"route-switcher reload: {warning}", file=sys.stderr)
        print("the policy was read again, and counts from now on")
        return EXIT_OK

    return ask("reload", request("reload"), show, patience=_PATIENCE)
