"""Routes in a table of our own, on the real kernel: rules, moves under traffic, other hands."""

import json
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from route_switcher.core.routing.rule_list import DELETIONS
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import CLIENT, ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.namespaces import LabError
from route_switcher.lab.stream import PacketStream
from route_switcher.lab.topology import Lab
from support.router_counters import counting
from support.running import Start, eventually, run_to_its_end
from support.tables import our_routes, wait_for_our_routes, wait_until_taken, whole_table
from support.written_policy_files import DUAL_STACK, PATIENT, policy_text

pytestmark = pytest.mark.kernel

BLACKHOLE = FAULTS["blackhole"]
FOREIGN = {
    "routes": (
        "default via 198.51.100.1 metric 500 proto dhcp",
        "default via 2001:db8:1::1 metric 500",
    )
}


A_FEW = 5
"""Packets of thousands that may be lost outside of the router, where the machine is busy."""


def table(where: str | int) -> str:
    return f"routes: {{table: {where}}}\n"


def rules(lab: Lab, family: Family = Family.IPV4) -> list[str]:
    """Our rules, as `ip rule` prints them without their preference, which is always the same."""
    shown = lab.run(ROUTER, "ip", f"-{family.value}", "-N", "rule", "show")
    lines = [line for line in shown.splitlines() if line.endswith("proto 115")]
    assert all(line.startswith("32765:") for line in lines)
    return [" ".join(line.split()[1:]).removesuffix(" proto 115") for line in lines]


def routes(lab: Lab, number: int, family: Family = Family.IPV4) -> set[tuple[str, int]]:
    """Ours in one table: interface and metric."""
    words = ["ip", "-j", f"-{family.value}", "route", "show", "table", str(number), "proto", "115"]
    try:
        shown = json.loads(lab.run(ROUTER, *words))
    except LabError:  # a table is made with its first route
        return set()
    return {(route["dev"], route["metric"]) for route in shown}


def wait_for_rules(lab: Lab, *last: str, family: Family = Family.IPV4) -> None:
    eventually(lambda: rules(lab, family)[-1:] == list(last), f"the last rule is {last}")


MAIN = "not from all fwmark 0x73737373 lookup 254 suppress_prefixlength 0"
TRAFFIC = "from all lookup 115"


@pytest.mark.parametrize("lab", [FOREIGN], indirect=True)
def test_rules_lead_to_tables_of_our_own_and_main_is_not_touched(lab: Lab, start: Start) -> None:
    before = lab.run(ROUTER, "ip", "route")
    engine = start(policy_text(lab, DUAL_STACK) + table("own"))
    engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    for family in Family:
        wait_for_rules(lab, TRAFFIC, family=family)
        first, *others, last = rules(lab, family)
        assert (first, last) == (MAIN, TRAFFIC)
        assert others[0].startswith("from all oif eth0 lookup ")
        assert [rule.split()[1] == "all" for rule in others] == [True, True, False, False]
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20), family=family, table=115)
        assert our_routes(lab, family) == set()
    assert lab.run(ROUTER, "ip", "route") == before
    assert engine.end(signal.SIGTERM) == 0
    assert rules(lab)[-1] == TRAFFIC
    done = run_to_its_end(lab, "cleanup")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    removed = [line.partition("rule ")[2] for line in lines if "IPv4 rule" in line]
    assert "removed: IPv6 rule not fwmark 0x73737373 lookup main suppress_prefixlength 0" in (
        done.stdout
    )
    assert "IPv4: traffic now leaves by eth0 via 198.51.100.1 (dhcp route, metric 500)" in lines
    assert removed[0].startswith("lookup 115")
    assert removed[-1].startswith("not fwmark")
    assert "proto 115" not in whole_table(lab)
    assert rules(lab) == rules(lab, Family.IPV6) == []


def test_it_fails_over_and_back_in_its_own_table(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab) + table(300))
    engine.wait_for_health("primary", "secondary")
    assert routes(lab, 301) == {("eth0", 10)}
    BLACKHOLE.inject(lab, lab.uplinks[0])
    wait_until_taken(lab, "eth1")
    wait_for_our_routes(lab, ("eth0", 1010), ("eth1", 20), table=300)
    assert routes(lab, 301) == {("eth0", 10)}
    BLACKHOLE.heal(lab, lab.uplinks[0])
    wait_until_taken(lab, "eth0")
    assert routes(lab, 302) == {("eth1", 20)}


