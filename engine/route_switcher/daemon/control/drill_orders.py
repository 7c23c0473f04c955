"""A drill is begun and ended by clients, and reported to them."""

from collections.abc import Callable
from math import inf

import trio

from route_switcher.control.protocol import DrillEndRequest, DrillRequest, Error, done, failed
from route_switcher.core.vocabulary.orders import Drill, Release
from route_switcher.daemon.control.asked import Engine, Reply
from route_switcher.daemon.control.drills import Drills
from route_switcher.daemon.control.kept_orders import KeptOrders
from route_switcher.daemon.submitted import Outcome


class DrillOrders:
    """One at a time: an end that comes while a drill begins ends that one. `said` is what the
    engine said of an order, in words."""

    def __init__(
        self,
        engine: Engine,
        drills: Drills,
        orders: KeptOrders,
        said: Callable[[Outcome], list[str]],
    ) -> None:
        self._engine = engine
        self._drills = drills
        self._orders = orders
        self._said = said
        self._one = trio.Lock()

    async def begin(self, order: DrillRequest) -> Reply:
        """Order it, and measure."""
        async with self._one:
            until = trio.current_time() + order.seconds
            self._drills.expect(order.uplink, until, order.id)
            outcome = await self._engine.submit(Drill(inf, order.uplink, until))
            assert outcome is not None  # only a policy takes the place of another
            if not self._drills.settle(outcome.status):
                return failed(Error.REFUSED, *self._said(outcome))
            drill = self._drills.document()
        kept = await self._orders.keep(outcome.status)
        return done("drill", messages=self._said(outcome), drill=drill, kept=kept)

    async def end(self, order: DrillEndRequest) -> Reply:
        """Take back the order of this drill, and no other."""
        messages: list[str] = []
        async with self._one:
            status = self._engine.status()
            for until in {
                known.override.until
                for known in status.families
                if known.override is not None
                and known.override.back_to is not None
                and known.override.uplink == order.uplink
            }:
                if order.id is not None and self._drills.is_of_another(
                    order.uplink, until, order.id
                ):
                    continue
                outcome = await self._engine.submit(Release(inf, order.uplink, until))
                assert outcome is not None
                messages += self._said(outcome)
                status = outcome.status
        kept = await self._orders.keep(status)
        return done("drill-end", messages=messages or ["there is no such drill"], kept=kept)

    def report(self) -> Reply:
        """What is known of the latest one."""
        document = self._drills.document()
        if document is None:
            return failed(Error.NO_DRILL, "there has been no drill since the engine began")
        return done("drill-report", drill=document)
