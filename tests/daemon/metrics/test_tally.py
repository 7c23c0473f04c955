"""What is counted while an engine runs in virtual time, and what is made of it."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from route_switcher.control.document import LastMinute
from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.events import Event, HookEnded, Round
from route_switcher.core.vocabulary.hooks import Hook, HookKind
from route_switcher.core.vocabulary.moments import Moment
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.status import RefusedRoute, Status
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.daemon.metrics.catalogue import CATALOGUE
from route_switcher.daemon.metrics.exposition import Kind
from route_switcher.daemon.metrics.reading import (
    READERS,
    Build,
    Reading,
    Sources,
    pieces,
)
from route_switcher.daemon.metrics.tally import Tally
from route_switcher.daemon.metrics.time_active import TimeActive
from route_switcher.daemon.reloading import Reloads
from route_switcher.policy.load import load_text
from route_switcher.probes.counters import Counters
from support.keys import v4
from support.world import RTT, World, policy, uplink

BUILD = Build("1.2.3", "3.11.2", "6.1.0")

DAMPED = """\
version: 1
uplinks:
  a: {interface: eth0, gateway: 198.51.100.1}
  b: {interface: eth1, gateway: 203.0.113.1}
probes: {p: {type: icmp, targets: [203.0.113.9]}}
rules: [{name: dead, fail: {failures: 3}, recover: {stable: 2s}}]
hold_back: {damping: {half_life: 15m, suppress: 3, reuse: 1, max_hold: 1h}}
"""


class Counted(World):
    """A world whose events and outputs are counted."""

    def __init__(self, rules: Policy, **more: Any) -> None:
        self.tally = Tally(rules)
        self.packets = {uplink.id: Counters() for uplink in rules.uplinks}
        self._told = 0
        super().__init__(rules, **more)

    def _tell(self, event: Event) -> None:
        self.tally.event(event)
        super()._tell(event)
        for output in self.outputs[self._told :]:
            self.tally.output(output)
        self._told = len(self.outputs)

    def text(self, status: Status | None = None) -> str:
        sources = Sources(
            minutes=lambda _: LastMinute(),
            packets=lambda: self.packets,
            connections_ended=Counter({Family.IPV4: 3}),
            sweeps_failed=Counter(),
            messages_discarded=lambda: {"malformed": 1},
            log_lost=lambda: 7,
            journal_lost=lambda: 3,
            journal_fails=lambda: True,
            reloads=Reloads(1, 2, False, 500.0),
            build=BUILD,
            started_at=0.0,
            unix_time=lambda at: 1000.0 + at,
        )
        status = status or self.engine.status(self.now)
        return "".join(pieces(Reading(status, self.tally, TimeActive(), sources)))

    def values(self, status: Status | None = None) -> Mapping[str, float]:
        """Of each series, as Prometheus reads it."""
        return dict(series(self.text(status)))


def series(text: str) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sample.labels.items())
            yield f"{sample.name.removeprefix('route_switcher_')}{{{labels}}}", sample.value


def test_every_metric_of_the_catalogue_can_be_read_and_no_other() -> None:
    assert list(READERS) == list(CATALOGUE)


def test_names_are_those_that_prometheus_wants() -> None:
    for metric in CATALOGUE:
        assert metric.name.startswith(("route_switcher_", "process_"))
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert metric.help.endswith(".")
        assert "le" not in metric.labels


def test_an_outage_is_counted() -> None:
    world = Counted(policy())
    world.run(100)
    world.outage("primary", 130)
    world.run(300)
    values = world.values()
    primary = "uplink=primary,family=IPv4"
    probe = f"{primary},probe=internet"
    assert values[f"uplink_state{{{primary},state=healthy}}"] == 1
    assert values[f"uplink_state{{{primary},state=failed}}"] == 0
    assert values[f"uplink_active{{{primary}}}"] == 1
    assert values["uplink_active{uplink=secondary,family=IPv4}"] == 0
    rounds = [world.tally.probes[v4(name), "internet"] for name in ("primary", "secondary")]
    assert values[f"probe_rounds_total{{{probe},outcome=failed}}"] == rounds[0].failed > 20
    assert values[f"probe_rounds_total{{{probe},outcome=good}}"] == rounds[0].good > 250
    assert values[f"probe_requests_total{{{probe},result=lost}}"] == rounds[0].failed
    assert values[f"probe_requests_total{{{probe},result=answered}}"] == rounds[0].good
    assert values[f"probe_round_trip_seconds_count{{{probe}}}"] == rounds[0].good
    assert values[f"probe_round_trip_seconds_bucket{{{probe},le=0.01}}"] == 0
    assert values[f"probe_round_trip_seconds_bucket{{{probe},le=0.025}}"] == rounds[0].good
    cost = rounds[0].good * 88 + rounds[0].failed * 44
    assert values[f"probe_bytes_total{{{probe}}}"] == cost
    assert values[f"probe_last_round_trip_seconds{{{probe}}}"] == RTT
    assert values["switches_total{family=IPv4,cause=failover}"] == 1
    assert values["switches_total{family=IPv4,cause=preference}"] == 1
    assert values["switches_total{family=IPv4,cause=operator}"] == 0
    assert not [name for name in values if "cause=start" in name]
    assert math.isnan(values[f"uplink_loss_ratio{{{primary}}}"])


def test_nothing_that_a_prober_counts_is_left_out() -> None:
    world = Counted(policy())
    world.run(10)
    counted = world.packets[v4("primary")]
    for number, each in enumerate(fields(Counters), 1000):
        setattr(counted, each.name, number)
    told = [value for name, value in world.values().items() if "uplink=primary" in name]
    assert set(range(1000, 1000 + len(fields(Counters)))) <= set(told)


def test_what_others_count_is_told() -> None:
    world = Counted(policy())
    world.run(10)
    world.packets[v4("primary")].wrong_token = 5
    world.packets[v4("primary")].overruns = 2
    values = world.values()
    its = "uplink=primary,family=IPv4"
    assert values[f"probe_packets_dropped_total{{{its},reason=wrong_token}}"] == 5
    assert values[f"probe_packets_dropped_total{{{its},reason=late}}"] == 0
    assert values[f"probe_receive_troubles_total{{{its},kind=overrun}}"] == 2
    assert values["conntrack_entries_ended_total{family=IPv4}"] == 3
    assert values["netlink_messages_discarded_total{reason=malformed}"] == 1
    assert values["log_lines_lost_total{}"] == 7
    assert values["journal_events_lost_total{}"] == 3
    assert values["journal_failing{}"] == 1
    assert values["policy_reloads_total{result=refused}"] == 2
    assert values["policy_last_reload_successful{}"] == 0
    assert values["policy_last_reload_success_timestamp_seconds{}"] == 1500
    assert values["build_info{version=1.2.3,python=3.11.2,kernel=6.1.0}"] == 1
    assert values["process_start_time_seconds{}"] == 1000


def test_lost_routes_are_counted() -> None:
    world = Counted(policy())
    world.run(10)
    world.take_away(*[route for route in world.table if route.ours])
    world.run(20)
    values = world.values()
    assert values["route_repairs_total{family=IPv4,kind=route}"] == 2
    assert values["route_repairs_total{family=IPv4,kind=rule}"] == 0


def test_orders_are_counted_and_the_one_in_force_is_shown() -> None:
    tally = Tally(policy())
    tally.event(Switch(1.0, "secondary", math.inf))
    tally.event(Switch(1.0, "secondary", math.inf, kept_in=frozenset({Family.IPV4})))
    tally.event(Drill(1.0, "secondary", 60.0))
    tally.event(Release(1.0, "secondary"))
    assert tally.orders == {"switch": 1, "drill": 1, "release": 1}


def test_hooks_that_fail_to_the_last_are_undelivered() -> None:
    hook = Hook(HookKind.ON_SWITCH, ("/bin/false",), attempts=2)
    tally = Tally(policy())
    for attempt in (1, 2):
        moment = Moment(at=1.0, kind=hook.kind, family=Family.IPV4, uplink=None)
        tally.output(RunHook(1.0, hook, moment, attempt))
        tally.event(HookEnded(2.0, hook, moment.subject, "it ended with exit code 1"))
    assert tally.hook_runs == {HookKind.ON_SWITCH: 2}
    assert tally.hook_failures == {HookKind.ON_SWITCH: 2}
    assert tally.undelivered == {HookKind.ON_SWITCH: 1}


def test_what_leaves_the_policy_is_forgotten() -> None:
    world = Counted(policy())
    world.run(10)
    world.reload(policy(uplink("primary", 0)))
    world.run(20)
    assert {its for its, _ in world.tally.probes} == {v4("primary")}
    assert not [name for name in world.values() if name.startswith("probe_rounds_total{uplink=sec")]


def test_a_family_that_never_had_a_next_hop_has_no_state() -> None:
    text = """\
