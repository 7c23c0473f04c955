"""The rounds through all uplinks: begun, hastened, slowed and ended as policy and engine say.

It goes as in the daemon (`daemon.probing`).
"""

from collections.abc import Callable, Iterator

from route_switcher.core.probing.assignment import ProbeSpec, UplinkProbing, probing_of
from route_switcher.core.probing.pace import Pace
from route_switcher.core.vocabulary.events import Answers, LinkState, Round
from route_switcher.core.vocabulary.policy import Policy, Uplink, UplinkId
from route_switcher.core.vocabulary.states import Speed
from route_switcher.virtual.schedule import Schedule, nanoseconds
from route_switcher.virtual.stream import Ask, Stream


class Probing:
    """The streams of all uplinks of a policy.

    `spread` says for uplink `number` `of` how many after what share of the interval it begins.
    """

    def __init__(
        self,
        schedule: Schedule,
        ask: Ask,
        report: Callable[[Round | Answers], None],
        link_of: Callable[[str], LinkState],
        spread: Callable[[int, int], float],
    ) -> None:
        self._schedule = schedule
        self._ask = ask
        self._report = report
        self._link_of = link_of
        self._spread = spread
        self._streams: dict[UplinkProbing, tuple[Stream, ...]] = {}
        self._speeds: dict[UplinkId, Speed] = {}
        """The last speed told of each uplink, also of one whose streams are still to come."""

    def __iter__(self) -> Iterator[Stream]:
        for streams in self._streams.values():
            yield from streams

    def take(self, policy: Policy) -> None:
        """Probe as `policy` says. Streams for which it changes nothing go on undisturbed."""
        before, self._streams = self._streams, {}
        uplinks = {uplink.id for uplink in policy.uplinks}
        self._speeds = {its: speed for its, speed in self._speeds.items() if its in uplinks}
        for number, uplink in enumerate(policy.uplinks):
            work = probing_of(uplink, policy)
            streams = before.pop(work, None)
            if streams is None:
                share = self._spread(number, len(policy.uplinks))
                streams = tuple(self._begin(uplink, a, policy, share) for a in work.askings)
            self._streams[work] = streams
        for streams in before.values():
            _close(streams)

    def end(self) -> None:
        """Send nothing any more, and forget everything."""
        for streams in self._streams.values():
            _close(streams)
        self._streams, self._speeds = {}, {}

    def ask(self, uplink: UplinkId, *, again: bool = False) -> None:
        """Have every probe ask through `uplink` at once, or `again` (see `ProbeNow`)."""
        for stream in self._of(uplink):
            stream.ask_now(again=again)

    def go(self, uplink: UplinkId, speed: Speed) -> None:
        """Probe through `uplink` at this speed from now on."""
        self._speeds[uplink] = speed
        for stream in self._of(uplink):
            stream.set_speed(speed)

    def on_link(self, link: LinkState) -> None:
        """The link of an interface changed."""
        for work, streams in self._streams.items():
            if work.interface == link.interface:
                for stream in streams:
                    stream.on_link(link)

    def lose(self, uplink: UplinkId) -> None:
        """Lose every answer that is under way through an uplink."""
        for stream in self._of(uplink):
            stream.lose()

    def _begin(self, uplink: Uplink, asking: ProbeSpec, policy: Policy, share: float) -> Stream:
        pace = Pace(asking.probe, policy.rules_for(uplink.name))
        pace.speed = self._speeds.get(uplink.id, Speed.NORMAL)
        stream = Stream(
            self._schedule,
            uplink,
            asking.probe,
            pace,
            self._link_of(uplink.interface),
            self._ask,
            self._report,
            measured=asking.measured,
        )
        stream.begin(self._schedule.now + nanoseconds(share * asking.probe.interval))
        return stream

    def _of(self, uplink: UplinkId) -> Iterator[Stream]:
        for work, streams in self._streams.items():
            if work.uplink == uplink:
                yield from streams


def _close(streams: tuple[Stream, ...]) -> None:
    for stream in streams:
        stream.close()
