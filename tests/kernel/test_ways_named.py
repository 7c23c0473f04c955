"""What leads packets elsewhere on the real kernel is named, and the command that the engine prints
removes it: each is run as it is printed."""

import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest

from route_switcher.core.engine import Engine
from route_switcher.core.vocabulary.events import Start, Ways
from route_switcher.core.vocabulary.outputs import Level, Notice
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from route_switcher.kernel.rtnetlink.oracle import NetlinkOracle
from support.asking import BOTH, FLAGS, GATEWAYS, TARGETS, Ip
from support.pinging import pinging, target
from support.world import policy

pytestmark = pytest.mark.kernel


def _policy() -> Policy:
    uplinks = [
        Uplink(f"{name}-v{family.value}", f"eth{n}", GATEWAYS[family][n], 10 * (n + 1), family)
        for family in Family
        for n, name in enumerate(("primary", "secondary"))
    ]
    base = policy(*uplinks)
    targets = [target(str(TARGETS[family])) for family in Family]
    probe = pinging("internet", *targets, interval=1.0, timeout=1.0)
    return Policy(base.uplinks, (probe,), base.rules, ignore_linkdown=False)


class Asked:
    """An engine that has found the standing routes, and is told what the kernel says of ways."""

    def __init__(self, kernel: NetlinkKernel, oracle: NetlinkOracle) -> None:
        self.engine = Engine(_policy())
        self._kernel, self._oracle = kernel, oracle

    async def begin(self) -> None:
        uplinks = self.engine.policy.uplinks
        self._kernel.follow(uplinks)
        self._oracle.follow(uplinks)
        links = await self._kernel.link_states(["eth0", "eth1"])
        self.engine.handle(Start(0.0, links, await self._kernel.default_routes()))
        assert self.engine.active(Family.IPV4) == "primary-v4"

    async def told(self) -> list[Notice]:
        """What a person is told of the ways of now."""
        questions = self.engine.questions(await self._oracle.networks())
        findings = await self._oracle.findings(questions)
        outputs = self.engine.handle(Ways(1.0, findings))
        return [output for output in outputs if isinstance(output, Notice)]


@pytest.fixture
async def asked(cleaned: None) -> AsyncIterator[Asked]:
    with NetlinkKernel() as kernel, NetlinkOracle(kernel.discarded) as oracle:
        world = Asked(kernel, oracle)
        await world.begin()
        assert {n.text for n in await world.told()} == {
            f"{family}: the kernel sends the traffic through primary-v{family.value}"
            for family in Family
        }
        yield world


def run_remedies(told: list[Notice]) -> None:
    commands = dict.fromkeys(n.text.partition("To remove it: ")[2] for n in told)
    for command in commands:
        assert command, told
        subprocess.run(["sh", "-c", command], check=True)


async def judge(world: Asked, family: Family, about: set[str]) -> None:
    """Warnings about these subjects say so, and nothing is left to say after their commands."""
    told = [n for n in await world.told() if n.level is Level.WARNING]
    assert told
    starts = {n.text.partition(": ")[0] for n in told}
    assert starts == about, told
    run_remedies(told)
    left = [n for n in await world.told() if n.level is Level.WARNING]
    assert left == []
    assert str(family) in str(told) or f"v{family.value}" in str(told)


