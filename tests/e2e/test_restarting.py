import signal
import time
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Start, run_to_its_end
from support.tables import (
    Recorder,
    foreign_routes,
    our_routes,
    wait_for_our_routes,
    wait_until_taken,
    whole_table,
)
from support.written_policy_files import DUAL_STACK, policy_text

pytestmark = pytest.mark.kernel

BLACKHOLE = FAULTS["blackhole"]
FOREIGN = {
    "routes": (
        "default via 198.51.100.1 metric 500 proto dhcp",
        "default via 2001:db8:1::1 metric 500",
    )
}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_asked_to_end_it_leaves_the_routes_and_says_so(
    lab: Lab, start: Start, how: signal.Signals
) -> None:
    engine = start(policy_text(lab))
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    before = whole_table(lab)
    assert engine.end(how) == 0
    assert engine.records[-1].message == f"stopped by {how.name}; the routes stay as they are"
    assert whole_table(lab) == before


def test_a_restart_on_the_primary_moves_nothing_and_works_on(lab: Lab, start: Start) -> None:
    first = start(policy_text(lab, DUAL_STACK))
    first.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    before = whole_table(lab)
    with Recorder(lab) as recorder:
        first.end(signal.SIGKILL)
        second = start()
        for name in ("primary", "primary-v6"):
            second.wait_for("decision", previous=None, selected=name, cause="restart", since=0)
        second.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
        assert recorder.messages() == []
    assert whole_table(lab) == before
    BLACKHOLE.inject(lab, lab.uplinks[0])
    for family in Family:
        wait_until_taken(lab, "eth1", family)
    BLACKHOLE.heal(lab, lab.uplinks[0])
    for family in Family:
        wait_until_taken(lab, "eth0", family)


@pytest.mark.parametrize("family", Family)
def test_a_restart_on_the_secondary_moves_nothing_and_fails_back_later(
    lab: Lab, start: Start, family: Family
) -> None:
    suffix = "" if family is Family.IPV4 else "-v6"
    primary, secondary = f"primary{suffix}", f"secondary{suffix}"
    first = start(policy_text(lab, (family,)))
    first.wait_for_health(primary, secondary)
    BLACKHOLE.inject(lab, lab.uplinks[0])
    first.wait_for("decision", selected=secondary)
    wait_for_our_routes(lab, ("eth0", 1010), ("eth1", 20), family=family)
    before = whole_table(lab)
    with Recorder(lab) as recorder:
        first.end(signal.SIGKILL)
        second = start()
        second.wait_for("decision", previous=None, selected=secondary, cause="restart")
        second.wait_for("rule", uplink=primary, after="failed")
        assert recorder.messages() == []
    assert whole_table(lab) == before
    BLACKHOLE.heal(lab, lab.uplinks[0])
    second.wait_for("decision", previous=secondary, selected=primary, cause="preference")
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20), family=family)


def test_after_a_restart_the_preferred_uplink_must_be_stable_first(lab: Lab, start: Start) -> None:
    """Though it answers, since nobody knows for how long it has."""
    add = ["ip", "route", "add", "proto", "115", "default"]
    lab.run(ROUTER, *add, "via", "198.51.100.1", "dev", "eth0", "metric", "1010")
    lab.run(ROUTER, *add, "via", "203.0.113.1", "dev", "eth1", "metric", "20")
    engine = start(policy_text(lab))
    engine.wait_for("decision", selected="secondary", cause="restart")
    engine.wait_for("rule", uplink="primary", before="unknown", after="recovering")
    proved = engine.wait_for("rule", "good rounds for ", uplink="primary", after="ok").message
    assert float(proved.partition("good rounds for ")[2].split()[0]) >= 0.3
    engine.wait_for("decision", previous="secondary", selected="primary")


@pytest.mark.parametrize("family", Family)
def test_a_route_found_at_both_metrics_counts_as_promoted(
    lab: Lab, start: Start, family: Family
) -> None:
    """As a crash leaves it between the addition and the deletion of a demotion."""
    for number, metrics in enumerate(((10, 1010), (20,))):
        uplink = lab.uplinks[number]
        leads = ["via", str(uplink.gateway_of(family)), "dev", uplink.interface]
        for metric in metrics:
            words = ["default", *leads, "metric", str(metric), "proto", "115"]
            lab.run(ROUTER, "ip", "route", "add", *words)
    with Recorder(lab) as recorder:
        engine = start(policy_text(lab, (family,)))
        name = "primary" if family is Family.IPV4 else "primary-v6"
        engine.wait_for("decision", previous=None, selected=name, cause="restart")
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20), family=family)
        assert recorder.best_interfaces(family) == ["eth0"]
        assert len(recorder.messages()) == 1