MOVES = [("main", "own"), ("own", "main"), (115, 200), (200, 201)]


@pytest.mark.parametrize("restart", [False, True], ids=["reload", "restart"])
@pytest.mark.parametrize(("before", "after"), MOVES)
def test_no_packet_is_lost_when_the_routes_move(
    lab: Lab, start: Start, policy_file: Path, before: str | int, after: str | int, restart: bool
) -> None:
    engine = start(policy_text(lab, failures=PATIENT) + table(before))
    engine.wait_for_health("primary", "secondary")
    numbers = {"main": 254, "own": 115}
    old, new = (numbers.get(str(where), where) for where in (before, after))
    assert isinstance(new, int)
    assert isinstance(old, int)
    own = PacketStream(lab, sender=ROUTER, target=lab.targets_v4[1])
    with counting(lab) as router, ExitStack() as streams:
        forwarded, own = map(streams.enter_context, (PacketStream(lab), own))
        eventually(lambda: bool(forwarded.round_trips() and own.round_trips()), "both streams")
        if restart:
            engine.end(signal.SIGKILL)
            engine = start(policy_text(lab, failures=PATIENT) + table(after))
            engine.wait_for("decision", cause="restart", selected="primary")
        else:
            policy_file.write_text(policy_text(lab, failures=PATIENT) + table(after))
            engine.send(signal.SIGHUP)
        last = [] if new == 254 else [f"from all lookup {new}"]
        wait_for_rules(lab, *last)
        eventually(lambda: routes(lab, new) == {("eth0", 10), ("eth1", 20)}, "the new routes")
        if old not in range(new, new + 3):
            eventually(lambda: routes(lab, old) == set(), "the old routes have gone")
        streams.close()
        assert router.lost(own) == 0
    assert forwarded.outage().lost <= A_FEW
    assert own.outage().lost <= A_FEW
    assert engine.said("decision", previous="primary") == []


def test_what_the_router_loses_is_counted(lab: Lab) -> None:
    with counting(lab) as router:
        with PacketStream(lab, rate=100) as forwarded:
            eventually(lambda: forwarded.outage().sent > 5, "the stream")
        assert router.lost() == forwarded.outage().sent
    with counting(lab) as router:
        with PacketStream(lab, rate=100, sender=ROUTER) as own:
            eventually(lambda: own.outage().sent > 5, "the stream")
        assert router.lost(own) == own.outage().sent


@pytest.mark.parametrize(
    "deletion",
    [
        "rule flush",
        "rule del table main suppress_prefixlength 0 fwmark 0x73737373 pref 32765",
        "rule del lookup 115 pref 32765",
        "rule del oif eth1 pref 32765",
    ],
)
def test_rules_that_somebody_deletes_are_put_back_in_order(
    lab: Lab, start: Start, deletion: str
) -> None:
    engine = start(policy_text(lab) + table("own"))
    engine.wait_for_health("primary", "secondary")
    wait_for_rules(lab, TRAFFIC)
    before = rules(lab)
    lab.run(ROUTER, "ip", *deletion.split())
    engine.wait_for("routing-rule-gone", "our IPv4 rule was taken away by somebody else")
    eventually(lambda: rules(lab) == before, "the rules are back")


def test_a_lost_rule_about_main_keeps_no_route_away(lab: Lab, start: Start) -> None:
    """Without it the kernel finds no gateway of IPv6, and refuses our route."""
    engine = start(policy_text(lab, DUAL_STACK) + table("own"))
    for family in Family:
        wait_until_taken(lab, "eth0", family)
        wait_for_rules(lab, TRAFFIC, family=family)
    taken = "rule del pref 32765 table main\nroute del default dev eth0 table 115 metric 10\n"
    lab.run(ROUTER, "ip", "-6", "-batch", "-", given=taken)
    engine.wait_for("gone", "dev eth0 table 115 metric 10")
    eventually(lambda: rules(lab, Family.IPV6)[:1] == [MAIN], "the rule about main")
    eventually(lambda: ("eth0", 10) in routes(lab, 115, Family.IPV6), "the route")
    engine.wait_for("routes", "add default via 2001:db8:1::1 dev eth0 table 115 metric 10")
    assert not any("refused" in r.message for r in engine.said("notice"))


