"""End every order: the engine chooses the uplink by the policy again.

With 'fail_back: manual' in the policy, this also lets the traffic return to a
preferred uplink that is healthy.

Exit code: 0 done (also if there was no order), 1 no engine runs here or it
cannot be reached, 2 wrong usage, 130 ended by Ctrl-C (an order that was sent
may still be carried out).
"""

import argparse
from collections.abc import Mapping
from typing import Any

from route_switcher.cli import EXIT_OK
from route_switcher.cli.asking import ask, print_messages
from route_switcher.control.protocol import request


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def execute(arguments: argparse.Namespace) -> int:
    """Release, and print what came of it."""

    def show(reply: Mapping[str, Any]) -> int:
        print_messages(reply)
        return EXIT_OK

    return ask("release", request("release"), show, order=True)
