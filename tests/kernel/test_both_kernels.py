"""The model and the real kernel give the same answers."""

import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Protocol

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from route_switcher.core.routing.refusal_reasons import APPENDED
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.routes import PROTOCOL, Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family, family_of
from route_switcher.kernel.base import Kernel, KernelNews
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from support.kernel_news import heard
from support.model_kernel import ModelKernel

pytestmark = pytest.mark.kernel

STATIC = 4
ADDRESSES = {
    ("eth0", Family.IPV4): "198.51.100.2/25",
    ("eth1", Family.IPV4): "198.51.100.130/25",
    ("eth0", Family.IPV6): "2001:db8:0::2/64",
    ("eth1", Family.IPV6): "2001:db8:1::2/64",
}
NETWORKS = {
    interface: [
        ip_network(address, strict=False) for (i, _), address in ADDRESSES.items() if i == interface
    ]
    for interface in ("eth0", "eth1")
}


class World(Protocol):
    """What happens to a machine, however it is played."""

    @property
    def kernel(self) -> Kernel: ...

    def admin(self, interface: str, up: bool) -> None: ...
    def carrier(self, interface: str, there: bool) -> None: ...
    def address(self, interface: str, family: Family, there: bool) -> None: ...
    def remove(self, interface: str) -> None: ...
    def foreign(self, route: Route, there: bool) -> None: ...


@dataclass
class RealWorld:
    kernel: NetlinkKernel
    ip: Callable[..., None]
    unplug: Callable[[int], None]

    def admin(self, interface: str, up: bool) -> None:
        self.ip(f"link set {interface} {'up' if up else 'down'}")
        # IPv6 addresses do not come back on their own; IPv4's were never gone.
        self.ip(f"-6 addr flush dev {interface} scope global")
        if up:
            self.ip(f"addr add {ADDRESSES[interface, Family.IPV6]} dev {interface} nodad")

    def carrier(self, interface: str, there: bool) -> None:
        if there:
            self.ip(f"link set {interface.replace('eth', 'isp')} up")
        else:
            self.unplug(int(interface.removeprefix("eth")))

    def address(self, interface: str, family: Family, there: bool) -> None:
        if there:
            self.ip(f"addr replace {ADDRESSES[interface, family]} dev {interface}")
        else:
            self.ip(f"-{family.value} addr flush dev {interface} scope global")

    def remove(self, interface: str) -> None:
        self.ip(f"link del {interface}")

    def foreign(self, route: Route, there: bool) -> None:
        verb = "append" if there else "del"
        self.ip(
            f"-{route.family.value} route {verb} default via {route.gateway}"
            f" dev {route.interface} metric {route.metric} proto {route.protocol}"
        )


class ModelWorld:
    def __init__(self) -> None:
        self.kernel = ModelKernel()
        for interface in NETWORKS:
            self.kernel.set_link(LinkState(interface), NETWORKS[interface])
        self.links = {interface: LinkState(interface) for interface in NETWORKS}

    def _set(self, link: LinkState) -> None:
        self.links[link.interface] = link
        self.kernel.set_link(link)

    def admin(self, interface: str, up: bool) -> None:
        link = self.links[interface]
        families = link.families - {Family.IPV6} | ({Family.IPV6} if up else set())
        self._set(dataclasses.replace(link, up=up, families=families))

    def carrier(self, interface: str, there: bool) -> None:
        self._set(dataclasses.replace(self.links[interface], carrier=there))

    def address(self, interface: str, family: Family, there: bool) -> None:
        link = self.links[interface]
        families = link.families - {family} | ({family} if there else set())
        self._set(dataclasses.replace(link, families=families))

    def remove(self, interface: str) -> None:
        self._set(LinkState.missing(interface))

    def foreign(self, route: Route, there: bool) -> None:
        (self.kernel.foreign_add if there else self.kernel.foreign_remove)(route)


