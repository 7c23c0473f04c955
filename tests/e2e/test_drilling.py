"""`route-switcher drill` on a real kernel: what it reports, and that the traffic always returns."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.stream import PacketStream
from route_switcher.lab.topology import Lab
from support.forked import altered
from support.noticed import noticed
from support.piped import Piped
from support.running import Engine, Start, eventually, run_to_its_end
from support.tables import route_taken, wait_until_taken
from support.written_policy_files import DUAL_STACK, FAILURES, PATIENT, policy_text

pytestmark = pytest.mark.kernel

TOP = Path(__file__).parents[2]
SCHEMA = Draft7Validator(json.loads((TOP / "schemas" / "drill.schema.json").read_text("utf-8")))


def ready(lab: Lab, start: Start, failures: int = PATIENT, first: str = "") -> Engine:
    engine = start(policy_text(lab, stable="1s", failures=failures), first=first)
    engine.wait_for_health("primary", "secondary")
    return engine


NOT_NOW = "traffic cannot be moved to secondary now: its latest"
"""At rounds of 50 ms a busy machine may have had no answer for too long just now."""


def begin(lab: Lab, *words: str, first: str = "") -> Piped:
    while True:
        process = Piped(lab, "drill", "secondary", "--json", *words, first=first)
        if (told := process.stderr.readline()).startswith("drill of secondary for "):
            return process  # it was told, so it has moved
        told += process.stderr.read()
        assert NOT_NOW in " ".join(told.split())


def reported(process: Piped) -> tuple[int, dict[str, Any], str]:
    out, err = process.communicate()
    assert "Traceback" not in out + err
    found: dict[str, Any] = json.loads(out)
    SCHEMA.validate(found)
    return process.returncode, found, err


def test_an_uplink_that_holds_and_what_a_user_noticed(lab: Lab, start: Start) -> None:
    ready(lab, start)
    with PacketStream(lab) as stream:
        eventually(lambda: bool(stream.round_trips()), "the stream")
        code, found, _ = reported(begin(lab, "--for", "3s"))
    assert (code, found["outcome"], found["notes"]) == (0, "returned", [])
    (family,) = found["families"]
    assert (family["from"], family["active"], family["asked"], family["astray"]) == (
        "primary",
        "primary",
        True,
        "",
    )
    outages = [1000 * family[way]["outage_seconds"] for way in ("there", "back")]
    assert 1000 * noticed(stream) <= max(outages)
    assert {u["name"] for u in found["uplinks"] if u["rounds"]} == {"primary", "secondary"}
    wait_until_taken(lab, "eth0")


def test_an_uplink_that_fails_meanwhile_and_what_a_user_noticed(lab: Lab, start: Start) -> None:
    engine = ready(lab, start, FAILURES)
    with PacketStream(lab) as stream:
        eventually(lambda: bool(stream.round_trips()), "the stream")
        process = begin(lab, "--for", "1h")
        wait_until_taken(lab, "eth1")
        FAULTS["blackhole"].inject(lab, lab.uplinks[1])
        code, found, _ = reported(process)
    assert (code, found["outcome"]) == (3, "did-not-hold")
    assert found["notes"][0]["text"].startswith("secondary: rule ")
    reported_outage = 1000 * found["families"][0]["back"]["outage_seconds"]
    # A round may have been answered just before the cut, and the next one is sent after the move.
    assert 1000 * noticed(stream) <= reported_outage + 50
    assert engine.wait_for("drill").fields["report"]["outcome"] == "did-not-hold"
    wait_until_taken(lab, "eth0")


def test_traffic_that_the_kernel_sends_another_way_is_told(lab: Lab, start: Start) -> None:
    # Such a route was told of when it came. That the traffic is astray is told by a reminder.
    soon = altered("route_switcher.core.reminder.FIRST_REMINDER", 1)
    engine = ready(lab, start, first=soon)
    route = ["default", "via", str(lab.uplinks[0].gateway_of(Family.IPV4)), "dev", "eth0"]
    lab.run(ROUTER, "ip", "route", "add", *route, "metric", "1")
    engine.wait_for("notice", "metric 1")
    process = begin(lab, "--for", "1h")
    engine.wait_for("notice", "secondary is selected, but traffic leaves through primary")
    assert run_to_its_end(lab, "release").returncode == 0
    code, found, _ = reported(process)
    assert (code, found["outcome"]) == (3, "went-astray")
    assert found["families"][0]["astray"].startswith("traffic leaves through primary")
    assert engine.wait_for("drill").level == "warning"


def test_both_families_move_and_return(lab: Lab, start: Start) -> None:
    lines = [
        f"  {uplink.name}: {{interface: {uplink.interface}, metric: {metric}, gateway:"
        f" {{ipv4: {uplink.gateway_of(Family.IPV4)}, ipv6: '{uplink.gateway_of(Family.IPV6)}'}}}}"
        for uplink, metric in zip(lab.uplinks, (10, 20), strict=False)
    ]
    checks = policy_text(lab, DUAL_STACK, stable="1s", failures=PATIENT).partition("probes:")
    engine = start("\n".join(["version: 1", "uplinks:", *lines, *checks[1:]]))
    for family in Family:
        engine.wait_for_health("primary", "secondary", family=family)
    process = begin(lab, "--for", "1h")
    for family in Family:
        wait_until_taken(lab, "eth1", family)
        told = f"{family}: the kernel sends the traffic through secondary"
        engine.wait_for("notice", told, since=0)
    process.send_signal(signal.SIGINT)
    code, found, _ = reported(process)
    assert (code, found["outcome"]) == (130, "released")
    assert [each["family"] for each in found["families"]] == ["IPv4", "IPv6"]
    for each in found["families"]:
        assert each["asked"]
        assert min(each[way]["outage_seconds"] for way in ("there", "back")) > 0
    for family in Family:
        wait_until_taken(lab, "eth0", family)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_it_returns_when_its_client_is_ended(
    lab: Lab, start: Start, number: signal.Signals
) -> None:
    engine = ready(lab, start)
    process = begin(lab, "--for", "1h" if number == signal.SIGINT else "3s")
    engine.wait_for("decision", selected="secondary")
    if number == signal.SIGINT:
        wait_until_taken(lab, "eth1")
    process.send_signal(number)
    wait_until_taken(lab, "eth0")
    if number == signal.SIGINT:
        code, found, err = reported(process)
        assert (code, found["outcome"]) == (130, "released")
        assert "ended by Ctrl-C" in err
    else:
        process.communicate()
        assert engine.wait_for("drill").fields["report"]["outcome"] == "returned"


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_goes_on_over_a_restart_of_the_engine_and_returns(
    lab: Lab, start: Start, number: signal.Signals
) -> None:
    engine = ready(lab, start)
    process = begin(lab, "--for", "12s")  # a busy machine starts the engine again before that
    wait_until_taken(lab, "eth1")
    engine.end(number)
    engine = start()
    engine.wait_for("order", "kept over the restart")
    code, found, _ = reported(process)
    assert (code, found["restarted"], found["outcome"]) == (0, True, "returned")
    wait_until_taken(lab, "eth0")
    assert len(engine.said("decision")) == 2


def test_it_returns_though_the_engine_is_gone_at_its_end(lab: Lab, start: Start) -> None:
    engine = ready(lab, start)
    gives_up = altered("route_switcher.cli.drill._AWAY", 3)
    seconds = 1
    while True:
        process = begin(lab, "--for", f"{seconds}s", first=gives_up)
        engine.end(signal.SIGKILL)
        if route_taken(lab) == "eth1":
            break
        # A busy machine was late, and the engine has ended it.
        reported(process)
        seconds *= 4
        engine = start()
        engine.wait_for_health("primary", "secondary")
    end = engine.said("decision")[-1].at + seconds + 0.2
    eventually(lambda: time.time() > end, "the end of the order")
    start()
    wait_until_taken(lab, "eth0")
    code, found, _ = reported(process)
    assert (code, found["restarted"]) in ((0, True), (4, False))


def test_what_is_refused_is_said_and_nothing_moves(lab: Lab, start: Start) -> None:
    engine = ready(lab, start, FAILURES)

    def refused(*words: str) -> tuple[int, str]:
        done = run_to_its_end(lab, "drill", *words)
        assert done.stdout == ""
        return done.returncode, " ".join(done.stderr.split())

    def refers_to_the_other() -> bool:
        code, said = refused("primary")
        assert code == 1
        assert "it is active already; " in said
        # A busy machine may have had no answer through that one just now.
        return "the other way is `route-switcher drill secondary`" in said

    eventually(refers_to_the_other, "the other way")
    assert refused("lte")[0] == 2
    assert refused("secondary", "--for", "soon")[0] == 2
    assert run_to_its_end(lab, "switch", "primary").returncode == 0
    code, said = refused("secondary")
    assert (code, "an order for primary stands already" in said) == (1, True)
    assert run_to_its_end(lab, "release").returncode == 0
    FAULTS["blackhole"].inject(lab, lab.uplinks[1])
    engine.wait_for("rule", uplink="secondary", rule="no-internet", after="failed")
    assert "is failed" in refused("secondary")[1]
    wait_until_taken(lab, "eth0")


def test_the_report_for_people_fits_the_screen(lab: Lab, start: Start) -> None:
    ready(lab, start)
    while True:
        done = run_to_its_end(lab, "drill", "secondary", "--for", "1s")
        if NOT_NOW not in " ".join(done.stderr.split()):
            break
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "drill of secondary: it worked, and the traffic returned"
    assert all(len(line) <= 80 for line in lines)
