"""Show the state of the running engine on one screen.

It shows for each family the active uplink, since when and why. It shows for
each uplink its role and state, the figures of its rounds in the last minute,
its gateway, the rules that are not ok, and what it waits for.

--json prints one JSON object: `route-switcher schema status` describes it.

Exit code: 0 the preferred uplink is active and healthy, 3 degraded (also while
an order holds, or while nothing is known yet), 4 nothing answers, 1 no engine
runs here or it cannot be reached, 2 wrong usage. It is that of the worst
family.
"""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from route_switcher.cli import EXIT_OK
from route_switcher.cli.asking import ask
from route_switcher.cli.color import add_color, print_states
from route_switcher.cli.status_screen import screen
from route_switcher.control.protocol import request

EXIT_DEGRADED = 3
EXIT_DOWN = 4

_EXIT_CODES = {"ok": EXIT_OK, "degraded": EXIT_DEGRADED, "down": EXIT_DOWN}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `status`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_color(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Ask, and print."""

    def show(reply: Mapping[str, Any]) -> int:
        status = reply["status"]
        if arguments.json:
            print(json.dumps(status))
        else:
            print_states(screen(status), arguments.color)
        return _EXIT_CODES.get(status["verdict"], EXIT_DEGRADED)

    return ask("status", request("status"), show, order=False)
