"""An interface may have any name; the terminal that shows the log must not obey it."""

import json
import signal
from pathlib import Path

import pytest

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.running import DEADLINE, eventually, run_to_its_end
from support.started import started
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

NAMES = {
    "an escape sequence": ("e\x1b[2J", "e\\x1b[2J"),
    "a control character of C1": ("e\x9b2J", "e\\x9b2J"),
    "a turn of direction": ("e\u202eh", "e\\u202eh"),
    "delete": ("e\x7fh", "e\\x7fh"),
    "nothing that is seen": ("e\u200bh", "e\\u200bh"),
}


def add_interface(lab: Lab, name: str) -> None:
    lab.run(ROUTER, "ip", "link", "add", name, "type", "veth", "peer", "name", "other-end")
    for end in (name, "other-end"):
        lab.run(ROUTER, "ip", "link", "set", end, "up")


@pytest.mark.parametrize(("name", "shown"), NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_name_reaches_a_terminal_as_it_is(
    lab: Lab, policy_file: Path, name: str, shown: str, log_format: str
) -> None:
    add_interface(lab, name)
    lab.run(ROUTER, "ip", "route", "add", "default", "dev", name, "metric", "5")
    policy_file.write_text(policy_text(lab))
    log = policy_file.with_name("log")
    process = started(lab, log, "run", str(policy_file), "--log-format", log_format)
    eventually(lambda: b"foreign route" in log.read_bytes(), "the warning")
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE) == 0
    lines = log.read_bytes().decode().splitlines()
    assert [line for line in lines if not line.isprintable()] == []
    messages = [json.loads(line)["message"] for line in lines] if log_format == "json" else lines
    assert any(f"dev {shown} " in message for message in messages)


def test_cleanup_shows_no_name_as_it_is(lab: Lab) -> None:
    name, shown = NAMES["an escape sequence"]
    add_interface(lab, name)
    lab.run(ROUTER, "ip", "address", "add", "203.0.113.250/32", "dev", name)
    route = ["default", "via", "203.0.113.251", "dev", name, "onlink", "metric", "5"]
    lab.run(ROUTER, "ip", "route", "add", *route, "proto", "115")
    told = run_to_its_end(lab, "cleanup").stdout
    assert [line for line in told.splitlines() if not line.isprintable()] == []
    assert f"removed: default via 203.0.113.251 dev {shown} " in told


@pytest.mark.parametrize(("name", "shown"), NAMES.values(), ids=NAMES)
def test_init_shows_no_name_as_it_is(lab: Lab, name: str, shown: str) -> None:
    add_interface(lab, name)
    lab.run(ROUTER, "ip", "address", "add", "203.0.113.250/32", "dev", name)
    route = ["default", "via", "203.0.113.251", "dev", name, "onlink", "metric", "5"]
    lab.run(ROUTER, "ip", "route", "add", *route)
    done = run_to_its_end(lab, "init")
    told = done.stdout + done.stderr
    assert [line for line in told.splitlines() if not line.isprintable()] == []
    assert f"dev {shown} metric 5" in told