def via(gateway: str, interface: str, metric: int, protocol: int = PROTOCOL) -> Route:
    address = ip_address(gateway)
    return Route(family_of(address), interface, address, metric, protocol)


ON_LINK = {Family.IPV4: ("198.51.100.1", "198.51.100.3"), Family.IPV6: ("2001:db8::1", "fe80::1")}
OFF_LINK = {Family.IPV4: "203.0.113.1", Family.IPV6: "2001:db8:77::1"}


@pytest.fixture(params=["real", "model"])
async def world(
    request: pytest.FixtureRequest,
    wires: None,
    ip: Callable[..., None],
    unplug: Callable[[int], None],
) -> AsyncIterator[World]:
    if request.param == "model":
        yield ModelWorld()
    else:
        with NetlinkKernel() as kernel:
            yield RealWorld(kernel, ip, unplug)


async def apply(world: World, change: Change, route: Route) -> str | None:
    return await world.kernel.apply(RouteAction(change, route, "test"))


@pytest.mark.parametrize("family", Family)
async def test_add_delete_and_again(world: World, family: Family) -> None:
    route = via(ON_LINK[family][0], "eth0", 10)
    for change, expected in (
        (Change.ADD, (route,)),
        (Change.ADD, (route,)),
        (Change.DELETE, ()),
        (Change.DELETE, ()),
    ):
        assert await apply(world, change, route) is None
        assert await world.kernel.default_routes() == expected


@pytest.mark.parametrize("family", Family)
async def test_a_taken_metric(world: World, family: Family) -> None:
    first, second = (via(gateway, "eth0", 10) for gateway in ON_LINK[family])
    assert await apply(world, Change.ADD, first) is None
    assert await apply(world, Change.ADD, second) == (
        f"metric 10 is held by a different route: {first} proto 115"
    )
    change = {Family.IPV4: Change.APPEND, Family.IPV6: Change.REPLACE}[family]
    assert await apply(world, change, second) is None
    both = (first, second) if family is Family.IPV4 else (second,)
    assert await world.kernel.default_routes() == both


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("change", [Change.ADD, Change.APPEND, Change.REPLACE])
async def test_a_metric_taken_by_others(world: World, family: Family, change: Change) -> None:
    ours = via(ON_LINK[family][0], "eth0", 10)
    foreign = dataclasses.replace(ours, protocol=STATIC)
    world.foreign(foreign, True)
    assert await apply(world, change, ours) == (
        f"metric 10 is held by a foreign route: {foreign} proto static"
    )
    assert await apply(world, Change.DELETE, ours) is None
    assert await world.kernel.default_routes() == (foreign,)
    assert await world.kernel.default_routes(ours_only=True) == ()


async def test_a_hop_that_others_append_to_an_ipv6_route_of_ours(world: World) -> None:
    ours, shown = via("2001:db8::1", "eth0", 10), via("2001:db8:1::1", "eth1", 10)
    foreign = dataclasses.replace(shown, protocol=STATIC)
    assert await apply(world, Change.ADD, ours) is None
    world.foreign(foreign, True)
    both = await world.kernel.default_routes()
    assert both == (ours, shown)
    assert {route.hops for route in both} == {(("eth0", ours.gateway), ("eth1", shown.gateway))}
    assert await apply(world, Change.DELETE, shown) == APPENDED
    other = via("2001:db8::3", "eth0", 10)
    assert await apply(world, Change.REPLACE, other) == (
        f"metric 10 is held by a foreign route: {ours} proto 115"
    )
    assert await world.kernel.default_routes() == both
    assert await apply(world, Change.DELETE, ours) is None
    assert await world.kernel.default_routes() == (foreign,)


