"""The drill that goes on, or the latest one: what happens is measured, and a line of the log says
what it came to."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import trio

from route_switcher.control.drill_document import drill_document
from route_switcher.control.drill_record import DrillRecord, begun, last_good
from route_switcher.control.drill_words import in_one_line
from route_switcher.control.wall_clock import WallClock
from route_switcher.core.vocabulary.events import Event, Round, Ways
from route_switcher.core.vocabulary.outputs import Decision, Output, RuleChange
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.status import Status
from route_switcher.daemon.report import say

_LOOK = 1.0
"""Seconds between two looks whether a drill is over."""


class Drills:
    """Keeps the record of one drill. `status` says what the engine knows now, and `policy` which
    one is in effect."""

    def __init__(self, status: Callable[[], Status], policy: Callable[[], Policy]) -> None:
        self._status, self._policy = status, policy
        self._record: DrillRecord | None = None
        self._measures = False
        self._before: tuple[DrillRecord | None, bool] = None, False
        self._expected = False
        """The order is given, and not settled: until then there is nothing to tell of it."""
        self._stood = False
        self._asked = False
        self._begun = trio.Event()

    def expect(self, uplink: str, until: float, called: str | None = None) -> None:
        """Measure from now on, for the order moves the traffic at once; `settle` is to follow
        before another one is expected. `called`: its id, by its client."""
        status = self._status()
        families = [
            (known.family, known.active, last_good(known, known.active))
            for known in status.families
            if known.active is not None and known.active != uplink
        ]
        self._stood = any(begun(status, uplink, until))
        self._before = self._record, self._measures
        self._record = DrillRecord(uplink, status.at, until, families, called=called)
        self._measures = True
        self._expected = True

    def settle(self, status: Status) -> bool:
        """Go on, if the order that was expected stands now; whether it does."""
        assert self._record is not None
        self._expected = False
        its = {family for family, _, _ in begun(status, self._record.uplink, self._record.until)}
        if not its or self._stood:
            self._record, self._measures = self._before
            return False
        self._record.keep(its)
        self._begun.set()
        return True

    def is_of_another(self, uplink: str, until: float, called: str) -> bool:
        """Whether this drill, which goes on, has another id than `called`. Of one that began before
        the engine did that is not known."""
        known = self._record
        if known is None or (known.uplink, known.until) != (uplink, until) or known.restarted:
            return False
        return known.id != called

    def resume(self) -> None:
        """Measure a drill that was kept over a restart, if there is one."""
        if self._record is not None:
            return  # a client was quicker
        status = self._status()
        for order in {known.override for known in status.families if known.override is not None}:
            its = tuple(begun(status, order.uplink, order.until))
            if its:
                self._record = DrillRecord(
                    order.uplink, status.at, order.until, its, restarted=True
                )
                self._measures = True
                self._begun.set()

    def event(self, event: Event) -> None:
        """The engine is given this next."""
        if self._record is None or not self._measures:
            return
        self._see_ways()
        if isinstance(event, Round):
            self._record.on_round(event)
        elif isinstance(event, Ways):
            self._asked = True  # what it makes of that is known then

    def output(self, output: Output) -> None:
        """The engine says this."""
        if self._record is None or not self._measures:
            return
        if isinstance(output, Decision):
            known = self._status().families
            orders = {f.override for f in known if f.family is output.family}
            self._record.on_decision(output, ordered=orders != {None})
        elif isinstance(output, RuleChange):
            self._record.on_rule(output)

    def reconciled(self) -> None:
        """The kernel was brought to the plan."""
        if self._record is not None and self._measures:
            self._record.on_routes(trio.current_time())

    def document(self) -> Mapping[str, Any] | None:
        """What is known; None: there was no drill since the engine began."""
        if self._record is None or self._expected:
            return None
        self._see_ways()
        status = self._status()
        if self._measures:
            self._record.see(status)
        clock = WallClock(status.at, datetime.now().astimezone())
        its = [uplink.id for uplink in self._policy().uplinks]
        return drill_document(self._record, status, clock, its)

    async def run(self) -> None:
        """Say in the log what each drill came to."""
        while True:
            await self._begun.wait()
            document = self.document()
            if self._expected or (document is not None and not document["over"]):
                await trio.sleep(_LOOK)
                continue
            self._measures, self._begun = False, trio.Event()
            if document is not None:
                held = document["outcome"] in ("returned", "released")
                level = logging.INFO if held else logging.WARNING
                text = in_one_line(document)
                say(level, "drill", text, uplink=document["uplink"], report=document)

    def _see_ways(self) -> None:
        if self._asked and self._record is not None:
            self._asked = False
            self._record.on_ways(self._status())
