"""What the kernel edge and the daemon's watch learn in the lab's router, while a test goes on."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import trio

from route_switcher.core.next_hops.choice import usable_hops
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.daemon.hop_watch import HopWatch
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.running import DEADLINE, eventually


def learns(interface: str, *families: Family) -> tuple[Uplink, ...]:
    """An uplink whose next hops are learned."""
    return tuple(Uplink(interface, interface, GatewayMode.AUTO, 10, f) for f in families)


@dataclass
class Learner:
    """`told` has every tuple of next hops that the core would have been told of, in order."""

    uplinks: Sequence[Uplink]
    told: list[tuple[LearnedHop, ...]] = field(default_factory=list)
    links: dict[str, LinkState] = field(default_factory=dict)
    """What the kernel said of the interfaces last."""

    @property
    def now(self) -> tuple[LearnedHop, ...]:
        """Those of the latest."""
        return self.told[-1] if self.told else ()

    def gateways(self) -> list[str]:
        """The gateways that the uplinks may use, best first, each once."""
        usable = [
            str(hop.hop.gateway)
            for uplink in self.uplinks
            if (link := self.links.get(uplink.interface)) is not None
            for hop in usable_hops(uplink, link, self.now)
        ]
        return list(dict.fromkeys(usable))

    def await_gateways(self, *gateways: object) -> None:
        """Wait until these are the gateways that may be used, in this order."""
        wanted = [str(gateway) for gateway in gateways]
        eventually(lambda: self.gateways() == wanted, f"{wanted}, but {self.told}")


@contextmanager
def learner(lab: Lab, *uplinks: Uplink) -> Iterator[Learner]:
    """Learn from now on, until the body ends."""
    learning = Learner(uplinks)
    ready, ended = threading.Event(), trio.Event()
    tokens: list[trio.lowlevel.TrioToken] = []
    failures: list[BaseException] = []

    async def main() -> None:
        tokens.append(trio.lowlevel.current_trio_token())
        with NetlinkKernel() as kernel:
            kernel.follow(uplinks)
            watch = HopWatch(kernel, learning.told.append)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_follow, kernel, watch, learning)
                nursery.start_soon(watch.run)
                ready.set()
                await ended.wait()
                nursery.cancel_scope.cancel()

    def inside() -> None:
        try:
            with lab.inside(ROUTER):
                trio.run(main)
        except BaseException as error:
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=inside)
    thread.start()
    assert ready.wait(DEADLINE)
    try:
        yield learning
    finally:
        if not failures:
            tokens[0].run_sync_soon(ended.set)
        thread.join(DEADLINE)
    assert failures == []


async def _follow(kernel: NetlinkKernel, watch: HopWatch, learning: Learner) -> None:
    """As the service does."""
    names = dict.fromkeys(uplink.interface for uplink in learning.uplinks)
    while True:
        watch.look()
        learning.links = {state.interface: state for state in await kernel.link_states(names)}
        news = await kernel.changed()
        while not (news.links or news.addresses or news.next_hops or news.overrun):
            news = await kernel.changed()
