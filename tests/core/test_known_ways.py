"""The engine beside a kernel that sends packets elsewhere: what is left out, and what is told."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from route_switcher.core.vocabulary.effects import LeaveOut
from route_switcher.core.vocabulary.events import Answer as RoundAnswer
from route_switcher.core.vocabulary.events import LinkState, Round, Ways
from route_switcher.core.vocabulary.kernel_routes import KernelHop, KernelRoute, RouteScope
from route_switcher.core.vocabulary.lookups import Answer, Lookup, Refused, Unanswered
from route_switcher.core.vocabulary.outputs import Decision, Level, Notice
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import RoutingRule, RuleAction
from route_switcher.core.vocabulary.routes import PROTOCOL, RouteKind
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.core.vocabulary.ways import DeadEnd, Findings, LocalNetwork
from support.pinging import target
from support.world import World, policy

PRIMARY, SECONDARY = (UplinkId(name, Family.IPV4) for name in ("primary", "secondary"))
TARGET = ip_address("203.0.113.1")
OWN = ip_address("198.51.100.10")
LAN = LocalNetwork("lan0", ip_address("198.51.100.130"))
BEFORE_MAIN = RoutingRule(Family.IPV4, 100, 100, protocol=3)
MAIN = RoutingRule(Family.IPV4, 32766, MAIN_TABLE, protocol=2)


def route(interface: str, gateway: str | None, **more: object) -> KernelRoute:
    hop = KernelHop(interface, None if gateway is None else ip_address(gateway))
    found = KernelRoute(
        Family.IPV4,
        MAIN_TABLE,
        PROTOCOL,
        RouteKind.UNICAST,
        RouteScope.UNIVERSE,
        10,
        (hop,),
    )
    return replace(found, **more)  # type: ignore[arg-type]


class Kernel:
    """Answers as planned, unless told otherwise for a question with these fields."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.otherwise: list[tuple[dict[str, object], Answer]] = []
        self.rules: tuple[RoutingRule, ...] = (MAIN,)
        self.dead_ends: tuple[DeadEnd, ...] = ()
        self.own_names: dict[str, str] = {}

    def answer(self, lookup: Lookup) -> Answer:
        for fields, answer in self.otherwise:
            if all(getattr(lookup, name) == value for name, value in fields.items()):
                return answer
        interface = lookup.out_interface
        if lookup.source is not None and lookup.destination != TARGET:
            return route(lookup.in_interface or "", None, kind=RouteKind.LOCAL)
        gateways = {u.interface: str(u.gateway) for u in self.world.policy.uplinks}
        if interface is None:
            active = self.world.active()
            interface = next(u.interface for u in self.world.policy.uplinks if u.name == active)
        return route(interface, gateways[interface])

    def ask(self) -> None:
        asked = self.world.engine.questions([LAN])
        answers = {q: self.answer(q) for q in asked}
        findings = Findings(answers, self.rules, self.dead_ends, self.own_names)
        self.world.tell(Ways(self.world.now, findings))


@pytest.fixture
def world() -> World:
    links = [LinkState(f"eth{n}", addresses=frozenset({OWN + n})) for n in (0, 1)]
    return World(policy(), links=links).run(10.5)


@pytest.fixture
def kernel(world: World) -> Kernel:
    kernel = Kernel(world)
    kernel.ask()
    assert world.notices() == ["IPv4: the kernel sends the traffic through primary"]
    world.outputs.clear()
    return kernel


def notices(world: World) -> list[Notice]:
    return [output for output in world.outputs if isinstance(output, Notice)]


def test_an_answer_as_planned_says_nothing(world: World, kernel: Kernel) -> None:
    kernel.ask()
    assert world.outputs == []


def test_what_is_unanswered_says_nothing(world: World, kernel: Kernel) -> None:
    kernel.otherwise = [({}, Unanswered("no time"))]
    kernel.ask()
    assert world.outputs == []


def test_probes_that_go_elsewhere_are_left_out_and_told_once(world: World, kernel: Kernel) -> None:
    wrong = route("eth1", "198.51.100.50", prefix_length=32, protocol=4, metric=0)
    kernel.otherwise = [({"out_interface": "eth1"}, wrong)]
    kernel.ask()
    kernel.ask()
    (left,) = [output for output in world.outputs if isinstance(output, LeaveOut)]
    assert (left.uplink, [str(t) for t, _ in left.targets]) == (SECONDARY, ["203.0.113.1"])
    (told,) = notices(world)
    assert told.level is Level.WARNING
    assert told.text.endswith(
        "ip route del 203.0.113.1/32 via 198.51.100.50 dev eth1 metric 0 proto static"
    )
    kernel.otherwise = []
    kernel.ask()
    assert isinstance(world.outputs[-2], LeaveOut)
    assert world.outputs[-2].targets == ()
    assert notices(world)[-1].text == "secondary: probes go the right way again"


