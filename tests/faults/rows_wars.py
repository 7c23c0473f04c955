"""Rows about programs that write routes and rules of their own every second, over ours."""

from collections.abc import Sequence
from dataclasses import replace

from faults.acts import router
from faults.bench import Bench, wait_until
from faults.policy import Settings
from faults.row import Act, Row, Step
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER

_TURNS = 6
_LONGEST = 60
"""Seconds after which a war ends by itself."""

_STANDBY = "via 203.0.113.1 dev eth1"
_RULES = "pref 32765"
_OURS_AT_10 = "route del default via 198.51.100.1 dev eth0 metric 10 proto 115"

_A_WAR = 4
"""Lines of the log, of level info or above: the first time as it is, and one about all others."""


def _every_second(*commands: str, pause: float = 0.0) -> Act:
    """These `ip` commands, so many seconds after each other, in every second."""
    turn = f"; sleep {pause}; ".join(f"ip {command}" for command in commands)
    loop = f"for turn in $(seq {_TURNS}); do {turn}; sleep 1; done 2>/dev/null"

    def act(bench: Bench) -> None:
        process = bench.lab.start(ROUTER, ["timeout", str(_LONGEST), "sh", "-c", loop])
        wait_until(lambda: process.poll() is not None, "the end of the war")

    return act


def _put_back(act: Act, lost: int, lines: int = _A_WAR) -> Step:
    """What is ours is there again each time. `lost` are the packets that one turn may cost."""
    said = (("notice", "are taken away by somebody else again and again"),)
    return Step(act, "put back each time, told once", says=said, lost=lost * _TURNS, lines=lines)


def _route_and_main_taken(bench: Bench) -> None:
    """Without the rule about main the kernel finds no gateway of IPv6."""
    taken = "rule del pref 32765 table main\nroute del default dev eth0 table 115 metric 10\n"
    bench.lab.run(ROUTER, "ip", "-6", "-batch", "-", given=taken)


_OWN = Settings(own_table=True)
_FLUSH: Sequence[str] = [f"route flush table {table}" for table in (115, 116, 117)]

ROWS_WARS = (
    Row("our active route deleted every second", _put_back(_every_second(_OURS_AT_10), 100)),
    Row(
        "our routes deleted every second, and a default at a better metric put there",
        replace(
            _put_back(
                _every_second(
                    "route flush proto 115", f"route replace default {_STANDBY} metric 5 proto dhcp"
                ),
                100,
                lines=_A_WAR + 3,
            ),
            then="put back each time; traffic follows the kernel to the secondary",
            taken="eth1",
        ),
        Step(
            router("route del default metric 5"),
            "back, with the kernel",
            says=(("notice", "foreign route out of the way"),),
        ),
    ),
    Row(
        "a foreign default at a better metric comes and goes every second",
        Step(
            _every_second(
                f"route add default {_STANDBY} metric 5 proto dhcp",
                "route del default metric 5",
                pause=0.5,
            ),
            "told as what comes and goes; traffic follows the kernel",
            says=(("notice", "again and again"),),
            lines=_A_WAR,
        ),
    ),
    Row(
        "our own metric taken by a foreign default, and given back, every second",
        Step(
            _every_second(
                f"route replace default {_STANDBY} metric 10 proto dhcp",
                f"route del default {_STANDBY} metric 10",
                pause=0.5,
            ),
            "stands demoted meanwhile",
            says=(("notice", "metric 10 is held by a foreign route"),),
            lines=_A_WAR + 6,
        ),
    ),
    Row(
        "every route of our own tables deleted every second",
        _put_back(_every_second(*_FLUSH), 200, lines=_A_WAR + 3),
        settings=_OWN,
    ),
    Row(
        "all rules deleted every second but main's",
        _put_back(
            _every_second("rule flush", "rule add pref 32766 lookup main"), 200, lines=_A_WAR + 5
        ),
        settings=_OWN,
    ),
    Row(
        "our first rule deleted every second",
        _put_back(_every_second(f"rule del {_RULES}"), 200),
        settings=_OWN,
    ),
    Row(
        "our active IPv6 route and our first rule deleted at once",
        Step(_route_and_main_taken, "put back at once", says=(("gone", "table 115"),), lost=200),
        settings=replace(_OWN, families=(Family.IPV6,)),
    ),
)