@BOTH
@pytest.mark.parametrize(
    ("commands", "about"),
    [
        (["route add {target} via {other0} dev eth0"], "traffic primary"),
        (["route add {target} via {other1} dev eth1"], "traffic secondary"),
        (["route add {target} dev eth0"], "traffic primary"),
        (
            ["route add {half} via {other0} dev eth0", "route add {second} via {other0} dev eth0"],
            "traffic primary",
        ),
        (["route add blackhole {target}"], "traffic v4-probes"),
        (["route add prohibit {target}"], "traffic v4-probes"),
        (["route add unreachable {target}"], "traffic v4-probes"),
        (["route add throw {target}"], "traffic v4-probes"),
        (
            ["route add default via {gateway0} dev eth0 table 100", "rule add lookup 100 pref 100"],
            "traffic",
        ),
        (
            ["route add default via {gateway1} dev eth1 table 100", "rule add lookup 100 pref 100"],
            "traffic",
        ),
        (
            [
                "route add default via {gateway0} dev eth0 table 100",
                "rule add goto 101 pref 100",
                "rule add lookup 100 pref 101",
            ],
            "traffic",
        ),
        (
            [
                "route add default via {gateway1} dev eth1 table 100",
                "rule add iif lan0 lookup 100 pref 100",
            ],
            "traffic",
        ),
        (
            [
                "route add default via {gateway1} dev eth1 table 100",
                "rule add uidrange 0-0 lookup 100 pref 100",
            ],
            "traffic",
        ),
        (
            [
                "route add default via {gateway1} dev eth1 table 100",
                "rule add to {target} lookup 100 pref 100",
            ],
            "traffic",
        ),
        (
            [
                "route add default via {other0} dev eth0 table 100",
                "rule add ipproto {icmp} lookup 100 pref 100",
            ],
            "primary",
        ),
        (
            [
                "route add default via {other0} dev eth0 table 100",
                "rule add oif eth0 lookup 100 pref 100",
            ],
            "primary",
        ),
        (["rule add blackhole pref 100"], "traffic primary secondary"),
        (["rule add unreachable pref 100"], "traffic primary secondary"),
        (["rule add prohibit to {target} pref 100"], "traffic primary secondary"),
        (
            # IPv6 looks at no rule before one was added (fib6_has_custom_rules).
            ["rule add lookup 100 pref 101", "rule del pref 101", "rule del pref 32766"],
            "traffic primary secondary",
        ),
        (["route add default via {other1} dev eth1 metric 15"], "secondary"),
        (
            [
                "route add {target} metric 5 nexthop via {other0} dev eth0 nexthop via {other1} dev"
                " eth1"
            ],
            "traffic primary secondary",
        ),
        (
            ["nexthop add id 9 via {other0} dev eth0", "route add {target} nhid 9"],
            "traffic primary",
        ),
        (
            [
                "rule add dsfield 0x10 lookup 100 pref 101",
                "route add {target} via {other0} dev eth0 table 100",
                "rule add lookup 100 pref 102",
            ],
            "traffic primary",
        ),
    ],
    ids=lambda each: each[-1] if isinstance(each, list) else None,
)
async def test_it_is_named_and_removed_by_the_command(
    family: Family, commands: list[str], about: str, asked: Asked, ip: Ip
) -> None:
    gateways = GATEWAYS[family]
    v6 = family is Family.IPV6
    names = {
        "target": TARGETS[family],
        "gateway0": gateways[0],
        "gateway1": gateways[1],
        "other0": gateways[0] + 50,
        "other1": gateways[1] + 50,
        "half": "::/1" if v6 else "0.0.0.0/1",
        "second": "8000::/1" if v6 else "128.0.0.0/1",
        "icmp": "ipv6-icmp" if v6 else "icmp",
    }
    ip(*(f"{FLAGS[family]} {command.format(**names)}" for command in commands))
    subjects = {
        "traffic": {str(family)},
        "primary": {f"primary-v{family.value}"},
        "secondary": {f"secondary-v{family.value}"},
        "v4-probes": set() if v6 else {"primary-v4", "secondary-v4"},
    }
    wanted = set().union(*(subjects[word] for word in about.split()))
    await judge(asked, family, wanted)


@pytest.fixture
def cleaned(net: None) -> Iterator[None]:
    yield
    for flag in FLAGS.values():
        for pref in ("100", "101", "102"):
            subprocess.run(["ip", flag, "rule", "del", "pref", pref], capture_output=True)
        if not subprocess.check_output(["ip", flag, "rule", "show", "pref", "32766"]):
            subprocess.run(
                ["ip", flag, "rule", "add", "lookup", "main", "pref", "32766"], check=True
            )
    subprocess.run(["ip", "nexthop", "flush"], capture_output=True)
