"""A policy on trial: it counts for a time, and stays only if somebody confirms it.

Whoever has cut himself off by a reload gets his way in back. While a policy is on trial, a further
reload takes what the file says, and changes neither the end of the trial nor what comes back then.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import trio

from route_switcher.control.document import Confirmation
from route_switcher.core.vocabulary.commands import Command, NewPolicy
from route_switcher.core.vocabulary.status import Status
from route_switcher.daemon.control import trial_file
from route_switcher.daemon.control.disk import Disk
from route_switcher.daemon.control.order_list import as_commands, orders_of
from route_switcher.daemon.control.trial_file import First, Trial, digest
from route_switcher.daemon.reloading import Admission
from route_switcher.daemon.report import say
from route_switcher.policy.load import Written
from route_switcher.text.durations import span

_LAST = 10.0
"""Seconds before the end without another reminder."""

Submit: TypeAlias = Callable[[Command], Awaitable[object]]


class OnTrial(Admission):
    """Puts policies on trial, and goes back. `first` is what the engine started with."""

    def __init__(self, first: First, submit: Submit, status: Callable[[], Status]) -> None:
        super().__init__()
        self._submit = submit
        self._status = status
        self._running = first.written
        self._trial = first.trial
        self._missed = first.missed
        self._ahead = time.monotonic() - trio.current_time()
        """The machine's clock before the engine's. They go at one pace."""
        self._changed = trio.Event()
        self._disk = Disk("a restart would take the policy as if it were confirmed")
        self._writing = trio.Lock()
        self.kept = True
        """Whether a restart would find things as they are."""

    @property
    def confirmation(self) -> Confirmation | None:
        """The one that is awaited or was missed, if any; its end is on the engine's clock."""
        if self._trial is None:
            return None
        return Confirmation(self._trial.until - self._ahead, self._missed)

    @property
    def left(self) -> float | None:
        """Seconds for which a confirmation is awaited; None: none is."""
        if self._trial is None or self._missed:
            return None
        return max(self._trial.until - self._ahead - trio.current_time(), 0.0)

    async def admit(self, written: Written, seconds: float | None) -> Sequence[str]:
        """See `Admission`."""
        awaited = self._trial is not None and not self._missed
        if seconds is None and not awaited:
            # Somebody wants what the file says: a trial that was missed is over.
            await self._set(None)
            self._running = written
            return ()
        trial, now = self._trial, self._machine_time()
        if trial is None or self._missed:
            orders = orders_of(self._status(), self._ahead)
            trial = Trial(now, self._running, "", orders)
        self._running = written
        if written.text == trial.before.text:
            await self._set(None)
            said = "the policy has not changed, so there is nothing to confirm"
            say(logging.INFO, "confirm", said)
            return (said,)
        until = trial.until if seconds is None else now + seconds
        await self._set(replace(trial, until=until, tried=digest(written.text)))
        self._remind("the policy that was read counts on trial")
        left = self.left or 0.0
        return (f"a confirmation is still awaited ({_words(left)})",) if seconds is None else ()

    async def confirm(self) -> str:
        """The policy stays; empty. Otherwise why there is nothing to confirm, in words."""
        if self._trial is None:
            return "no confirmation is awaited"
        if self._missed:
            return (
                "it is too late: the policy from before is in force again. `route-switcher reload`"
                " loads the file"
            )
        say(logging.INFO, "confirm", "confirmed: the policy now in force stays")
        await self._set(None)
        return ""

    async def forget_orders(self) -> None:
        """Somebody has given an order, or taken one back: those from before the trial are over."""
        if self._trial is not None and self._trial.orders and not self._missed:
            await self._set(replace(self._trial, orders=()))

    async def run(self) -> None:
        """Go back when the time is over."""
        if self._trial is None:
            await self._disk.do(trial_file.remove)
        elif self._missed:
            # From now on its end is past, so that a later start does the same.
            end = min(self._trial.until, self._machine_time())
            await self._set(replace(self._trial, until=end), missed=True)
        else:
            await self._set(replace(self._trial, tried=digest(self._running.text)))
            self._remind("the policy is on trial still")
        while True:
            self._changed = trio.Event()
            left = self.left
            if left is None:
                await self._changed.wait()
            elif left <= 0:
                await self._go_back()
            else:
                with trio.move_on_after(left / 2 if left > _LAST else left) as waiting:
                    await self._changed.wait()
                if waiting.cancelled_caught and self.left:
                    self._remind("the policy is on trial")

    def _machine_time(self) -> float:
        return trio.current_time() + self._ahead

    async def _go_back(self) -> None:
        async with self.turn:
            trial = self._trial
            if trial is None or self.left != 0:
                return  # confirmed meanwhile, or there is another end
            self._missed = True
            self._running = trial.before
            say(
                logging.WARNING,
                "confirm",
                "nobody confirmed the policy: the one from before is in force again. The file still"
                " has the other one: correct the file, then run `route-switcher reload`",
                state="missed",
            )
            await self._submit(NewPolicy(trial.before.policy))
        taken = {f.family for f in self._status().families if f.override is not None}
        standing = (o for o in trial.orders if o.until > self._machine_time())
        orders = (replace(o, families=o.families - taken) for o in standing)
        again = [order for order in orders if order.families]
        for order in as_commands(again, self._ahead, trio.current_time()):
            say(logging.INFO, "order", f"kept over the trial: switch to {order.uplink}")
            await self._submit(order)

    def _remind(self, what: str) -> None:
        left = self.left or 0.0
        say(
            logging.WARNING,
            "confirm",
            f"{what}: without `route-switcher confirm`, the one from before returns"
            f" in {span(round(left))}",
            state="awaited",
            seconds=round(left, 3),
        )

    async def _set(self, trial: Trial | None, *, missed: bool = False) -> None:
        """At once for us; only the disk is waited for."""
        before, self._trial, self._missed = self._trial, trial, missed
        self._changed.set()
        if trial is None and before is None:
            return
        async with self._writing:
            # The latest: another may have come while this one waited.
            await self._write()

    async def look(self) -> None:
        """Write the trial again, if somebody has deleted the file."""
        async with self._writing:
            if self._trial is not None and await self._disk.do(trial_file.is_there) is False:
                await self._write()

    async def _write(self) -> None:
        latest = self._trial
        work = trial_file.remove if latest is None else partial(trial_file.write, latest)
        self.kept = await self._disk.do(work) is not None


def _words(left: float) -> str:
    return f"{span(round(left))} more"