@pytest.mark.parametrize("family", Family)
async def test_what_goes_and_what_stays(world: World, family: Family) -> None:
    route = via(ON_LINK[family][0], "eth0", 10)
    assert await apply(world, Change.ADD, route) is None

    world.carrier("eth0", False)
    assert not (await world.kernel.link_state("eth0")).connected
    assert await world.kernel.default_routes() == (route,)
    world.carrier("eth0", True)

    world.address("eth0", family, False)
    left = () if family is Family.IPV4 else (route,)
    assert await world.kernel.default_routes() == left
    world.address("eth0", family, True)
    assert await world.kernel.default_routes() == left
    assert await apply(world, Change.ADD, route) is None

    world.admin("eth0", False)
    assert await world.kernel.default_routes() == ()
    world.admin("eth0", True)
    assert await world.kernel.default_routes() == ()
    assert await apply(world, Change.ADD, route) is None

    world.remove("eth0")
    assert await world.kernel.default_routes() == ()
    assert not (await world.kernel.link_state("eth0")).present


def cause(refused: str | None) -> str:
    assert refused is not None
    return refused.split(" (kernel: ")[0]


@pytest.mark.parametrize("family", Family)
async def test_refusals(world: World, family: Family) -> None:
    route = via(ON_LINK[family][0], "eth0", 10)
    elsewhere = via(OFF_LINK[family], "eth0", 10)
    assert cause(await apply(world, Change.ADD, elsewhere)) == (
        f"gateway {elsewhere.gateway} is not in a network of eth0"
    )
    onlink = dataclasses.replace(elsewhere, onlink=True)
    assert await apply(world, Change.ADD, onlink) is None
    (seen,) = await world.kernel.default_routes()
    assert seen == onlink
    assert seen.onlink
    assert await apply(world, Change.DELETE, onlink) is None
    if family is Family.IPV4:
        world.address("eth0", family, False)
        assert cause(await apply(world, Change.ADD, route)) == "eth0 has no IPv4 address"
    world.admin("eth0", False)
    assert cause(await apply(world, Change.ADD, route)) == "link eth0 is down"
    world.remove("eth0")
    assert cause(await apply(world, Change.ADD, route)) == "interface eth0 is missing"
    assert await apply(world, Change.DELETE, route) is None


async def test_a_route_of_others_is_never_touched(world: World) -> None:
    foreign = via(ON_LINK[Family.IPV4][0], "eth0", 10, STATIC)
    with pytest.raises(ValueError, match="not ours"):
        await apply(world, Change.DELETE, foreign)


async def test_news(world: World) -> None:
    route = via(ON_LINK[Family.IPV4][0], "eth0", 10)
    await heard(world.kernel)
    assert await apply(world, Change.ADD, route) is None
    assert await heard(world.kernel) == KernelNews(routes=True)
    world.carrier("eth0", False)
    assert (await heard(world.kernel)).links
    world.address("eth0", Family.IPV4, False)
    assert await heard(world.kernel) == KernelNews(addresses=True)
    assert await world.kernel.default_routes() == ()


async def test_cancelled_waiting_loses_no_news(world: World) -> None:
    await heard(world.kernel)
    world.foreign(via(ON_LINK[Family.IPV4][0], "eth0", 10, STATIC), True)
    with trio.CancelScope() as scope:
        scope.cancel()
        await world.kernel.changed()
    with trio.fail_after(60):
        assert await world.kernel.changed() == KernelNews(foreign=True)


# Sequences. Each step is a function of a world; what it gives back must be the same for both.

GATEWAYS = {
    "eth0": ("198.51.100.1", "198.51.100.3", "2001:db8::1", "fe80::1"),
    "eth1": ("198.51.100.129", "198.51.100.131", "2001:db8:1::1", "fe80::1"),
}
interfaces = st.sampled_from(sorted(GATEWAYS))
booleans = st.booleans()


@st.composite
def routes(draw: st.DrawFn) -> Route:
    interface = draw(interfaces)
    gateway = draw(st.sampled_from((*GATEWAYS[interface], *OFF_LINK.values())))
    return via(gateway, interface, draw(st.sampled_from((10, 20, 1010))))


