"""The real kernel, asked what it would do with packets; see `base.Oracle`."""

import errno
from collections.abc import Sequence
from types import TracebackType

from route_switcher.core.vocabulary.lookups import Lookup, Refused
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.core.vocabulary.ways import Findings, LocalNetwork
from route_switcher.kernel.rtnetlink.dead_ends import dead_ends
from route_switcher.kernel.rtnetlink.framing import Discarded
from route_switcher.kernel.rtnetlink.local_networks import local_networks
from route_switcher.kernel.rtnetlink.lookups import answers
from route_switcher.kernel.rtnetlink.names import index_of, indexes_of, own_name, owners
from route_switcher.kernel.rtnetlink.rules import rules
from route_switcher.kernel.rtnetlink.way_news import WayNews


class NetlinkOracle:
    """Of this process's network namespace. A context manager: it holds the socket that hears of
    changes. To be left within `trio.run`."""

    def __init__(self, discarded: Discarded) -> None:
        self._discarded = discarded
        self._uplinks: tuple[Uplink, ...] = ()
        self._news = WayNews()

    def __enter__(self) -> "NetlinkOracle":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._news.close()

    def follow(self, uplinks: Sequence[Uplink]) -> None:
        """See `Oracle.follow`."""
        self._uplinks = tuple(uplinks)

    async def changed(self) -> None:
        """See `Oracle.changed`."""
        await self._news.changed()

    async def networks(self) -> tuple[LocalNetwork, ...]:
        """See `Oracle.networks`."""
        return await local_networks(set(indexes_of(self._uplinks).values()), self._discarded)

    async def findings(self, lookups: Sequence[Lookup]) -> Findings:
        """See `Oracle.findings`."""
        found = [
            await self._of_family(family, of_family)
            for family in Family
            if (of_family := [lookup for lookup in lookups if lookup.family is family])
        ]
        return Findings(
            {lookup: answer for each in found for lookup, answer in each.answers.items()},
            tuple(rule for each in found for rule in each.rules),
            tuple(end for each in found for end in each.dead_ends),
            {
                name: own
                for name, index in indexes_of(self._uplinks).items()
                if (own := own_name(index)) not in ("", name)
            },
        )

    async def _of_family(self, family: Family, lookups: Sequence[Lookup]) -> Findings:
        owned = owners(self._uplinks, indexes_of(self._uplinks))

        def name_of(index: int) -> str:
            return owned.get((index, family)) or own_name(index)

        told = await answers(lookups, index_of, name_of, self._discarded)
        refused = {
            lookup.destination
            for lookup, answer in told.items()
            if isinstance(answer, Refused) and answer.code != errno.ENODEV
        }
        ends = await dead_ends(family, refused, self._discarded) if refused else ()
        return Findings(told, await rules(family, self._discarded), ends)