def test_a_round_under_way_that_asked_a_wrong_target_says_nothing(
    world: World, kernel: Kernel
) -> None:
    kernel.otherwise = [({"out_interface": "eth0"}, route("eth0", "198.51.100.50"))]
    kernel.ask()
    silent = (RoundAnswer(target("203.0.113.1"), None, "no answer"),)
    for _ in range(5):
        failed = Round(world.now, PRIMARY, "internet", world.now, RoundOutcome.FAILED, silent)
        world.tell(failed)
    assert world.switches() == []
    assert world.status().health(PRIMARY).last_reason.startswith("203.0.113.1: it is not asked")


def test_a_strict_filter_leaves_every_target_out(world: World, kernel: Kernel) -> None:
    kernel.otherwise = [({"in_interface": "eth1"}, Refused(22, "dropped"))]
    kernel.ask()
    (told,) = notices(world)
    assert told.text.startswith("secondary: the kernel drops what 203.0.113.1 answer at eth1")
    assert told.text.endswith("sysctl -w net.ipv4.conf.eth1.rp_filter=2")


def test_traffic_that_goes_elsewhere_is_said_again_ever_more_rarely(
    world: World, kernel: Kernel
) -> None:
    kernel.rules = (BEFORE_MAIN, MAIN)
    kernel.otherwise = [
        (
            {"out_interface": None, "in_interface": None},
            route("eth0", "198.51.100.1", table=100, protocol=3),
        )
    ]
    kernel.ask()
    world.run(10.5 + 600)
    told = notices(world)
    assert [round(n.at - 10.5) for n in told] == [0, 60, 180, 420]
    assert {n.level for n in told} == {Level.WARNING}
    assert {n.text for n in told} == {
        "IPv4: primary is selected, but traffic goes by table 100, which no switch changes: the "
        "rule 'lookup 100 pref 100 protocol 3' comes first, and leads to default via 198.51.100.1 "
        "dev eth0 table 100 proto boot. To remove it: ip rule del lookup 100 pref 100 protocol 3"
    }


def test_a_lost_active_route_is_no_reason_to_delete_the_next_best(
    world: World, kernel: Kernel
) -> None:
    """The kernel was asked in the moment in which somebody had deleted the active route."""
    kernel.otherwise = [({"out_interface": None}, route("eth1", "198.51.100.2", metric=20))]
    kernel.ask()
    assert world.outputs == []


def test_a_route_of_ours_that_stands_before_the_active_one_is_named(
    world: World, kernel: Kernel
) -> None:
    kernel.otherwise = [({"out_interface": None}, route("eth1", "198.51.100.2", metric=5))]
    kernel.ask()
    assert "traffic leaves through secondary" in notices(world)[0].text


def test_no_sentence_about_a_selection_is_silent_about_it(world: World, kernel: Kernel) -> None:
    kernel.rules = (BEFORE_MAIN, MAIN)
    by_table = route("eth0", "198.51.100.1", table=100)
    kernel.otherwise = [({"out_interface": None, "in_interface": None}, by_table)]
    kernel.ask()
    (family,) = world.status().families
    assert family.astray == "traffic goes by table 100, which no switch changes"
    world.cut("primary")
    world.run(20)
    (decision,) = [o for o in world.outputs if isinstance(o, Decision)]
    assert f"but until now {family.astray}, whatever is selected" in decision.evidence
    kernel.ask()
    (family,) = world.status().families
    assert family.astray == "traffic leaves through primary"
    assert notices(world)[-1].text.startswith(
        "IPv4: secondary is selected, but traffic leaves through primary: "
    )
    world.cut("secondary")
    world.run(30)
    staying = next(n for n in notices(world) if "staying with" in n.text)
    assert staying.text.endswith("; but traffic leaves through primary")
    kernel.otherwise = []
    kernel.ask()
    assert notices(world)[-1].text == "IPv4: the kernel sends the traffic through secondary"
    assert world.status().families[0].astray == ""


