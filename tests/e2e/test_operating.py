"""The running engine is asked and ordered by the commands that a person types."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from faults import clients
from faults.rows_control import control_socket
from route_switcher.control.protocol import LONGEST_REQUEST
from route_switcher.control.stream import HEARTBEAT
from route_switcher.daemon.control import connections, watchers
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import DEADLINE, Start, eventually, run_to_its_end
from support.tables import wait_for_our_routes, wait_until_taken
from support.written_policy_files import PATIENT, policy_text

pytestmark = pytest.mark.kernel

TOP = Path(__file__).parents[2]
STATUS = Draft7Validator(json.loads((TOP / "schemas" / "status.schema.json").read_text("utf-8")))
ORDERS = ("switch secondary", "drill secondary --for 1s", "release", "reload", "confirm")
COMMANDS = ("status", "why", *ORDERS)
HEAVY = ("trio", "pyroute2.netlink", "jsonschema", "yaml", "icmplib", "asyncio")


def ask(lab: Lab, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run_to_its_end(lab, *words, **environment)


def status(lab: Lab, **environment: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(ask(lab, "status", "--json", **environment).stdout)
    STATUS.validate(found)
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_where_no_engine_runs_each_command_says_so(lab: Lab, command: str) -> None:
    done = ask(lab, *command.split())
    assert (done.returncode, done.stdout) == (1, "")
    name = command.split()[0]
    assert done.stderr == f"route-switcher {name}: no engine runs in this network namespace\n"


def test_status_why_and_exit_codes_follow_what_happens(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab, stable="2s"))
    engine.wait_for_health("primary", "secondary")
    done = ask(lab, "status")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("OK: IPv4: the preferred uplink is active and healthy\n")
    assert "IPv4: secondary is not active. It is healthy." in ask(lab, "why", "secondary").stdout
    assert ask(lab, "why", "lte").returncode == 2
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="secondary", cause="failover")
    assert ask(lab, "status").returncode == 3
    assert "primary is failed" in " ".join(ask(lab, "why", "primary").stdout.split())
    FAULTS["blackhole"].inject(lab, lab.uplinks[1])
    engine.wait_for("rule", uplink="secondary", after="failed")
    eventually(lambda: ask(lab, "status").returncode == 4, "status says that all are down")
    for uplink in lab.uplinks:
        FAULTS["blackhole"].heal(lab, uplink)
    engine.wait_for("decision", selected="primary")
    eventually(lambda: ask(lab, "status").returncode == 0, "all is well again")
    assert status(lab)["verdict"] == "ok"


def test_an_order_moves_the_traffic_and_is_kept_over_reload_kill_and_restart(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    text = policy_text(lab, stable="1s")
    engine = start(text)
    engine.wait_for_health("primary", "secondary")
    done = ask(lab, "switch", "secondary", "--for", "1h")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("IPv4: secondary is active\n")
    assert max(map(len, done.stdout.splitlines())) <= 80
    wait_until_taken(lab, "eth1")
    assert engine.wait_for("order").fields["uplink"] == "secondary"
    assert ask(lab, "status").returncode == 3
    policy_file.write_text(text.replace("1s", "2s"))
    assert ask(lab, "reload").returncode == 0
    for number in (signal.SIGTERM, signal.SIGKILL):
        engine.end(number)
        assert ask(lab, "status").returncode == 1
        engine = start()
        engine.wait_for("order", "kept over the restart: switch to secondary")
        engine.wait_for_health("primary", "secondary")
        found = status(lab)
        order = found["families"][0]["order"]  # type: ignore[index]
        assert 3000 < order["left_seconds"] < 3600
        assert (order["uplink"], order["holds"]) == ("secondary", True)
        assert {d.fields["selected"] for d in engine.said("decision")} == {"secondary"}
    assert ask(lab, "release").returncode == 0
    wait_until_taken(lab, "eth0")
    engine.end(signal.SIGTERM)
    engine = start()
    engine.wait_for_health("primary", "secondary")
    assert engine.said("order") == []


def test_an_order_is_refused_in_words_unless_it_is_forced(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab, stable="1h"))
    engine.wait_for_health("primary", "secondary")
    FAULTS["blackhole"].inject(lab, lab.uplinks[1])
    engine.wait_for("rule", uplink="secondary", after="failed")
    done = ask(lab, "switch", "secondary")
    assert (done.returncode, done.stdout) == (1, "")
    assert "only a forced order (--force) moves traffic there" in " ".join(done.stderr.split())
    assert max(map(len, done.stderr.splitlines())) <= 80
    done = ask(lab, "switch", "lte")
    assert done.returncode == 2
    assert "there is no uplink lte; there are: primary, secondary" in done.stderr
    assert ask(lab, "switch", "secondary", "--force").returncode == 0
    wait_until_taken(lab, "eth1")
    assert "ORDER: forced to secondary until" in ask(lab, "status").stdout


@pytest.mark.parametrize("time", ["", "0s", "30", "-5m", "9000h", "soon"])
def test_a_time_that_is_none_is_wrong_usage(lab: Lab, time: str) -> None:
    assert ask(lab, "switch", "secondary", f"--for={time}").returncode == 2


def test_a_bad_policy_fails_visibly_and_the_running_one_stays(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    good = policy_text(lab)
    engine = start(good)
    engine.wait_for_health("primary", "secondary")
    policy_file.write_text(good.replace("metric: 20", "metrik: 20"))
    done = ask(lab, "reload")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{policy_file}:4:" in done.stderr
    assert done.stderr.endswith("the policy is not sound: the running one stays\n")
    policy_file.unlink()
    assert ask(lab, "reload").returncode == 1
    os.mkfifo(policy_file)
    assert ask(lab, "reload").returncode == 1
    policy_file.unlink()
    policy_file.write_text(good)
    done = ask(lab, "reload")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "the policy was read again, and is now in force\n"
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))


def test_a_dry_run_beside_it_takes_nothing_from_it(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    dry = start(None, "--dry-run")
    dry.wait_for("start")
    assert ask(lab, "status").returncode == 0
    dry.end(signal.SIGTERM)
    assert ask(lab, "status").returncode == 0


def test_an_engine_that_is_stopped_is_no_longer_waited_for(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    engine.send(signal.SIGSTOP)
    soon = "from route_switcher.cli.asking import ask; ask.__kwdefaults__['patience'] = 1.0"
    try:
        done = run_to_its_end(lab, "status", first=soon)
    finally:
        engine.send(signal.SIGCONT)
    assert (done.returncode, done.stderr) == (
        1,
        "route-switcher status: the engine does not answer\n",
    )


@pytest.mark.parametrize("order", ["switch secondary", "drill secondary --for 1h"])
def test_an_order_that_nobody_answers_may_still_be_carried_out(
    lab: Lab, start: Start, order: str
) -> None:
    engine = start(policy_text(lab, failures=PATIENT))
    engine.wait_for_health("primary", "secondary")
    engine.send(signal.SIGSTOP)
    impatient = (
        "from route_switcher.cli import asking, drill;"
        "asking.ask.__kwdefaults__['patience'] = drill.PATIENCE = 1.0"
    )
    done = run_to_its_end(lab, *order.split(), first=impatient)
    assert (done.returncode, done.stdout) == (1, "")
    command = order.split()[0]
    told = f"route-switcher {command}: the engine does not answer; it may still do it\n"
    assert done.stderr == told
    engine.send(signal.SIGCONT)
    wait_until_taken(lab, "eth1")


@pytest.mark.parametrize("command", COMMANDS[:-1])
def test_the_commands_import_nothing_heavy(lab: Lab, start: Start, command: str) -> None:
    engine = start(policy_text(lab, failures=PATIENT))
    engine.wait_for_health("primary", "secondary")
    script = (
        "import sys; from route_switcher.cli import main; code = main(sys.argv[1:]);"
        f" print(code, [m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    words = [sys.executable, "-P", "-c", script, *command.split()]
    done = subprocess.run(lab.command(ROUTER, words), capture_output=True, text=True, timeout=90)
    assert done.stderr.splitlines()[-1] == "0 []"


def test_the_service_manager_is_told_when_it_is_ready_and_that_it_goes_on(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(DEADLINE)
        start(policy_text(lab), NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="300000")
        assert manager.recv(100) == b"READY=1"
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
        assert [manager.recv(100) for _ in range(3)] == 3 * [b"WATCHDOG=1"]


@pytest.mark.long
def test_the_page_about_operating_can_be_followed(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    page = (TOP / "docs" / "operate.md").read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    commands = [line.removeprefix("sudo ") for block in blocks for line in block.splitlines()]
    named = re.findall(r"`(route-switcher [a-z]+[^`]*)`", page)
    engine = start(policy_text(lab, failures=PATIENT))
    engine.wait_for_health("primary", "secondary")
    assert len(commands) >= 9
    for command in dict.fromkeys([*commands, *named]):
        program, *words = command.split()
        if words[0] == "watch":
            continue  # it does not end; tests/e2e/test_watching.py
        if "--confirm" in words:
            policy_file.write_text(policy_text(lab, failures=PATIENT) + "# changed\n")
        done = ask(lab, *words)
        assert program == "route-switcher"
        assert done.returncode in ((0, 3) if words[0] == "status" else (0,)), done.stderr
        assert done.stdout
    for code in (0, 3, 4, 1, 2):
        assert f"| {code} | " in page


def test_what_the_page_says_of_limits_is_so() -> None:
    page = " ".join((TOP / "docs" / "operate.md").read_text("utf-8").split())
    assert f"at most {LONGEST_REQUEST} bytes" in page
    assert f"at most {connections.REQUESTS} requests" in page
    assert f"for {connections.SILENCE:g} seconds" in page
    assert f"a reply within {connections.UNREAD:g} seconds" in page
    assert f"at most {connections.MOST} connections" in page
    assert f"closes its connection after {watchers.UNREAD:g} seconds" in page
    assert f"was sent for {HEARTBEAT:g} seconds" in page


def test_clients_leave_the_engine_descriptors_where_there_are_few(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab), wrapped_in=["prlimit", "--nofile=40"])
    engine.wait_for_health("primary", "secondary")
    path = control_socket(engine.process.pid)
    with ExitStack() as open_:
        for _ in range(100):
            open_.enter_context(clients.connect(path))
        # It is answered. At rounds of 50 ms a busy machine may have failed an uplink meanwhile.
        assert ask(lab, "status").returncode in (0, 3)
        FAULTS["blackhole"].inject(lab, lab.uplinks[0])
        wait_until_taken(lab, "eth1")
    assert len(os.listdir(f"/proc/{engine.process.pid}/fd")) < 40
