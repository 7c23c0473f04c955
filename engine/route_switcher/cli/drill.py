"""Test an uplink with the real traffic, and measure how it works.

The drill moves the traffic to UPLINK for a time, moves it back, and prints a
report: how long the moves took, how long nothing was answered, and the rounds
of each uplink. The engine itself ends the drill, so the traffic returns even if
this command is killed or your connection breaks. Ctrl-C ends it at once.

The engine refuses a drill, and moves no traffic, if UPLINK is not healthy or is
already active, or if an order holds. If UPLINK fails during the drill, the
traffic returns at once, and the drill ends.

Exit code: 0 UPLINK worked and the traffic returned, 1 refused, no engine runs
here or it cannot be reached, 2 there is no such uplink, or wrong usage, 3
UPLINK failed, or the kernel did not send traffic through it, 4 the traffic has
not returned, or somebody else ended the drill, 130 ended by Ctrl-C.
"""

import argparse
import json
import signal
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any
from uuid import uuid4

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE
from route_switcher.cli.asking import IN_DOUBT, UNBROKEN, complain
from route_switcher.cli.folding import say_error
from route_switcher.cli.times import as_it_is_written
from route_switcher.control.client import PATIENCE, CannotAsk, connected
from route_switcher.control.drill_words import report
from route_switcher.control.protocol import LONGEST_ORDER, Error, request
from route_switcher.text.durations import parse_duration

EXIT_NOT_HELD = 3
EXIT_NOT_BACK = 4
_INTERRUPTED = 130

_EXIT_CODES = {"returned": EXIT_OK, "did-not-hold": EXIT_NOT_HELD, "went-astray": EXIT_NOT_HELD}

_LOOK = 1.0
"""Seconds between two questions."""

_AWAY = 30.0
"""Seconds for which an engine that has ended is waited for: it may be restarted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `drill`."""
    parser.add_argument("uplink", metavar="UPLINK")
    parser.add_argument(
        "--for", dest="duration", metavar="TIME", default="60s", help="default: %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")


def execute(arguments: argparse.Namespace) -> int:
    """Begin it, follow it, and print what it came to."""
    try:
        seconds = parse_duration(arguments.duration)
    except ValueError:
        hint = as_it_is_written(arguments.duration, "")
        return _wrong_usage(f"--for is a number and its unit (s, m, h, d): {hint or '60s'}")
    if not 0 < seconds <= LONGEST_ORDER:
        return _wrong_usage(f"--for is more than 0s, and up to {LONGEST_ORDER / 3600:.0f}h")
    if not arguments.uplink:
        return _wrong_usage("UPLINK is empty")
    return _drill(arguments, seconds)


def _drill(arguments: argparse.Namespace, seconds: float) -> int:
    reply: dict[str, Any] = {}
    drill: Mapping[str, Any] | None = None
    ctrl_c = _CtrlC()
    mine = uuid4().hex
    try:
        with _taken_by(ctrl_c):
            try:
                reply = _begin(request("drill", uplink=arguments.uplink, seconds=seconds, id=mine))
                if reply.get("ok") is True:
                    drill = reply["drill"]
                    _say_begun(arguments.uplink, seconds, reply)
                    drill = _until_over(drill, mine)
            except KeyboardInterrupt:
                # Before anything is said, for that may wait for a reader. It may have been ordered
                # though the reply was not read.
                with ctrl_c.next_one_waits():
                    _ask(request("drill-end", uplink=arguments.uplink, id=mine))
                if drill is None:
                    return _INTERRUPTED
                _say("ended by Ctrl-C: the traffic goes back")
                drill = _until_over(drill, mine)
    except CannotAsk as error:
        if drill is not None:
            return _lost(arguments, drill, error)
        if not ctrl_c.came:
            return _cannot(str(error))
        _cannot(f"{error}; the drill may go on until its end")
        return _INTERRUPTED
    if drill is None:
        complain("drill", reply)
        unknown = reply.get("error") == Error.NO_SUCH_UPLINK.value
        return EXIT_USAGE if unknown else EXIT_PROBLEMS
    _print(arguments, drill)
    return _INTERRUPTED if ctrl_c.came else _EXIT_CODES.get(drill["outcome"], EXIT_NOT_BACK)


