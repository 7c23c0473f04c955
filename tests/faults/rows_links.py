"""Rows about links: a lost one is left at once, whatever the policy and the probes say."""

from dataclasses import replace

from faults.acts import comes, goes
from faults.bench import Bench
from faults.policy import Settings
from faults.row import ALONE, FAILED_OVER, Act, Row, Step
from route_switcher.lab.addresses import ROUTER

_AT_ONCE = 500
"""Packets: as in `rows`, and less than one interval of two seconds."""

_PULLED = Step(
    comes("carrier"),
    "moves to secondary at once",
    moves=("secondary",),
    taken="eth1",
    routes=FAILED_OVER,
    path=("eth0", "eth1"),
    lost=_AT_ONCE,
)
_PLUGGED = Step(goes("carrier"), "back", moves=("primary",), path=("eth1", "eth0"))
_RARE_ROUNDS = Settings(interval="2s", stable="0s", carrier_rule=False)

_FIREWALL = """
table inet firewall {
  chain output {
    type filter hook output priority filter; oifname eth1 icmp type echo-request drop;
  }
}
"""


def _shut_the_standby(act: Act) -> Act:
    """A firewall of this machine keeps the engine's requests from leaving by the standby."""

    def shut(bench: Bench) -> None:
        bench.lab.run(ROUTER, "nft", "-f", "-", given=_FIREWALL)
        act(bench)

    return shut


def _some_rounds(bench: Bench) -> None:
    bench.wait_for_rounds(4, bench.engine.now)


ROWS_LINKS = (
    Row(
        "carrier loss, rounds every 2 s, no rule about the carrier",
        replace(_PULLED, rounds=1),
        replace(_PLUGGED, rounds=1),
        settings=_RARE_ROUNDS,
    ),
    Row(
        "admin down, rounds every 2 s, no rule about the carrier",
        replace(_PULLED, act=comes("admin-down"), routes=ALONE, path=None, rounds=1),
        replace(_PLUGGED, act=goes("admin-down"), path=None, rounds=1),
        settings=_RARE_ROUNDS,
    ),
    Row(
        "carrier loss while a firewall here keeps the standby unknown",
        _PULLED,
        _PLUGGED,
        before=_shut_the_standby(_some_rounds),
    ),
    Row(
        "carrier loss, `carrier: ignore`",
        replace(_PULLED, then="moves to secondary, found by probes", lost=1500),
        _PLUGGED,
        settings=Settings(carrier_rule=False, ignore_carrier=True),
    ),
)