@st.composite
def actions(draw: st.DrawFn) -> RouteAction:
    route = draw(routes())
    same_key = Change.APPEND if route.family is Family.IPV4 else Change.REPLACE
    change = draw(st.sampled_from((Change.ADD, Change.ADD, same_key, Change.DELETE)))
    return RouteAction(change, route, "test")


@dataclass(frozen=True)
class Step:
    """`what` happens to `interface`; `on` undoes it."""

    what: str
    interface: str
    on: bool = True
    family: Family = Family.IPV4
    route: Route | None = None


steps = st.one_of(
    st.builds(Step, st.sampled_from(("admin", "carrier")), interfaces, booleans),
    st.builds(Step, st.just("address"), interfaces, booleans, st.sampled_from(Family)),
    st.builds(
        Step,
        st.just("foreign"),
        st.just(""),
        booleans,
        st.just(Family.IPV4),
        # A link-local gateway is there whatever becomes of the global address.
        routes().filter(lambda r: r.family is Family.IPV4 or r.gateway == ip_address("fe80::1")),
    ),
)


async def play(world: World, step: Step | RouteAction) -> bool | None:
    """True: done; False: refused; None: something that cannot be refused."""
    if isinstance(step, RouteAction):
        return await world.kernel.apply(step) is None
    if step.what == "admin":
        world.admin(step.interface, step.on)
    elif step.what == "carrier":
        world.carrier(step.interface, step.on)
    elif step.what == "address":
        world.address(step.interface, step.family, step.on)
    elif step.route is not None:
        await play_foreign(world, dataclasses.replace(step.route, protocol=STATIC), step.on)
    return None


async def play_foreign(world: World, route: Route, there: bool) -> None:
    """Others add where nothing stands, and delete what is theirs."""
    standing = await world.kernel.default_routes()
    link = await world.kernel.link_state(route.interface)
    on_link = str(route.gateway) not in OFF_LINK.values()
    taken = any((r.family, r.metric) == (route.family, route.metric) for r in standing)
    addressed = route.family is Family.IPV6 or Family.IPV4 in link.families
    possible = link.up and addressed and on_link and not taken
    if possible if there else route in standing:
        world.foreign(route, there)


@contextmanager
def emptied(ip: Callable[..., None]) -> Iterator[None]:
    """Both links as at first, and no default routes."""
    for interface in GATEWAYS:
        ip(f"link set {interface} down")
    ip("-4 route flush default", "-6 route flush default")
    for interface, peer in (("eth0", "isp0"), ("eth1", "isp1")):
        ip(f"link set {peer} up", f"link set {interface} up")
        for family in Family:
            ip(f"-{family.value} addr flush dev {interface} scope global")
            ip(f"addr add {ADDRESSES[interface, family]} dev {interface}")
    yield


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sequence=st.lists(st.one_of(actions(), actions(), steps), max_size=14))
def test_any_sequence_comes_to_the_same_in_both(
    wires: None,
    ip: Callable[..., None],
    unplug: Callable[[int], None],
    sequence: list[Step | RouteAction],
) -> None:
    async def main() -> None:
        with emptied(ip), NetlinkKernel() as kernel:
            real, model = RealWorld(kernel, ip, unplug), ModelWorld()
            for step in sequence:
                assert await play(real, step) == await play(model, step)
                assert await kernel.default_routes() == await model.kernel.default_routes()

    trio.run(main)


async def test_the_model_can_be_flushed_and_overrun() -> None:
    world = ModelWorld()
    assert await apply(world, Change.ADD, via("198.51.100.1", "eth0", 10)) is None
    await heard(world.kernel)
    world.kernel.flush()
    assert await heard(world.kernel) == KernelNews(routes=True)
    assert await world.kernel.default_routes() == ()
    world.kernel.overrun()
    assert await heard(world.kernel) == KernelNews(overrun=True)
