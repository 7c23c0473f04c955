import os
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import DEADLINE, Start, command_line, eventually
from support.tables import Recorder, route_taken, wait_for_our_routes, whole_table
from support.written_policy_files import DUAL_STACK, policy_text

pytestmark = pytest.mark.kernel

FOREIGN = {
    "routes": (
        "default via 198.51.100.1 metric 500 proto dhcp",
        "default via 203.0.113.1 metric 501 proto dhcp",
    )
}


def would_stand(printed: Sequence[str]) -> set[str]:
    """The routes that would stand once these actions were taken."""
    routes: set[str] = set()
    for line in printed:
        verb, _, route = line.partition("  # ")[0].partition(" ")
        (routes.add if verb == "add" else routes.discard)(route)
    return routes


def test_it_prints_the_actions_that_a_run_takes_and_writes_nothing(lab: Lab, start: Start) -> None:
    before = whole_table(lab)
    with Recorder(lab) as recorder:
        dry = start(policy_text(lab, DUAL_STACK), "--dry-run")
        dry.wait_for("start", "dry run: nothing is written")
        dry.wait_for_printed(4)
        assert dry.end(signal.SIGINT) == 0
        assert recorder.messages() == []
    assert dry.said("routes") == []
    assert whole_table(lab) == before
    run = start()
    actions = run.wait_for("routes").fields["actions"]
    assert set(dry.printed) == set(actions)
    assert len(actions) == 4


def test_an_uplink_without_a_route_is_unknown(lab: Lab, start: Start) -> None:
    dry = start(policy_text(lab), "--dry-run", "--log-level", "debug")
    for uplink in ("primary", "secondary"):
        dry.wait_for("round", uplink=uplink, since=0)
        dry.wait_for("round", uplink=uplink, since=dry.now)
    dry.end(signal.SIGTERM)
    assert dry.said("rule") == []


@pytest.mark.parametrize("lab", [FOREIGN], indirect=True)
def test_through_routes_that_exist_it_probes_and_prints_the_failover(
    lab: Lab, start: Start
) -> None:
    before = whole_table(lab)
    dry = start(policy_text(lab), "--dry-run")
    dry.wait_for_health("primary", "secondary")
    dry.wait_for("decision", since=0, selected="primary")
    ends_with = {
        f"default via {u.gateway} dev {u.interface} metric {u.metric}" for u in lab.uplinks
    }
    eventually(lambda: would_stand(dry.printed) == ends_with, "all that it would do at first")
    first = len(dry.printed)
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    dry.wait_for("decision", previous="primary", selected="secondary", cause="failover")
    dry.wait_for_printed(first + 2)
    assert [line.partition("  # ")[0] for line in dry.printed[first:]] == [
        "add default via 198.51.100.1 dev eth0 metric 1010",
        "delete default via 198.51.100.1 dev eth0 metric 10",
    ]
    assert whole_table(lab) == before
    assert route_taken(lab) == "eth0"
    FAULTS["blackhole"].heal(lab, lab.uplinks[0])
    dry.wait_for("decision", previous="secondary", selected="primary", cause="preference")
    assert whole_table(lab) == before


def test_beside_a_running_engine_it_sees_the_same_and_has_nothing_to_do(
    lab: Lab, start: Start
) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    dry = start(None, "--dry-run")
    dry.wait_for("decision", selected="primary", cause="restart")
    dry.wait_for_health("primary", "secondary")
    assert dry.printed == []
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    for each in (engine, dry):
        each.wait_for("decision", previous="primary", selected="secondary", cause="failover")
    assert dry.said("gone") == []


@pytest.mark.parametrize(
    ("stdout", "code", "last_words"),
    [
        ("/dev/full", 1, "route-switcher: cannot write: No space left on device"),
        ("a closed pipe", 141, r"\d{4}-.*"),
    ],
)
def test_where_it_cannot_print_it_ends_without_a_traceback(
    lab: Lab, policy_file: Path, stdout: str, code: int, last_words: str
) -> None:
    policy_file.write_text(policy_text(lab))
    if stdout == "a closed pipe":
        reading, writing = os.pipe()
        os.close(reading)
    else:
        writing = os.open(stdout, os.O_WRONLY)
    command = lab.command(ROUTER, command_line("run", str(policy_file), "--dry-run"))
    done = subprocess.run(
        command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=DEADLINE
    )
    os.close(writing)
    assert done.returncode == code
    *log, last = done.stderr.splitlines()
    assert "first selection" in done.stderr
    assert [line for line in log if not re.match(r"\d{4}-", line)] == []
    assert re.fullmatch(last_words, last)
