"""The rounds through all uplinks in virtual time."""

from collections.abc import Callable, Collection, Iterator

from route_switcher.core.probing.assignment import UplinkProbing
from route_switcher.core.probing.pace import Pace
from route_switcher.core.probing.probing import Probing
from route_switcher.core.vocabulary.events import Answers, LinkState, Round
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.states import Speed
from route_switcher.core.vocabulary.uplinks import Uplink, UplinkId
from route_switcher.virtual.next_hops import Line
from route_switcher.virtual.schedule import Schedule, nanoseconds
from route_switcher.virtual.stream import Ask, Stream


class _UplinkStreams(tuple[Stream, ...]):
    """The streams of one uplink."""

    __slots__ = ()

    def ask(self, *, again: bool) -> None:
        for stream in self:
            stream.ask(again=again)

    def set_speed(self, speed: Speed) -> None:
        for stream in self:
            stream.set_speed(speed)

    def close(self) -> None:
        for stream in self:
            stream.close()


class ProbeStreams(Probing[_UplinkStreams]):
    """The streams of all uplinks of a policy."""

    def __init__(
        self,
        schedule: Schedule,
        ask: Ask,
        report: Callable[[Round | Answers], None],
        link_of: Callable[[str], LinkState],
        spread: Callable[[int, int], float],
    ) -> None:
        super().__init__(spread)
        self._schedule = schedule
        self._ask_internet = ask
        self._report = report
        self._link_of = link_of

    def __iter__(self) -> Iterator[Stream]:
        for streams in self._running.values():
            yield from streams

    def on_link(self, link: LinkState) -> None:
        """The link of an interface changed."""
        for work, streams in self._running.items():
            if work.interface == link.interface:
                for stream in streams:
                    stream.on_link(link)

    def on_next_hops(self, lines: Collection[Line]) -> None:
        """These lines have another next hop."""
        for work, streams in self._running.items():
            if (work.interface, work.uplink.family) in lines:
                for stream in streams:
                    stream.on_next_hop()

    def lose(self, uplink: UplinkId) -> None:
        """Lose every answer that is under way through an uplink."""
        for streams in self._of(uplink):
            for stream in streams:
                stream.lose()

    def _begin(
        self, uplink: Uplink, work: UplinkProbing, policy: Policy, share: float
    ) -> _UplinkStreams:
        rules = policy.rules_for(uplink.name)
        return _UplinkStreams(
            Stream(
                self._schedule,
                uplink,
                asking.probe,
                Pace(asking.probe, rules),
                self._link_of(uplink.interface),
                self._ask_internet,
                self._report,
                first=self._schedule.now + nanoseconds(share * asking.probe.interval),
                measured=asking.measured,
            )
            for asking in work.askings
        )