def test_each_switch_is_confirmed_by_the_next_answers(world: World, kernel: Kernel) -> None:
    world.cut("primary")
    world.run(20)
    assert world.active() == "secondary"
    kernel.ask()
    kernel.ask()
    confirmed = "IPv4: the kernel sends the traffic through secondary"
    assert world.notices().count(confirmed) == 1


def test_a_rule_for_some_sources_is_told_at_info_once(world: World, kernel: Kernel) -> None:
    kernel.rules = (replace(BEFORE_MAIN, source=ip_network("198.51.100.128/26")), MAIN)
    elsewhere = route("eth1", "198.51.100.2", table=100)
    kernel.otherwise = [({"in_interface": "lan0"}, elsewhere)]
    kernel.ask()
    kernel.otherwise = []
    kernel.ask()
    kernel.otherwise = [({"in_interface": "lan0"}, elsewhere)]
    kernel.ask()
    (told,) = notices(world)
    assert told.level is Level.INFO
    assert "what comes in by lan0 leaves through secondary" in told.text


def test_a_rule_for_an_interface_is_a_warning(world: World, kernel: Kernel) -> None:
    kernel.rules = (replace(BEFORE_MAIN, in_interface="lan0"), MAIN)
    kernel.otherwise = [({"in_interface": "lan0"}, route("eth1", "198.51.100.2", table=100))]
    kernel.ask()
    (told,) = notices(world)
    assert told.level is Level.WARNING
    assert told.text.endswith("ip rule del iif lan0 lookup 100 pref 100 protocol 3")


def test_a_vpn_is_told_at_info_once(world: World, kernel: Kernel) -> None:
    own: dict[str, object] = {"out_interface": None, "in_interface": None}
    kernel.otherwise = [(own, route("wg0", None, table=51820))]
    kernel.ask()
    kernel.ask()
    (told,) = notices(world)
    assert told.level is Level.INFO
    assert "leaves through wg0, which is no uplink" in told.text


def test_a_dead_end_is_named_with_what_removes_it(world: World, kernel: Kernel) -> None:
    kernel.otherwise = [({"destination": TARGET}, Refused(22, "a blackhole"))]
    kernel.dead_ends = (
        DeadEnd(RouteKind.BLACKHOLE, ip_network("203.0.113.0/24"), MAIN_TABLE, 0, 3),
        DeadEnd(RouteKind.PROHIBIT, ip_network("203.0.113.1/32"), MAIN_TABLE, 5, 3),
        DeadEnd(RouteKind.BLACKHOLE, ip_network("203.0.113.1/32"), 77, 0, 3),
    )
    kernel.ask()
    remedy = "ip route del prohibit 203.0.113.1/32 metric 5 proto boot"
    told = notices(world)
    assert len(told) == 4  # two uplinks, own traffic, that of the LAN
    assert all(n.text.endswith(remedy) for n in told)


def test_a_rule_with_the_kernels_own_name_of_an_uplink_is_found(
    world: World, kernel: Kernel
) -> None:
    rule = RoutingRule(
        Family.IPV4, 100, action=RuleAction.BLACKHOLE, out_interface="enp1s0", protocol=3
    )
    kernel.own_names = {"eth1": "enp1s0"}
    kernel.rules = (rule, MAIN)
    kernel.otherwise = [({"out_interface": "eth1"}, Refused(22, "blackhole"))]
    kernel.ask()
    (told,) = notices(world)
    assert told.text.endswith(f"ip rule del {rule}")


def test_where_no_rule_leads_to_main_the_remedy_brings_it_back(
    world: World, kernel: Kernel
) -> None:
    kernel.rules = (RoutingRule(Family.IPV4, 0, 255, protocol=2),)
    kernel.otherwise = [({"destination": TARGET}, Refused(101, "no route leads there"))]
    kernel.ask()
    assert notices(world)
    assert all(n.text.endswith("ip rule add lookup main pref 32766") for n in notices(world))


def test_traffic_is_not_judged_while_the_link_of_the_active_uplink_is_lost(
    world: World, kernel: Kernel
) -> None:
    kernel.otherwise = [({}, Refused(101, "none"))]
    for name in ("primary", "secondary"):
        world.link(name, up=False)
    world.outputs.clear()
    kernel.ask()
    assert world.engine.questions([LAN]) == ()
    assert world.outputs == []


def test_few_questions_are_about_one_target(world: World) -> None:
    every, few = world.engine.questions([LAN]), world.engine.questions([LAN], few=True)
    assert set(few) <= set(every)
    assert {q.destination for q in few if q.in_interface is None} == {TARGET}
