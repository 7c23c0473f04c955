"""Has connections ended that stick to an uplink that was left, and tells what came of it."""

import logging
import signal
import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol

import trio

from route_switcher.core.vocabulary.effects import EndConnections
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon.report import say
from route_switcher.daemon.signals import SIGNALS
from route_switcher.kernel.conntrack.sweep import Swept, sweep
from route_switcher.text.quantities import counted

Active = Callable[[Family], str | None]
"""The name of the active uplink of a family."""


class EndThem(Protocol):
    """Ends the connections that an effect names."""

    async def __call__(self, effect: EndConnections, active: Active) -> None:
        """Returns when it is done, or cannot be done."""
        ...


async def not_ended(effect: EndConnections, active: Active) -> None:
    """A dry run ends nothing."""
    text = f"{effect.family}: {effect.which} would be ended now"
    say(logging.INFO, "conntrack", text, **effect.log_fields())


class Connections:
    """One sweep over the kernel's table at a time, in a thread. What keeps it from its work is told
    once, until it goes well again."""

    def __init__(self) -> None:
        self._one = trio.CapacityLimiter(1)
        self._told = ""

    async def end(self, effect: EndConnections, active: Active) -> None:
        """Sweep, unless the traffic has moved again. It ends when the engine does."""
        ended = threading.Event()

        def stopped() -> bool:
            return ended.is_set() or active(effect.family) != effect.active

        began = trio.current_time()
        try:
            swept = await trio.to_thread.run_sync(
                partial(_sweep, effect, stopped), abandon_on_cancel=True, limiter=self._one
            )
        except RuntimeError as error:  # no thread (threading)
            swept = Swept(trouble=str(error))
        finally:
            ended.set()
        self._tell(effect, swept, trio.current_time() - began)

    def _tell(self, effect: EndConnections, swept: Swept, seconds: float) -> None:
        fields = effect.log_fields() | {"deleted": swept.deleted, "seconds": round(seconds, 3)}
        fields["problem"] = swept.trouble
        if swept.untracked:
            text = f"{effect.family}: this kernel tracks no connections: none is ended"
            say(logging.DEBUG, "conntrack", text, **fields)
            return
        level = logging.DEBUG if effect.again and not swept.deleted else logging.INFO
        text = f"{effect.family}: {_ended(effect, swept.deleted)} in {seconds:.2f} s"
        if swept.trouble:
            text += f", then no more: {swept.trouble}"
            level = logging.WARNING if swept.trouble != self._told else logging.DEBUG
        self._told = swept.trouble
        say(level, "conntrack", text, **fields)


def _ended(effect: EndConnections, count: int) -> str:
    if effect.addresses is None:
        return f"{counted(count, 'translated connection')} ended"
    what = counted(count, "connection")
    stuck = f"that stuck to {', '.join(effect.left)}"
    return f"{what} {stuck} ({', '.join(map(str, effect.addresses))}) ended"


def _sweep(effect: EndConnections, stopped: Callable[[], bool]) -> Swept:
    # This thread may outlive the daemon's handlers, and must not take its signals then.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    return sweep(effect.addresses or (effect.family,), stopped)
