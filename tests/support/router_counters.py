"""How many packets of a stream the router itself lost: those that came to it, or that it sent, and
that it passed on to nobody. What a busy machine loses in a queue or a socket is not among them.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from route_switcher.lab.addresses import LAN_INTERFACE, ROUTER
from route_switcher.lab.stream import PacketStream
from route_switcher.lab.topology import Lab

_NAMES = ("asked", "asked_on", "answered", "answered_on", "taken", "sent")
# The hooks `forward`, `input` and `output` see a packet when its way has been found (nft(8)).
_COUNTERS = f"""
table inet counted {{
  {"; ".join(f"counter {name} {{ }}" for name in _NAMES)}
  chain came {{
    type filter hook prerouting priority -500;
    iifname "{LAN_INTERFACE}" udp dport 7 counter name asked
    iifname != "{LAN_INTERFACE}" udp sport 7 counter name answered
  }}
  chain passed_on {{
    type filter hook forward priority 500;
    udp dport 7 counter name asked_on
    udp sport 7 counter name answered_on
  }}
  chain taken {{
    type filter hook input priority 500;
    udp sport 7 counter name taken
  }}
  chain sent {{
    type filter hook output priority 500;
    udp dport 7 counter name sent
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class RouterCounters:
    """Counts from the beginning of `counting` on."""

    lab: Lab

    def lost(self, own: PacketStream | None = None) -> int:
        """Packets that the router lost, of all streams; `own` is the one that it sent itself. To be
        asked when the streams have stopped."""
        shown = json.loads(self.lab.run(ROUTER, "nft", "-j", "list", "counters"))["nftables"]
        counters = [each["counter"] for each in shown if "counter" in each]
        count = {each["name"]: int(each["packets"]) for each in counters}
        unsent = own.outage().sent - count["sent"] if own is not None else 0
        unanswered = count["answered"] - count["answered_on"] - count["taken"]
        return count["asked"] - count["asked_on"] + unanswered + unsent


@contextmanager
def counting(lab: Lab) -> Iterator[RouterCounters]:
    """The router counts; the streams begin and end meanwhile."""
    lab.run(ROUTER, "nft", "-f", "-", given=_COUNTERS)
    try:
        yield RouterCounters(lab)
    finally:
        lab.run(ROUTER, "nft", "delete", "table", "inet", "counted")
