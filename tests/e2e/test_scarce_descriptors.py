"""No descriptor is to be had for a while: the engine waits for one, and goes on."""

import resource
import signal

import pytest

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Start
from support.tables import wait_for_our_routes
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel


def test_it_outlives_a_time_without_descriptors(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab), "--log-level", "debug")
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
