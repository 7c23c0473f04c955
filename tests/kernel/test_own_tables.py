"""Routes of other tables, and rules: the model and the real kernel give the same answers."""

import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from random import Random

import pytest
import trio

from route_switcher.core.routing.rule_list import UNUSED_MARK
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import (
    PREFERENCE,
    RoutingRule,
    RoutingRuleAction,
)
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family, family_of
from route_switcher.kernel.base import Kernel, KernelNews
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from support.model_kernel import ModelKernel

pytestmark = pytest.mark.kernel

TABLES = (MAIN_TABLE, 115, 1000)
NETWORKS = {
    "eth0": [ip_network("198.51.100.0/25"), ip_network("2001:db8::/64")],
    "eth1": [ip_network("198.51.100.128/25"), ip_network("2001:db8:1::/64")],
}
GATEWAYS = {
    (Family.IPV4, "eth0"): "198.51.100.1",
    (Family.IPV4, "eth1"): "198.51.100.129",
    (Family.IPV6, "eth0"): "2001:db8::1",
    (Family.IPV6, "eth1"): "2001:db8:1::1",
}


def route(family: Family, interface: str, metric: int, table: int, **parts: object) -> Route:
    gateway = ip_address(GATEWAYS[family, interface])
    made = Route(family_of(gateway), interface, gateway, metric, table=table)
    return dataclasses.replace(made, **parts)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def nothing_left(wires: None, ip: Callable[..., None]) -> Iterator[None]:
    yield
    for family in Family:
        for table in TABLES[1:]:
            ip(f"-{family.value} route flush table {table}") if _has(family, table, ip) else None
        ip(f"-{family.value} rule flush protocol 115")


def _has(family: Family, table: int, ip: Callable[..., None]) -> bool:
    try:
        ip(f"-{family.value} route show table {table}")
    except AssertionError:
        return False
    return True


@pytest.fixture(params=["real", "model"])
async def kernel(request: pytest.FixtureRequest, wires: None) -> AsyncIterator[Kernel]:
    if request.param == "real":
        with NetlinkKernel() as real:
            real.follow((), TABLES)
            yield real
    else:
        model = ModelKernel()
        for interface, networks in NETWORKS.items():
            model.set_link(LinkState(interface), networks)
        model.follow((), TABLES)
        yield model


@pytest.mark.parametrize("family", Family)
async def test_a_key_is_of_one_table(kernel: Kernel, family: Family) -> None:
    mine = [route(family, "eth0", 10, table) for table in TABLES]
    for each in mine:
        assert await kernel.apply(RouteAction(Change.ADD, each, "test")) is None
    assert list(await kernel.default_routes()) == mine
    assert await kernel.tables_of_ours() == set(TABLES)
    refused = await kernel.apply(RouteAction(Change.ADD, route(family, "eth1", 10, 115), "test"))
    assert refused == f"metric 10 is held by a different route: {mine[1]} proto 115"
    assert await kernel.apply(RouteAction(Change.DELETE, mine[1], "test")) is None
    assert list(await kernel.default_routes(ours_only=True)) == [mine[0], mine[2]]


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("table", TABLES)
async def test_the_source_and_the_mtu_of_a_route_are_kept(
    kernel: Kernel, family: Family, table: int
) -> None:
    source = {Family.IPV4: "198.51.100.2", Family.IPV6: "2001:db8::2"}[family]
    plain = route(family, "eth0", 10, table)
    whole = replace(plain, source=ip_address(source), mtu=1400)
    assert await kernel.apply(RouteAction(Change.ADD, plain, "test")) is None
    change = Change.APPEND if family is Family.IPV4 else Change.REPLACE
    assert await kernel.apply(RouteAction(change, whole, "test")) is None
    if family is Family.IPV4:
        assert await kernel.default_routes() == (plain, whole)
        assert await kernel.apply(RouteAction(Change.DELETE, plain, "test")) is None
    assert await kernel.default_routes() == (whole,)
    assert await kernel.apply(RouteAction(Change.DELETE, whole, "test")) is None
    assert await kernel.default_routes() == ()


def rules(family: Family) -> tuple[RoutingRule, ...]:
    address = {Family.IPV4: "198.51.100.2/32", Family.IPV6: "2001:db8::2/128"}[family]
    return (
        RoutingRule(
            family,
            PREFERENCE,
            MAIN_TABLE,
            mark=UNUSED_MARK,
            inverted=True,
            suppress_prefixlength=0,
        ),
        RoutingRule(family, PREFERENCE, 116, out_interface="eth0"),
        RoutingRule(family, PREFERENCE, 116, source=ip_network(address)),
        RoutingRule(family, PREFERENCE, 1000),
        RoutingRule(family, PREFERENCE, 1000, mark=UNUSED_MARK, inverted=True),
        RoutingRule(family, PREFERENCE - 1, 116),
    )


@pytest.mark.parametrize("seed", range(12))
async def test_any_sequence_of_rule_actions_comes_to_the_same(wires: None, seed: int) -> None:
    random = Random(seed)
    model = ModelKernel()
    with NetlinkKernel() as real:
        for _ in range(30):
            rule = random.choice(rules(random.choice(list(Family))))
            change = random.choice((Change.ADD, Change.DELETE))
            action = RoutingRuleAction(change, rule, "test")
            said = [await kernel.apply_rule(action) for kernel in (real, model)]
            assert (said[0] is None) == (said[1] is None), (action, said)
            assert await real.our_rules() == await model.our_rules()


@pytest.mark.parametrize("family", Family)
async def test_rules_and_routes_of_ours_are_news(kernel: Kernel, family: Family) -> None:
    with trio.fail_after(60):
        await kernel.apply_rule(RoutingRuleAction(Change.ADD, rules(family)[0], "test"))
        assert (await kernel.changed()).rules
        await kernel.apply(RouteAction(Change.ADD, route(family, "eth0", 10, 1000), "test"))
        news = KernelNews()
        while not news.routes:
            news |= await kernel.changed()
    foreign = RoutingRuleAction(Change.ADD, replace(rules(family)[0], protocol=4), "test")
    with pytest.raises(ValueError, match="not ours to touch"):
        await kernel.apply_rule(foreign)


async def test_rules_of_others_are_no_news(wires: None, ip: Callable[..., None]) -> None:
    with NetlinkKernel() as kernel:
        with trio.move_on_after(0.2):
            while True:
                await kernel.changed()
        ip("rule add pref 100 lookup 77", "rule del pref 100")
        with trio.move_on_after(0.2) as waiting:
            await kernel.changed()
        assert waiting.cancelled_caught
