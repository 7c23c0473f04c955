"""What a client is answered, and what its orders come to."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from math import inf, isfinite
from typing import TypeAlias, assert_never

import trio

from route_switcher.control.document import Program, status_document
from route_switcher.control.protocol import (
    BadRequest,
    ConfirmRequest,
    DrillEndRequest,
    DrillReportRequest,
    DrillRequest,
    Error,
    Order,
    ReleaseRequest,
    ReloadRequest,
    StatusRequest,
    SwitchRequest,
    WatchRequest,
    WhyRequest,
    done,
    encode,
    failed,
    parse,
)
from route_switcher.control.wall_clock import WallClock
from route_switcher.control.why import why
from route_switcher.core.messages import describe
from route_switcher.core.vocabulary.orders import Release, Switch
from route_switcher.core.vocabulary.outputs import Decision, Notice
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.status import FamilyStatus, Override, Status
from route_switcher.daemon.control.asked import Engine, Reply
from route_switcher.daemon.control.credentials import Peer
from route_switcher.daemon.control.drill_orders import DrillOrders
from route_switcher.daemon.control.drills import Drills
from route_switcher.daemon.control.kept_orders import KeptOrders
from route_switcher.daemon.control.on_trial import OnTrial
from route_switcher.daemon.control.pace import Pace
from route_switcher.daemon.last_minute import LastMinutes
from route_switcher.daemon.reloading import Reloaded
from route_switcher.daemon.report import say
from route_switcher.daemon.submitted import Outcome

PATIENCE = 14.0
"""Seconds that an order may take; a policy is read for ten at most."""

Answerable: TypeAlias = StatusRequest | WhyRequest | DrillReportRequest | Order
"""What has one reply."""


class Answers:
    """Answers one line at a time, each in its turn."""

    def __init__(
        self,
        engine: Engine,
        program: Program,
        policy: Policy,
        reload: Callable[[float | None], Awaitable[Reloaded]],
        trial: OnTrial,
        orders: KeptOrders,
        minutes: LastMinutes,
        pace: Pace,
        troubles: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._engine = engine
        self._program = program
        self.policy = policy
        """The one in effect."""
        self.group: int | None = None
        """Whose members may give orders."""
        self._reload = reload
        self._trial = trial
        self._orders = orders
        self._minutes = minutes
        self._pace = pace
        self._troubles = troubles
        self.drills = Drills(engine.status, lambda: self.policy)
        self._drilling = DrillOrders(engine, self.drills, orders, self._said)

    def give_to(self, group: int | None) -> None:
        """Take the orders of its members."""
        self.group = group

    async def answer(self, line: bytes, peer: Peer) -> bytes | WatchRequest:
        """The reply to a line, as a line; a request to watch is given back."""
        async with self._pace.turn():
            try:
                request = parse(line)
            except BadRequest as error:
                return encode(failed(error.error, str(error)))
            if isinstance(request, WatchRequest):
                return request
            reply = self._at_once(request, peer)
            if reply is not None:
                return encode(reply)
        assert isinstance(request, Order)
        _tell(request, peer)
        with trio.move_on_after(PATIENCE):
            return encode(await self._carried_out(request))
        return encode(failed(Error.TOO_SLOW, f"not within {PATIENCE:g} s; it may still come"))

    def _at_once(self, request: Answerable, peer: Peer) -> Reply | None:
        """The reply where there is nothing to wait for; None: the request is an order."""
        match request:
            case StatusRequest():
                return done("status", status=self.document())
            case WhyRequest():
                return self._why(request.uplink)
            case DrillReportRequest():
                return self._drilling.report()
            case (
                SwitchRequest()
                | DrillRequest()
                | DrillEndRequest()
                | ReleaseRequest()
                | ReloadRequest()
                | ConfirmRequest()
            ):
                if not peer.may_order(self.group):
                    what = f"user {peer.user} may not give orders: only root, the engine's own"
                    return failed(Error.NOT_ALLOWED, f"{what} user, and the policy's group may")
                if isinstance(request, SwitchRequest | DrillRequest):
                    uplink = request.uplink
                    return None if self.policy.named(uplink) else self._no_such(uplink)
                return None
            case _:
                assert_never(request)

    def document(self) -> Mapping[str, object]:
        """The status as JSON has it."""
        status = self._engine.status()
        return status_document(
            status,
            self._program,
            _clock(status),
            lambda its: self._minutes.of(its, status.at),
            self._trial.confirmation,
            self._troubles(),
        )

    def _why(self, uplink: str | None) -> Reply:
        if uplink is not None and not self.policy.named(uplink):
            return self._no_such(uplink)
        status = self._engine.status()
        said = [why(family, uplink, _clock(status)) for family in status.families]
        return done("why", messages=[paragraph for each in said for paragraph in each])

    def _no_such(self, uplink: str) -> Reply:
        what = f"there is no uplink {uplink}; there are: {', '.join(self.policy.names)}"
        return failed(Error.NO_SUCH_UPLINK, what)

    async def _carried_out(self, order: Order) -> Reply:
        match order:
            case SwitchRequest():
                reply = await self._switch(order)
                if reply["ok"]:
                    await self._trial.forget_orders()
                return reply
            case DrillRequest():
                return await self._drilling.begin(order)
            case DrillEndRequest():
                return await self._drilling.end(order)
            case ReleaseRequest():
                await self._trial.forget_orders()
                return await self._release()
            case ReloadRequest():
                return await self._read_again(order.confirm_seconds)
            case ConfirmRequest():
                refused = await self._trial.confirm()
                if refused:
                    return failed(Error.REFUSED, refused)
                messages = ["confirmed: the policy now in force stays"]
                return done("confirm", messages=messages, kept=self._trial.kept)
            case _:
                assert_never(order)

    async def _read_again(self, confirm_seconds: float | None) -> Reply:
        reloaded = await self._reload(confirm_seconds)
        if reloaded.refused:
            what = f"{reloaded.refused}: the running one stays"
            return failed(Error.REFUSED, *reloaded.lines, what)
        left, kept = self._trial.left, self._trial.kept
        left = None if left is None else round(left, 3)
        return done("reload", messages=list(reloaded.lines), confirm_seconds=left, kept=kept)

    async def _switch(self, order: SwitchRequest) -> Reply:
        until = trio.current_time() + order.seconds
        wanted = Override(order.uplink, until, order.force)
        outcome = await self._engine.submit(Switch(inf, order.uplink, until, order.force))
        assert outcome is not None  # only a policy takes the place of another
        messages = self._said(outcome)
        kept = await self._orders.keep(outcome.status)
        families = self.policy.families_of(order.uplink)
        its = [family for family in outcome.status.families if family.family in families]
        messages += [_ordered(family) for family in its if family.override == wanted]
        if any(family.override != wanted for family in its):
            return failed(Error.REFUSED, *messages)
        return done("switch", messages=messages, kept=kept)

    async def _release(self) -> Reply:
        families = self._engine.status().families
        names = dict.fromkeys(f.override.uplink for f in families if f.override is not None)
        # Without an order it lets the traffic return where the policy waits for that.
        waiting = (f for f in families if f.returns_by_order and f.override is None)
        names |= {f.active: None for f in waiting if f.awaited and f.active is not None}
        ordered = {f.override.uplink for f in families if f.override is not None}
        messages: list[str] = []
        status = self._engine.status()
        for name in names:
            outcome = await self._engine.submit(Release(inf, name))
            assert outcome is not None
            taken_back = [f"the order for {name} is released"] if name in ordered else []
            messages += [*taken_back, *self._said(outcome)]
            status = outcome.status
        kept = await self._orders.keep(status)
        return done("release", messages=messages or ["there is no order"], kept=kept)

    def _said(self, outcome: Outcome) -> list[str]:
        return [
            describe(output, self.policy)
            for output in outcome.outputs
            if isinstance(output, Decision | Notice)
        ]


def _ordered(family: FamilyStatus) -> str:
    """How an order stands that this family took."""
    order = family.override
    assert order is not None
    if order.uplink == family.active:
        return f"{family.family}: {order.uplink} is active"
    unfit = next(u.unfit for u in family.uplinks if u.health.uplink.name == order.uplink)
    return f"{family.family}: {order.uplink} is not active yet" + (f": {unfit}" if unfit else "")


def _clock(status: Status) -> WallClock:
    return WallClock(status.at, datetime.now().astimezone())


def _tell(order: Order, peer: Peer) -> None:
    """The log has who ordered what."""
    fields: dict[str, object] = {"user": peer.user, "process": peer.process}
    match order:
        case SwitchRequest():
            fields |= {"uplink": order.uplink, "force": order.force}
            ends = isfinite(order.seconds)
            what = f"switch to {order.uplink}" + (f" for {order.seconds:g} s" if ends else "")
            what += ", forced" if order.force else ""
            fields["seconds"] = order.seconds if ends else None
        case DrillRequest():
            fields |= {"uplink": order.uplink, "seconds": order.seconds}
            what = f"drill of {order.uplink} for {order.seconds:g} s"
        case DrillEndRequest():
            fields["uplink"] = order.uplink
            what = f"drill-end of {order.uplink}"
        case ReleaseRequest():
            what = "release"
        case ReloadRequest():
            what = "reload"
            fields["confirm_seconds"] = order.confirm_seconds
            if order.confirm_seconds is not None:
                what += f", to be confirmed within {order.confirm_seconds:g} s"
        case ConfirmRequest():
            what = "confirm"
        case _:
            assert_never(order)
    message = f"ordered by user {peer.user} (process {peer.process}): {what}"
    say(logging.INFO, "order", message, order=what.split()[0].rstrip(","), **fields)