class _CtrlC:
    """The first Ctrl-C raises KeyboardInterrupt. The next one waits until the drill is ended, so
    that who presses it twice does not stop what ends the drill."""

    def __init__(self) -> None:
        self.came = False
        self._waits = False
        self._may_raise = True

    def take(self, number: int, frame: FrameType | None) -> None:
        """The handler of the signal."""
        if not self._may_raise:
            self._waits = True
            return
        # Here, and not by who catches it: the next one may come before that.
        self._may_raise = self.came
        self.came = True
        raise KeyboardInterrupt

    @contextmanager
    def next_one_waits(self) -> Iterator[None]:
        """Raises KeyboardInterrupt at the end if one waits. But if this fails, what went wrong is
        to be said, and only one that comes later raises."""
        # One that is only noted would still break off a connect(2) that waits (signal(7)).
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            self._may_raise = True
        if self._waits:
            raise KeyboardInterrupt


@contextmanager
def _taken_by(ctrl_c: _CtrlC) -> Iterator[None]:
    # Who started this may have had it ignored (nohup(1)).
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        if heard:
            signal.signal(signal.SIGINT, ctrl_c.take)
        yield
    finally:
        if heard:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _say_begun(uplink: str, seconds: float, reply: Mapping[str, Any]) -> None:
    _say(f"drill of {uplink} for {seconds:g} s; Ctrl-C ends it")
    for message in reply["messages"]:
        _say(message)
    if reply["kept"] is False:
        _say("the order cannot be kept over a restart of the engine; the log says why")


def _until_over(drill: Mapping[str, Any], mine: str) -> Mapping[str, Any]:
    """The report, once nothing more is measured. Raises CannotAsk."""
    away = 0.0
    while not drill["over"]:
        time.sleep(_LOOK)
        try:
            reply = _ask(request("drill-report"))
        except CannotAsk:
            away += _LOOK
            if away > _AWAY:
                raise
            continue
        if reply.get("ok") is True:
            latest = reply["drill"]
            if latest["id"] != mine and not latest["restarted"]:
                raise CannotAsk("the drill is over, and another one has begun")
            drill, away = latest, 0.0
        elif reply.get("error") == Error.NO_DRILL.value:
            # An engine that has just begun reads what was kept first.
            away += _LOOK
            if away > _AWAY:
                raise CannotAsk("the engine was restarted, and knows of no drill any more")
    return drill


def _begin(line: bytes) -> dict[str, Any]:
    """The reply to the order. Raises CannotAsk."""
    with connected(PATIENCE) as client:
        try:
            return client.ask(line)
        except CannotAsk as error:
            raise CannotAsk(f"{error}{IN_DOUBT}") from None


def _ask(line: bytes) -> dict[str, Any]:
    """A connection each time: one has a limited number of requests. Raises CannotAsk."""
    with connected(PATIENCE) as client:
        return client.ask(line)


def _lost(arguments: argparse.Namespace, drill: Mapping[str, Any], error: CannotAsk) -> int:
    _print(arguments, drill)
    print(
        f"route-switcher drill: {error}. The report is what was known last;"
        " every drill ends by itself",
        file=sys.stderr,
    )
    return EXIT_NOT_BACK


def _print(arguments: argparse.Namespace, drill: Mapping[str, Any]) -> None:
    print(json.dumps(drill) if arguments.json else "\n".join(report(drill)), flush=True)


def _say(text: str) -> None:
    """While it goes on; standard output has the report only."""
    print(textwrap.fill(text, 80, subsequent_indent="  ", **UNBROKEN), file=sys.stderr, flush=True)


def _cannot(message: str) -> int:
    say_error(f"route-switcher drill: {message}")
    return EXIT_PROBLEMS


def _wrong_usage(message: str) -> int:
    say_error(f"route-switcher drill: {message}")
    return EXIT_USAGE
