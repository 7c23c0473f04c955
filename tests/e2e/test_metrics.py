"""The metrics of the running engine, read by Prometheus's own parser while clients misbehave."""

import itertools
import os
import signal
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from route_switcher.daemon.metrics.catalogue import CATALOGUE
from route_switcher.daemon.metrics.exposition import Kind
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Start, eventually, run_to_its_end
from support.scraping import LISTEN, PORT, body_of, connected, samples, scrape, value
from support.tables import wait_until_taken
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

HOOK = "hooks: {on_switch: [{run: [/bin/false], attempts: 1}]}\n"


def test_what_happens_is_in_them(lab: Lab, start: Start, policy_file: Path) -> None:
    engine = start(policy_text(lab) + LISTEN + HOOK)
    engine.wait_for_health("primary", "secondary")
    engine.wait_for("metrics", "metrics are given on http://127.0.0.1:9000/metrics", since=0)
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="secondary", cause="failover")
    wait_until_taken(lab, "eth1")
    engine.wait_for("notice", "is given up")
    with lab.inside(ROUTER):
        os.system("ip route flush proto 115")
    gone = engine.wait_for("gone").number
    engine.wait_for("routes", since=gone)
    policy_file.write_text("nonsense\n")
    engine.send(signal.SIGHUP)
    engine.wait_for("reload", "the running one stays")
    eventually(lambda: value(scrape(lab), "policy_last_reload_successful") == 0, "a reload")
    text = scrape(lab)
    assert value(text, "uplink_state", uplink="primary", state="failed") == 1
    assert value(text, "uplink_state", uplink="secondary", state="healthy") == 1
    assert value(text, "uplink_active", uplink="secondary") == 1
    lost = [value(text, "uplink_loss_ratio", uplink=uplink) for uplink in ("secondary", "primary")]
    assert 0 <= lost[0] < lost[1] < 1  # on a busy machine an answer may come too late
    assert value(text, "uplink_active_seconds_total", uplink="primary") > 0
    assert value(text, "uplink_info", uplink="primary", interface="eth0") == 1
    assert value(text, "switches_total", cause="failover") == 1
    assert value(text, "probe_rounds_total", uplink="primary", outcome="failed") >= 3
    assert value(text, "probe_rounds_total", uplink="secondary", outcome="good") >= 3
    assert value(text, "probe_round_trip_seconds_count", uplink="secondary") >= 3
    assert value(text, "probe_bytes_total", uplink="secondary") >= 3 * 2 * 44
    assert value(text, "probe_send_delay_seconds_count") >= 6
    assert value(text, "hook_failures_total", hook="on_switch") >= 1
    assert value(text, "hooks_undelivered_total", hook="on_switch") >= 1
    assert value(text, "route_repairs_total", family="IPv4", kind="route") >= 1
    assert value(text, "route_actions_total", family="IPv4", change="add") >= 3
    assert value(text, "policy_reloads_total", result="refused") == 1
    names = {its for its, _, _ in samples(text)}
    for metric in CATALOGUE:
        suffix = "_count" if metric.kind is Kind.HISTOGRAM else ""
        assert metric.name.removeprefix("route_switcher_") + suffix in names


def test_where_the_port_is_taken_the_engine_runs_and_says_so(lab: Lab, start: Start) -> None:
    with lab.inside(ROUTER):
        other = socket.socket()
    with other:
        other.bind(("127.0.0.1", PORT))
        other.listen()
        engine = start(policy_text(lab) + LISTEN)
        engine.wait_for_health("primary", "secondary")
        engine.wait_for("metrics", "Address already in use", since=0)
        done = run_to_its_end(lab, "status")
    assert done.returncode == 0
    assert (
        "TROUBLE: metrics cannot be given on 127.0.0.1:9000: Address already in use" in done.stdout
    )


@pytest.mark.parametrize("listen", ["127.0.0.1:9000", "unix"])
def test_after_a_kill_the_next_engine_has_the_same_place(
    lab: Lab, start: Start, listen: str
) -> None:
    text = f"{policy_text(lab)}metrics: {{listen: '{listen}'}}\n"
    killed = start(text)
    killed.wait_for("metrics", "metrics are given on", since=0)
    killed.end(signal.SIGKILL)
    start(text).wait_for("metrics", "metrics are given on", since=0)


def test_counters_only_grow(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab) + LISTEN)
    engine.wait_for_health("primary", "secondary")
    engine.wait_for("metrics", since=0)
    counters = {metric.name.removeprefix("route_switcher_") for metric in CATALOGUE}
    for before, after in itertools.pairwise(scrape(lab) for _ in range(5)):
        known = {(its, *has.items()): number for its, has, number in samples(before)}
        for its, has, number in samples(after):
            if its in counters and its.endswith("_total"):
                # One that is counted for the first time may be new.
                assert number >= known.get((its, *has.items()), 0)


def test_beside_a_thousand_bad_clients_it_fails_over_and_answers(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab) + LISTEN)
    engine.wait_for_health("primary", "secondary")
    engine.wait_for("metrics", since=0)
    with ExitStack() as opened:
        with lab.inside(ROUTER):
            for number in range(1000):
                client = opened.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", PORT))
                with suppress(OSError):
                    client.send((b"GET /metrics HTTP/1.1\r\n", b"\x00" * 9000, b"")[number % 3])
        FAULTS["blackhole"].inject(lab, lab.uplinks[0])
        engine.wait_for("decision", selected="secondary", cause="failover")
        wait_until_taken(lab, "eth1")
        eventually(lambda: _is_answered(lab), "an answer among a thousand clients")
    text = scrape(lab)
    assert value(text, "switches_total", cause="failover") == 1


def _is_answered(lab: Lab) -> bool:
    """Whoever comes while others push in may have to come again, as Prometheus does."""
    try:
        with connected(lab) as connection:
            return "route_switcher_build_info" in body_of(connection)
    except (OSError, AssertionError):
        return False
