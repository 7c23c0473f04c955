"""Say why an uplink is active or not, and what would change that.

Without UPLINK it explains all uplinks: in each family the active one first.

Exit code: 0 done, 1 no engine runs here or it cannot be reached, 2 there is no
such uplink, or wrong usage.
"""

import argparse
import textwrap
from collections.abc import Mapping
from typing import Any

from route_switcher.cli import EXIT_OK
from route_switcher.cli.asking import UNBROKEN, ask
from route_switcher.cli.color import add_color, print_states
from route_switcher.control.protocol import request

_WIDTH = 80


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `why`."""
    parser.add_argument("uplink", nargs="?", metavar="UPLINK", help="default: all uplinks")
    add_color(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Ask, and print."""

    def show(reply: Mapping[str, Any]) -> int:
        paragraphs = [textwrap.fill(text, _WIDTH, **UNBROKEN) for text in reply["messages"]]
        print_states("\n\n".join(paragraphs).split("\n"), arguments.color)
        return EXIT_OK

    return ask("why", request("why", uplink=arguments.uplink), show, order=False)