version: 1
uplinks:
  a: {interface: eth0, gateway: {ipv4: 198.51.100.1, ipv6: auto}}
  b: {interface: eth1, gateway: 203.0.113.1}
"""
    world = Counted(load_text(text, "it"), next_hops={("eth0", Family.IPV6): None})
    world.run(30)
    values = world.values()
    assert values["uplink_state{uplink=a,family=IPv4,state=healthy}"] == 1
    assert not [name for name in values if name.startswith("uplink_state{uplink=a,family=IPv6")]
    assert values["uplink_active{uplink=a,family=IPv6}"] == 0


def test_seconds_active_follow_what_is_told() -> None:
    time_active = TimeActive()
    time_active.see(10.0, {Family.IPV4: "a", Family.IPV6: "a"})
    time_active.see(15.0, {Family.IPV4: "b", Family.IPV6: "a"})
    time_active.see(14.0, {Family.IPV4: "b", Family.IPV6: "a"})
    time_active.see(22.0, {})
    time_active.see(30.0, {})
    found = {its: time_active.of(its) for its in (v4("a"), v4("b"), UplinkId("a", Family.IPV6))}
    assert found == {v4("a"): 5.0, v4("b"): 7.0, UplinkId("a", Family.IPV6): 12.0}
    time_active.keep(frozenset({v4("b")}))
    assert time_active.of(v4("a")) == 0.0


def test_an_unknown_round_is_counted_as_such() -> None:
    tally = Tally(policy())
    tally.event(Round(1.0, v4("primary"), "internet", 0.5, RoundOutcome.UNKNOWN))
    assert tally.probes[v4("primary"), "internet"].unknown == 1


def test_of_a_probe_that_has_changed_the_bytes_are_those_of_now() -> None:
    text = "version: 1\nuplinks: {a: {interface: eth0, gateway: 198.51.100.1}}\nprobes:\n  p: "
    world = Counted(load_text(text + "{type: icmp, targets: [203.0.113.1]}\n", "it"))
    world.run(10)
    tally = world.tally.probes[v4("a"), "p"]
    assert tally.bytes == tally.good * 88
    world.reload(load_text(text + "{type: tcp, port: 443, targets: [203.0.113.1]}\n", "it"))
    before, good = tally.bytes, tally.good
    world.run(20)
    assert tally.bytes - before == (tally.good - good) * (60 + 60 + 52 + 52)


def test_only_a_change_of_the_kernel_is_a_reconcile() -> None:
    tally = Tally(policy())
    tally.reconciled(Reconciled((), ()), 0.5)
    assert tally.reconciles.count == 0
    route = Route(Family.IPV4, "eth0", None, 10)
    tally.reconciled(Reconciled((RouteAction(Change.ADD, route, "it"),), ()), 0.5)
    assert (tally.reconciles.count, tally.reconciles.sum) == (1, 0.5)
    assert tally.route_actions == {(Family.IPV4, Change.ADD): 1}


def test_an_order_in_force_is_shown_by_its_kind() -> None:
    world = Counted(policy())
    world.run(10)
    for force, kind in ((False, "switch"), (True, "forced")):
        world.switch("secondary", force=force)
        values = world.values()
        shown = {name for name, value in values.items() if name.startswith("order{") and value}
        assert shown == {f"order{{family=IPv4,kind={kind}}}"}


def test_a_line_that_flaps_is_shown_as_damped() -> None:
    world = Counted(load_text(DAMPED, "it"))
    world.run(10)
    for number in range(5):
        world.outage("a", 20 + 20 * number)
        world.run(30 + 20 * number)
    assert world.values()["uplink_damped{uplink=a,family=IPv4}"] == 1
    assert world.values()["uplink_damped{uplink=b,family=IPv4}"] == 0


def test_what_is_wrong_with_routes_is_shown() -> None:
    world = Counted(policy())
    world.run(10)
    (family,) = world.engine.status(world.now).families
    route = Route(Family.IPV4, "eth7", None, 1)
    refused = (RefusedRoute(route, "it", 60.0),)
    uplinks = (replace(family.uplinks[0], refused=refused), *family.uplinks[1:])
    wrong = replace(family, astray="eth7", refusing=True, conflicts=(route,), undeletable=refused)
    values = world.values(Status(world.now, (replace(wrong, uplinks=uplinks),)))
    assert values["traffic_astray{family=IPv4}"] == 1
    assert values["traffic_refused{family=IPv4}"] == 1
    assert values["route_conflicts{family=IPv4}"] == 1
    assert values["routes_refused{family=IPv4}"] == 2
