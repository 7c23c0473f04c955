import re
import signal
import subprocess
from pathlib import Path

import pytest

from faults import acts
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from route_switcher.policy.load import SYSTEM_POLICY
from support.running import DEADLINE, Start, command_line, run_to_its_end
from support.tables import wait_for_our_routes
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel


@pytest.fixture
def good(lab: Lab, policy_file: Path) -> str:
    policy_file.write_text(policy_text(lab))
    return str(policy_file)


@pytest.mark.parametrize(
    ("dropped", "named"),
    [
        ("-net_admin,-net_raw", "CAP_NET_ADMIN, CAP_NET_RAW"),
        ("-net_raw", "CAP_NET_RAW"),
    ],
)
def test_missing_privileges_are_one_line_that_names_them(
    lab: Lab, good: str, dropped: str, named: str
) -> None:
    done = run_to_its_end(lab, "run", good, wrapped_in=["setpriv", "--bounding-set", dropped])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"route-switcher run: missing privileges ({named}): run it as root\n"


def test_a_dry_run_needs_no_right_to_change_routes(lab: Lab, good: str, start: Start) -> None:
    wrapped_in = ["setpriv", "--bounding-set", "-net_admin"]
    engine = start(None, "--dry-run", wrapped_in=wrapped_in)
    engine.wait_for_printed(2)
    wrapped_in = ["setpriv", "--bounding-set", "-net_raw"]
    done = run_to_its_end(lab, "run", good, "--dry-run", wrapped_in=wrapped_in)
    assert done.returncode == 1
    assert done.stderr == "route-switcher run: missing privileges (CAP_NET_RAW): run it as root\n"


def test_cleanup_without_privileges_says_so_and_holds_up_nobody(
    lab: Lab, good: str, start: Start
) -> None:
    words = ["default", "via", "198.51.100.1", "dev", "eth0", "metric", "10", "proto", "115"]
    lab.run("router", "ip", "route", "add", *words)
    start(None).wait_for("start")
    done = run_to_its_end(lab, "cleanup", wrapped_in=["setpriv", "--bounding-set", "-net_admin"])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "route-switcher cleanup: missing privileges (CAP_NET_ADMIN): run it as root\n"
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("version: 1\nuplinks: {primary: {interface: eth0, gatway: 198.51.100.1}}\n", 1),
        ("version: 1\nuplinks: {primary\n", 1),
        (None, 1),
    ],
)
def test_a_bad_policy_gets_the_same_words_as_from_validate(
    lab: Lab, policy_file: Path, text: str | None, code: int
) -> None:
    if text is not None:
        policy_file.write_text(text)
    done = run_to_its_end(lab, "run", str(policy_file))
    told = run_to_its_end(lab, "validate", str(policy_file)).stdout.splitlines()
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.splitlines() == told[:-1]


@pytest.mark.skipif(SYSTEM_POLICY.exists(), reason=f"this machine has {SYSTEM_POLICY}")
@pytest.mark.parametrize("words", [[], ["policy"]])
def test_the_policy_of_the_system_is_named_where_it_is_missing(lab: Lab, words: list[str]) -> None:
    done = run_to_its_end(lab, "run", *words)
    assert done.returncode == 1
    first, hint = done.stderr.splitlines()
    assert first.startswith(f"{SYSTEM_POLICY}: error: cannot read the policy: No such file")
    assert "hint: policies that come with the program: dual-stack, dual-wan" in hint


@pytest.mark.parametrize(
    ("words", "environment", "complaint"),
    [
        (["--log-level", "loud"], {}, "argument --log-level: invalid choice: 'loud'"),
        ([], {"ROUTE_SWITCHER_LOG": "loud"}, "$ROUTE_SWITCHER_LOG is 'loud'; it may be debug, "),
        (["--log-format", "xml"], {}, "argument --log-format: invalid choice: 'xml'"),
        (["--primary-interface", "eth0"], {}, "give a POLICY or the flags of two uplinks, not"),
        (["--ping-target", "203.0.113.200"], {}, "give a POLICY or the flags of two uplinks"),
        (["another.yaml"], {}, "unrecognized arguments: another.yaml"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_line_that_says_what_is_wrong(
    lab: Lab, good: str, words: list[str], environment: dict[str, str], complaint: str
) -> None:
    done = run_to_its_end(lab, "run", good, *words, **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        ([], {"ROUTE_SWITCHER_LOG": "DEBUG"}),
        (["--log-level", "debug"], {"ROUTE_SWITCHER_LOG": "error"}),
    ],
)
def test_debug_shows_every_round(
    lab: Lab, good: str, start: Start, words: list[str], environment: dict[str, str]
) -> None:
    engine = start(None, *words, **environment)
    for uplink in ("primary", "secondary"):
        told = engine.wait_for("round", since=0, uplink=uplink, probe="internet", outcome="good")
        assert " ms" in told.message


def test_a_higher_level_shows_less(lab: Lab, good: str, start: Start) -> None:
    engine = start(None, "--log-level", "error")
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    assert engine.end(signal.SIGTERM) == 0
    assert engine.records == []


def test_as_text_each_line_has_its_time_and_level(lab: Lab, good: str) -> None:
    """The default format, without an argument that asks for it."""
    process = lab.start(ROUTER, command_line("run", good), stderr=subprocess.PIPE)
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    process.terminate()
    _, told = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    shape = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (INFO   |WARNING) \S")
    assert [line for line in told.splitlines() if not shape.match(line)] == []
    assert " INFO    IPv4: primary selected: first selection" in told


def test_who_only_holds_the_locks_name_stops_neither_run_nor_cleanup(
    lab: Lab, good: str, start: Start
) -> None:
    acts.squat(lab)
    engine = start(None)
    note = engine.wait_for("lock", "holds the socket @route-switcher and is no route-switcher")
    assert note.level == "warning"
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    assert engine.end(signal.SIGTERM) == 0
    done = run_to_its_end(lab, "cleanup")
    assert (done.returncode, done.stdout.count("removed: ")) == (0, 2)
    assert "is no route-switcher: ignored" in done.stderr
