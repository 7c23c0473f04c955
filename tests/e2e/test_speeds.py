"""How often each uplink is asked, counted at its ISP."""

import json
import time

import pytest

from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Start, eventually
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

FAST = 20
"""Rounds of an uplink at full speed, at 100 ms: two seconds, or more if the machine is busy."""


_COUNTING = """
table inet count {
  counter asked {}
  chain prerouting {
    type filter hook prerouting priority filter;
    icmp type echo-request counter name asked
  }
}
"""


class Counting:
    """How many echo requests have come to the gateway of each uplink."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        for uplink in lab.uplinks:
            lab.run(uplink.name, "nft", "-f", "-", given=_COUNTING)

    def asked(self, name: str) -> int:
        shown = self._lab.run(name, "nft", "-j", "list", "counter", "inet", "count", "asked")
        return int(json.loads(shown)["nftables"][-1]["counter"]["packets"])

    def seldom_enough(self, often: str, seldom: str) -> bool:
        """Whether `seldom` is asked, and once a second at most, until FAST more rounds have come to
        `often`."""
        began = time.monotonic()
        end, before = self.asked(often) + FAST, self.asked(seldom)
        eventually(lambda: self.asked(often) >= end, f"{FAST} rounds through {often}")
        eventually(lambda: self.asked(seldom) > before, f"a round through {seldom}")
        asked = self.asked(seldom) - before
        # One may have been due at either end.
        return asked <= time.monotonic() - began + 2


def metered(lab: Lab) -> str:
    """A policy whose uplinks are asked once in 100 ms, or in a second; one target."""
    target = lab.targets_v4[0]
    speeds = "interval: 100ms, timeout: 100ms, standby_interval: 1s, down_interval: 1s"
    probe = f"  internet: {{type: icmp, targets: [{target}], {speeds}}}"
    lines = policy_text(lab, stable="500ms").splitlines()
    return "\n".join(probe if "type: icmp" in line else line for line in lines) + "\n"


def test_an_uplink_that_stands_by_or_is_down_is_asked_less_often(lab: Lab, start: Start) -> None:
    counting = Counting(lab)
    engine = start(metered(lab), "--log-level", "debug")
    engine.wait_for_health("primary", "secondary")
    engine.wait_for("speed", uplink="secondary", speed="standby", since=0)
    assert counting.seldom_enough("primary", "secondary")

    broken = engine.now
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", previous="primary", selected="secondary", since=broken)
    for name, speed in (("primary", "down"), ("secondary", "normal")):
        engine.wait_for("speed", uplink=name, speed=speed, since=broken)
    assert counting.seldom_enough("secondary", "primary")

    healed = engine.now
    FAULTS["blackhole"].heal(lab, lab.uplinks[0])
    engine.wait_for("speed", uplink="primary", speed="normal", since=healed)
    engine.wait_for("decision", previous="secondary", selected="primary", since=healed)
    engine.wait_for("speed", uplink="secondary", speed="standby", since=healed)
    assert counting.seldom_enough("primary", "secondary")