def test_wg_quick_does_not_delete_our_rule(lab: Lab, start: Start) -> None:
    """Its `down` looks for the words of its own rule and deletes the first of that kind, until
    none is left."""
    engine = start(policy_text(lab) + table("own"))
    engine.wait_for_health("primary", "secondary")
    wait_for_rules(lab, TRAFFIC)
    before = rules(lab)
    lab.run(ROUTER, "ip", "rule", "add", "table", "main", "suppress_prefixlength", "0")
    while "from all lookup main suppress_prefixlength 0" in lab.run(ROUTER, "ip", "rule", "show"):
        lab.run(ROUTER, "ip", "rule", "delete", "table", "main", "suppress_prefixlength", "0")
    assert rules(lab) == before
    assert engine.said("routing-rule-gone") == []


def test_with_written_gateways_no_rule_is_made(lab: Lab, start: Start) -> None:
    before = lab.run(ROUTER, "ip", "rule"), lab.run(ROUTER, "ip", "-6", "rule")
    engine = start(policy_text(lab, DUAL_STACK))
    engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    assert (lab.run(ROUTER, "ip", "rule"), lab.run(ROUTER, "ip", "-6", "rule")) == before


def test_the_neighbours_are_reached_as_before(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab) + table("own"))
    engine.wait_for_health("primary", "secondary")
    wait_for_rules(lab, TRAFFIC)
    found = json.loads(lab.run(CLIENT, "ip", "-j", "address", "show", "scope", "global"))
    address = next(i["local"] for link in found for i in link["addr_info"] if i["family"] == "inet")
    (way,) = json.loads(lab.run(ROUTER, "ip", "-j", "route", "get", address))
    assert "gateway" not in way


def test_a_dry_run_prints_the_rules_and_makes_none(lab: Lab, start: Start) -> None:
    before = whole_table(lab), lab.run(ROUTER, "ip", "rule")
    engine = start(policy_text(lab) + table("own"), "--dry-run")
    engine.wait_for_printed(7)
    printed = "\n".join(engine.printed)
    assert "add default via 198.51.100.1 dev eth0 table 116 metric 10" in printed
    assert "add IPv4 rule oif eth0 lookup 116 pref 32765 protocol 115" in printed
    assert (whole_table(lab), lab.run(ROUTER, "ip", "rule")) == before


def test_a_foreign_route_in_a_small_table_is_named_with_its_remedy(lab: Lab, start: Start) -> None:
    """The rule that leads there is ours, and whoever deletes it sees it come back."""
    engine = start(policy_text(lab) + table("own"))
    engine.wait_for_health("primary", "secondary")
    foreign = "route add default via 198.51.100.9 dev eth0 table 116 metric 1"
    lab.run(ROUTER, "ip", *foreign.split())
    said = engine.wait_for("notice", "primary: probes to").message
    assert "default via 198.51.100.9 dev eth0 table 116" in said
    remedy = said.partition("To remove it: ")[2]
    assert remedy.startswith("ip route del")
    lab.run(ROUTER, *remedy.split())
    engine.wait_for("notice", "primary: probes go the right way again")


def test_it_fails_over_while_a_thousand_strange_rules_go(lab: Lab, start: Start) -> None:
    """Somebody adds rules with our protocol number, which are ours to delete: a few at a time."""
    engine = start(policy_text(lab) + table("own"))
    engine.wait_for_health("primary", "secondary")
    wait_for_rules(lab, TRAFFIC)
    before = rules(lab)
    strays = [
        f"rule add pref 32765 from 10.1.{n // 250}.{n % 250} lookup 400 protocol 115"
        for n in range(1000)
    ]
    lab.run(ROUTER, "ip", "-batch", "-", given="\n".join(strays))
    BLACKHOLE.inject(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="secondary")
    left = rules(lab)
    assert left[: len(before)] == before
    assert len(left) > len(before)
    assert engine.end(signal.SIGTERM) == 0


def test_cleanup_takes_back_more_rules_than_one_reconcile_deletes(lab: Lab, start: Start) -> None:
    """A line with many addresses has a rule for each."""
    more = [f"address add 198.51.100.{n}/26 dev eth0" for n in range(20, 20 + DELETIONS)]
    lab.run(ROUTER, "ip", "-batch", "-", given="\n".join(more))
    engine = start(policy_text(lab) + table("own"))
    wait_for_rules(lab, TRAFFIC)
    assert len(rules(lab)) > DELETIONS
    assert engine.end(signal.SIGTERM) == 0
    done = run_to_its_end(lab, "cleanup")
    assert (done.returncode, "not removed" in done.stdout) == (0, False)
    assert rules(lab) == []
    assert "proto 115" not in whole_table(lab)
