"""No descriptor is to be had for a while: the engine waits for one, or ends in words."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import DEADLINE, Start
from support.tables import our_routes, wait_for_our_routes
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel


OTHER_KINDS = """\
  connections: {type: tcp, port: 9, refused: good, interval: 100ms, TARGETS}
  gateway: {type: neighbour, interval: 100ms}
  path: {type: echo, interval: 100ms}
  program: {type: exec, run: [/bin/true], interval: 100ms}
"""


def test_it_outlives_a_time_without_descriptors(lab: Lab, start: Start) -> None:
    text = policy_text(lab)
    targets = text[text.index("targets: [") : text.index("], interval")] + "]"
    text = text.replace("rules:\n", OTHER_KINDS.replace("TARGETS", targets) + "rules:\n")
    text = text.replace("fail: {failures", "probe: internet, fail: {failures")
    for name in ("connections", "gateway", "path", "program"):
        text += f"  - {{name: no-{name}, probe: {name}, fail: {{failures: 999}}}}\n"
    engine = start(text, "--log-level", "debug")
    engine.wait_for_health("primary", "secondary")
    pid = engine.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
    # It has to look at the interface now, and waits.
    lab.run(ROUTER, "ip", "address", "add", "203.0.113.11/26", "dev", "eth1")
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.send(signal.SIGHUP)
    engine.wait_for("reload", "the running one stays")
    assert engine.running
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    wait_for_our_routes(lab, ("eth0", 1010), ("eth1", 20))


IMPATIENT = """
import sys
from route_switcher.kernel.rtnetlink import scarcity
scarcity._PATIENCE = 0.5
from route_switcher.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_without_one_for_too_long_it_ends_in_words(lab: Lab, policy_file: Path) -> None:
    policy_file.write_text(policy_text(lab))
    words = [sys.executable, "-P", "-c", IMPATIENT, "run", str(policy_file)]
    process = lab.start(ROUTER, words, stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert any("rule no-internet: unknown -> ok" in line for line in process.stderr)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (3, 3))
    lab.run(ROUTER, "ip", "address", "add", "203.0.113.11/26", "dev", "eth1")
    _, told = process.communicate(timeout=DEADLINE)
    assert (process.returncode, "Traceback" in told) == (1, False), told
    assert told.splitlines()[-1] == (
        "route-switcher run: no socket could be opened for 0.5 s (Too many open files); "
        "the routes stay as they are"
    )
    assert our_routes(lab) == {("eth0", 10), ("eth1", 20)}
