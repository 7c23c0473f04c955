"""Every shipped policy and every example, executed: real core, plan and reconcile, virtual time."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from ipaddress import ip_address
from math import ceil
from pathlib import Path

import pytest
import trio

from route_switcher.core.probing.pace import failures_that_count
from route_switcher.core.vocabulary.conditions import Beyond, Within, leaves
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.policy import MAIN_TABLE, Placement, Policy
from route_switcher.core.vocabulary.uplinks import Address, Family, GatewayMode, Uplink
from route_switcher.daemon.service import Service
from route_switcher.policy.load import load
from support.model_kernel import ModelKernel
from support.written_probers import WrittenProber

TOP = Path(__file__).parents[2]
FILES = sorted(
    file for folder in ("policies", "examples") for file in (TOP / folder).glob("*.yaml")
)


def router_of(uplink: Uplink) -> LearnedHop:
    """What a DHCP client's route, or a router's, tells of an uplink."""
    address = "100.64.0.1" if uplink.family is Family.IPV4 else "fe80::7"
    hop = NextHop(ip_address(address))
    return LearnedHop(uplink.family, uplink.interface, hop, MAIN_TABLE, 1024, 16)


def gateway_of(uplink: Uplink) -> Address | None:
    """The gateway that its routes lead to."""
    learned = uplink.gateway is GatewayMode.AUTO
    return router_of(uplink).hop.gateway if learned else uplink.written_gateway


def interfaces(policy: Policy, family: Family) -> list[str]:
    return [uplink.interface for uplink in policy.uplinks_of(family)]


def patience(policy: Policy) -> float:
    """Seconds in which any rule of the policy fails or recovers, and a move may follow.

    Every uplink fails once here, which neither damps it nor uses a budget up. One that stands by
    may take longer to fail, and nothing moves by that.
    """
    pace = {probe: max(probe.interval, probe.down_interval) for probe in policy.probes}
    slowest = max(pace.values())
    failing = max(pace[probe] * failures_that_count(probe, policy.rules) for probe in pace)
    windows = [
        leaf.over
        for rule in policy.rules
        for condition in (rule.fail, rule.recover.condition)
        if condition is not None
        for leaf in leaves(condition)
        if isinstance(leaf, Beyond | Within)
    ]
    stable = max(rule.recover.stable for rule in policy.rules)
    return failing + max(windows, default=0) + stable + 3 * slowest + (policy.hold_back.min_stay)


async def ours(kernel: ModelKernel) -> set[tuple[Family, str, Address | None, int]]:
    routes = await kernel.default_routes(ours_only=True)
    return {(r.family, r.interface, r.gateway, r.metric) for r in routes}


async def best(kernel: ModelKernel, policy: Policy) -> dict[Family, str]:
    """By what interface the kernel sends the traffic of each family."""
    routes = await kernel.default_routes()
    return {
        family: min((r for r in routes if r.family is family), key=lambda r: r.metric).interface
        for family in policy.families
    }


async def seen_within(seconds: float, seen: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is seen, but no longer than that."""
    for _ in range(ceil(seconds)):
        if await seen():
            return
        await trio.sleep(1)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
async def test_it_selects_fails_over_as_far_as_it_can_and_back(
    file: Path, autojump_clock: trio.testing.MockClock
) -> None:
    # The traffic's table is tested elsewhere: here all stands in main.
    policy = replace(load(str(file)), placement=Placement())
    kernel = ModelKernel([LinkState(uplink.interface) for uplink in policy.uplinks])
    kernel.set_next_hops(*(router_of(u) for u in policy.uplinks if u.gateway is GatewayMode.AUTO))
    lines = {uplink.name: WrittenProber() for uplink in policy.uplinks}
    service = Service(policy, kernel, lambda uplink, _: lines[uplink.name])
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        own = {(u.family, u.interface, gateway_of(u), u.metric) for u in policy.uplinks}
        preferred = {family: interfaces(policy, family)[0] for family in policy.families}
        more = 3 * max(max(probe.interval, probe.down_interval) for probe in policy.probes)
        assert await ours(kernel) == own
        for interface in dict.fromkeys(uplink.interface for uplink in policy.uplinks):
            assert await best(kernel, policy) == preferred
            broken = [u.name for u in policy.uplinks if u.interface == interface]
            for name in broken:
                lines[name].works = False

            async def failed(interface: str = interface) -> bool:
                """Its routes stand demoted. The last uplink of a family keeps its own."""
                now = {r for r in await ours(kernel) if r[1] == interface}
                return not now & own

            await seen_within(patience(policy), failed)
            await trio.sleep(more)
            # The last uplink of a family is never left: there is nowhere to go.
            assert await best(kernel, policy) == {
                family: next(
                    (other for other in interfaces(policy, family) if other != interface), its
                )
                for family, its in preferred.items()
            }
            for name in broken:
                lines[name].works = True

            async def healed() -> bool:
                return await ours(kernel) == own

            await seen_within(patience(policy), healed)
            await trio.sleep(more)
        assert await ours(kernel) == own
        nursery.cancel_scope.cancel()


def test_there_are_policies_and_examples() -> None:
    assert {file.parent.name for file in FILES} == {"policies", "examples"}
