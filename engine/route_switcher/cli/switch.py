"""Move the traffic to an uplink, for maintenance of another one or for a test.

The order holds until `release`, or for the time of --for. The engine refuses it
if the uplink is not healthy. If the uplink fails later, traffic uses another
one, and returns when the uplink is healthy again. With --force traffic goes to
the uplink in any state, and stays there.

An order survives a reload and a restart of the engine; a reboot ends it.

Exit code: 0 ordered, 1 refused (in any family), no engine runs here or it
cannot be reached, 2 there is no such uplink, or wrong usage, 130 ended by
Ctrl-C (an order that was sent may still be carried out).
"""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from route_switcher.cli import EXIT_OK, EXIT_USAGE
from route_switcher.cli.asking import ask, print_messages
from route_switcher.cli.folding import say_error
from route_switcher.cli.times import as_it_is_written
from route_switcher.control.protocol import LONGEST_ORDER, request
from route_switcher.text.durations import parse_duration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `switch`."""
    parser.add_argument("uplink", metavar="UPLINK")
    parser.add_argument("--for", dest="duration", metavar="TIME", help="for example 30m or 2h")
    parser.add_argument("--force", action="store_true", help="even if the uplink is not healthy")


def execute(arguments: argparse.Namespace) -> int:
    """Order it, and print what came of it."""
    seconds = None
    if arguments.duration is not None:
        try:
            seconds = parse_duration(arguments.duration)
        except ValueError:
            hint = as_it_is_written(arguments.duration, "")
            return _wrong_usage(f"--for is a number and its unit (s, m, h, d): {hint or '30m'}")
        if not 0 < seconds <= LONGEST_ORDER:
            return _wrong_usage(f"--for is more than 0s, and up to {LONGEST_ORDER / 3600:.0f}h")
    if not arguments.uplink:
        return _wrong_usage("UPLINK is empty")
    force = True if arguments.force else None
    line = request("switch", uplink=arguments.uplink, seconds=seconds, force=force)
    return ask("switch", line, _show, order=True)


def _show(reply: Mapping[str, Any]) -> int:
    print_messages(reply)
    if reply.get("kept") is False:
        print("the order cannot be kept over a restart; the log says why", file=sys.stderr)
    return EXIT_OK


def _wrong_usage(message: str) -> int:
    say_error(f"route-switcher switch: {message}")
    return EXIT_USAGE
