"""What the commands share that ask the running engine, or order something."""

import select
import sys
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from route_switcher.cli import EXIT_PROBLEMS, EXIT_USAGE
from route_switcher.control.client import PATIENCE, CannotAsk, connected
from route_switcher.control.protocol import Error

IN_DOUBT = "; it may still do it"
"""What is added where an order was sent, and nothing came back."""

UNBROKEN: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
"""How text is folded: commands and names stay whole."""


def ask(
    command: str,
    line: bytes,
    show: Callable[[Mapping[str, Any]], int],
    *,
    order: bool,
    patience: float = PATIENCE,
) -> int:
    """Send a request, and `show` its reply; the exit code. What went wrong is said in words.
    `order`: it changes something."""
    doubt = ""
    try:
        with connected(patience) as client:
            doubt = IN_DOUBT if order else ""
            reply = client.ask(line)
        doubt = ""
        if reply.get("ok") is True:
            return show(reply)
        if reply.get("ok") is not False:
            raise CannotAsk("what answers there is no engine")
    except CannotAsk as error:
        print(f"route-switcher {command}: {error}{doubt}", file=sys.stderr)
        return EXIT_PROBLEMS
    except KeyboardInterrupt:
        if doubt and _is_read(sys.stderr):
            print(f"route-switcher {command}: ended by Ctrl-C{doubt}", file=sys.stderr)
        raise
    complain(command, reply)
    unknown = reply.get("error") == Error.NO_SUCH_UPLINK.value
    return EXIT_USAGE if unknown else EXIT_PROBLEMS


def complain(command: str, reply: Mapping[str, Any]) -> None:
    """Say why a request failed, as `print_messages` does."""
    for message in _messages(reply):
        print(_folded(f"route-switcher {command}: {message}"), file=sys.stderr)


def print_messages(reply: Mapping[str, Any]) -> None:
    """Each begins on a line of its own, of at most 80 columns."""
    for message in _messages(reply):
        print(_folded(message))


def _folded(message: str) -> str:
    if "\n" in message:  # the problems of a policy, which show a part of it
        return message
    return textwrap.fill(message, 80, subsequent_indent="  ", **UNBROKEN)


def _is_read(stream: TextIO) -> bool:
    """Whether a line can be written to it now without waiting for its reader."""
    return bool(select.select([], [stream.fileno()], [], 0)[1])


def _messages(reply: Mapping[str, Any]) -> list[str]:
    messages = reply.get("messages")
    return [str(message) for message in messages] if isinstance(messages, list) else []
