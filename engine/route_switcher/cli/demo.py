"""Watch a failover and a fail-back in a private network on this machine."""

import argparse
import os
import signal
import sys
import time
from types import FrameType

from route_switcher.cli.streams import unescaped
from route_switcher.lab import demo
from route_switcher.lab.demo import DemoResult, LineStyle
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.namespaces import LabError
from route_switcher.lab.sandbox import SandboxUnavailable, enter
from route_switcher.lab.stream import Outage
from route_switcher.printable import printable, printable_lines

_INTRODUCTION = f"""\
The real engine in a private network; nothing leaves this machine.

                  +--------+ eth0 --- primary ----+
  client --- lan0 | router |                      +--- internet
                  +--------+ eth1 --- secondary --+

  A probe every {demo.INTERVAL:g} s; {demo.FAILURES} failed rounds fail over, {demo.STABLE} s \
without a failure fail back.
  Meanwhile the client sends 1,000 packets a second to the internet and back.
"""

_BOLD, _DIM, _GREEN, _RED = "1", "2", "32", "31"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `demo`."""
    parser.add_argument(
        "--fault",
        choices=demo.LASTING_FAULTS,
        metavar="FAULT",
        default="blackhole",
        help="how the primary uplink breaks: "
        + "; ".join(f"{name}: {FAULTS[name].description}" for name in demo.LASTING_FAULTS)
        + " (default: %(default)s)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Run the demo; 0 if the engine failed over and back."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        enter()
        _say(_INTRODUCTION)
        result = demo.run(arguments.fault, _Narrator().tell)
    except (SandboxUnavailable, LabError) as error:
        print(f"route-switcher demo: {error}", file=sys.stderr)
        return 1
    return _conclude(result)


class _Narrator:
    """Prints each line with the seconds since the start, the engine's set off from ours."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def tell(self, kind: LineStyle, line: str) -> None:
        if kind is LineStyle.STEP:
            _say(f"{time.monotonic() - self._start:5.1f} s  {_styled(_BOLD, line)}")
        else:
            _say(f"         {_styled(_DIM, f'| {line}')}")


def _conclude(result: DemoResult) -> int:
    if result.failover is None or result.fail_back is None:
        _say(_styled(_RED, f"\nIt did not happen: {result.missing}. The engine's last lines:"))
        for line in result.last_lines or ("(none)",):
            _say(f"  {printable(line)}")
        return 1
    _say("")
    _say(_styled(_BOLD, f"  {'':10}{'outage':>10}{'packets lost':>15}{'of':>8}"))
    for name, outage in (("failover", result.failover), ("fail-back", result.fail_back)):
        _say(_row(name, outage))
    return 0


def _row(name: str, outage: Outage) -> str:
    figures = f"{outage.milliseconds:>7.0f} ms{outage.lost:>15,}{outage.sent:>8,}"
    return f"  {name:10}{figures if outage.lost else _styled(_GREEN, figures)}"


def _styled(style: str, text: str) -> str:
    """With the terminal's colours if there is one, unless NO_COLOR (no-color.org) is set."""
    text = printable_lines(text)
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return f"\x1b[{style}m{text}\x1b[0m"


def _say(text: str) -> None:
    print(text, flush=True, file=unescaped(sys.stdout))


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End on SIGTERM as on Ctrl-C: the lab takes down what it started."""
    raise KeyboardInterrupt