def test_a_second_engine_is_refused_with_one_line_that_names_the_first(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    first = start(policy_text(lab))
    first.wait_for_health("primary", "secondary")
    before = whole_table(lab)
    for command in (["run", str(policy_file)], ["cleanup"]):
        done = run_to_its_end(lab, *command)
        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"route-switcher {command[0]}: another route-switcher (process ")
        assert f"(process {first.process.pid})" in line
        assert whole_table(lab) == before


@pytest.mark.parametrize("lab", [FOREIGN], indirect=True)
def test_cleanup_removes_ours_and_leaves_the_rest(lab: Lab, start: Start) -> None:
    before = whole_table(lab)
    engine = start(policy_text(lab, DUAL_STACK))
    engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    for family in Family:
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20), family=family)
    assert engine.end(signal.SIGTERM) == 0
    assert our_routes(lab) == {("eth0", 10), ("eth1", 20)}
    assert foreign_routes(lab) == before.rstrip("\n")
    done = run_to_its_end(lab, "cleanup")
    assert (done.returncode, done.stderr) == (0, "")
    *removed, ipv4, ipv6 = done.stdout.splitlines()
    assert (ipv4, ipv6) == (
        "IPv4: traffic now leaves by eth0 via 198.51.100.1 (dhcp route, metric 500)",
        "IPv6: traffic now leaves by eth0 via 2001:db8:1::1 (boot route, metric 500)",
    )
    assert sorted(removed) == [
        "removed: default via 198.51.100.1 dev eth0 metric 10",
        "removed: default via 2001:db8:1::1 dev eth0 metric 10",
        "removed: default via 2001:db8:2::1 dev eth1 metric 20",
        "removed: default via 203.0.113.1 dev eth1 metric 20",
    ]
    assert whole_table(lab) == before


def test_cleanup_says_when_no_default_route_is_left(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab))
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    engine.end(signal.SIGINT)
    done = run_to_its_end(lab, "cleanup")
    nowhere = [
        f"{family}: no default route: the machine has no way to the internet" for family in Family
    ]
    assert done.stdout.splitlines()[-2:] == nowhere
    again = run_to_its_end(lab, "cleanup")
    assert (again.returncode, again.stdout.splitlines()) == (0, nowhere)


def test_cleanup_goes_on_though_what_it_says_cannot_be_written(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab))
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    engine.end(signal.SIGTERM)
    full = ["sh", "-c", 'exec "$@" >/dev/full', "sh"]
    done = run_to_its_end(lab, "cleanup", wrapped_in=full, PYTHONUNBUFFERED="1")
    assert done.returncode == 1
    assert done.stderr == "route-switcher: cannot write: No space left on device\n"
    assert our_routes(lab) == set()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_from_before_pythons_start_is_answered_if_the_starter_holds_it(
    lab: Lab, start: Start, policy_file: Path, number: signal.Signals
) -> None:
    """As `env` does in the example of a systemd unit."""
    held = ["env", "--block-signal=HUP,TERM,INT", "sh", "-c", f'kill -{number.value} $$; exec "$@"']
    engine = start(policy_text(lab), wrapped_in=[*held, "sh"])
    if number is signal.SIGHUP:
        engine.wait_for("reload", "the policy was read again, and is now in force")
    else:
        engine.wait_for("stop", "stopped by SIGTERM")


WAITS = """
import signal, threading, time
def wait():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    time.sleep(1000)
threading.Thread(target=wait, daemon=True).start()
"""
"""A thread that takes signals, as one of trio's that waits for work."""


def test_it_ends_well_however_often_it_is_asked_to(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab), first=WAITS)
    engine.wait_for_health("primary", "secondary")
    engine.send(signal.SIGTERM)
    engine.wait_for("stop")
    while engine.running:
        engine.send(signal.SIGTERM)
        time.sleep(0.001)
    assert engine.process.returncode == 0
