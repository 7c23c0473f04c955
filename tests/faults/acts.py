"""What is done to the lab and to the engine's process, where `lab.faults` has no name for it."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from ipaddress import IPv4Interface
from pathlib import Path

from faults import flooding
from faults.bench import Bench, wait_until
from faults.row import FAILED_OVER, Act
from route_switcher.lab.addresses import (
    CUSTOMER_PORT,
    INTERNET,
    LAN_INTERFACE,
    LAN_ROUTER,
    ROUTER,
)
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.tables import our_routes

CHURNED = 20_000
FLOODED = 150_000
"""Forged replies a second, as far as the machine can make them."""
_CHURNING_PROTOCOL = "99"
_OTHER_LINE = "198.51.100.64/26"
_BURST = 6000
"""Changes of a default route: several times what the engine's receive buffer holds."""
_BUSY = 20.0
_LONGEST = "300"
"""Seconds after which what was started ends by itself."""


def comes(fault: str) -> Act:
    """The named fault, on the primary."""
    return lambda bench: FAULTS[fault].inject(bench.lab, bench.lab.uplinks[0])


def goes(fault: str) -> Act:
    """The named fault is mended."""
    return lambda bench: FAULTS[fault].heal(bench.lab, bench.lab.uplinks[0])


def router(*commands: str) -> Act:
    """These `ip` commands in the router."""
    lines = "".join(f"{command}\n" for command in commands)

    def act(bench: Bench) -> None:
        bench.lab.run(ROUTER, "ip", "-batch", "-", given=lines)

    return act


def cut(*uplinks: str) -> Act:
    """At one instant, what comes to the internet by exactly these is dropped."""
    drops = "".join(f'iifname "{name}" drop;' for name in uplinks)
    rules = f"""
table inet cut {{}}
delete table inet cut
table inet cut {{
  chain input {{ type filter hook input priority filter; {drops} }}
}}
"""

    def act(bench: Bench) -> None:
        bench.lab.run(INTERNET, "nft", "-f", "-", given=rules)

    return act


def cut_while_nobody_reads(bench: Bench) -> None:
    """The primary goes while the log's pipe is full, which is read again when the routes moved."""
    with bench.engine.unread():
        comes("blackhole")(bench)
        wait_until(lambda: our_routes(bench.lab) == FAILED_OVER, "the routes to move")


def silence_a_target(bench: Bench) -> None:
    """The last target is dead on every line."""
    target = bench.lab.targets_v4[-1]
    bench.lab.run(INTERNET, "ip", "address", "del", f"{target}/32", "dev", "lo")


def wake_the_target(bench: Bench) -> None:
    """It answers again."""
    target = bench.lab.targets_v4[-1]
    bench.lab.run(INTERNET, "ip", "address", "add", f"{target}/32", "dev", "lo")


def cut_both_and_wait(bench: Bench) -> None:
    """Both lines are dead, and the engine knows it."""
    since = bench.engine.now
    cut("primary", "secondary")(bench)
    wait_until(lambda: _said(bench, "staying with primary", since), "both failed")


def put_unreachable_between(bench: Bench) -> None:
    """What stops traffic stands behind the active uplink's route, and before the standby's."""
    since = bench.engine.now
    _warned_of_unreachable(bench, 15)
    failed = {"uplink": "secondary", "rule": "no-internet", "after": "failed"}

    def told() -> bool:
        """Whichever comes first: the kernel's answer, or three rounds without any."""
        notices = [record.message for record in bench.engine.said("notice", since)]
        stopped = any("would go nowhere" in text for text in notices)
        return stopped or bool(bench.engine.said("rule", since, **failed))

    wait_until(told, "what becomes of the standby")


def put_unreachable_behind(bench: Bench) -> None:
    """What stops traffic stands where only the probes of a demoted uplink meet it."""
    _warned_of_unreachable(bench, 500)


def mend_and_make_way(bench: Bench) -> None:
    """The line is mended, and the remedy of that warning applied."""
    goes("blackhole")(bench)
    router("route del unreachable default metric 500")(bench)


def renumber(bench: Bench) -> None:
    """The primary's line gets another network: other addresses at both ends.

    One more address comes when the kernel has refused our route, as news of the interface that does
    not make its gateway reachable.
    """
    since = bench.engine.now
    primary = bench.lab.uplinks[0]
    gateway, own = _other_line()
    bench.lab.run(INTERNET, "ip", "route", "add", _OTHER_LINE, "via", str(primary.backbone.ip))
    length = primary.address.network.prefixlen
    for namespace, interface, old, new in (
        (primary.name, CUSTOMER_PORT, IPv4Interface((primary.gateway, length)), gateway),
        (ROUTER, primary.interface, primary.address, own),
    ):
        lines = f"address del {old} dev {interface}\naddress add {new} dev {interface}\n"
        bench.lab.run(namespace, "ip", "-batch", "-", given=lines)
    wait_until(lambda: _said(bench, "refused by the kernel", since), "the refusal")
    router(f"address add {own + 1} dev {primary.interface}")(bench)


def tell_the_policy(bench: Bench) -> None:
    """The policy is written for the renumbered line, and read again."""
    bench.write_policy({"primary": _other_line()[0].ip})
    bench.engine.send(signal.SIGHUP)


def squat(lab: Lab) -> None:
    """A process that may not change routes has the name that an engine takes."""
    script = "import socket, time; taken = socket.socket(socket.AF_UNIX)"
    script += "; taken.bind('\\0route-switcher'); taken.listen(1); time.sleep(90)"
    words = ["setpriv", "--bounding-set", "-net_admin", sys.executable, "-I", "-c", script]
    lab.start(ROUTER, words)
    names = ["cat", "/proc/net/unix"]
    wait_until(lambda: "@route-switcher" in lab.run(ROUTER, *names), "the name to be taken")


def reload_from_a_fifo_and_cut(bench: Bench) -> None:
    """Where the policy was there is a FIFO; it is to be read, and the primary's line goes dead."""
    bench.policy_file.unlink()
    os.mkfifo(bench.policy_file)
    bench.engine.send(signal.SIGHUP)
    comes("blackhole")(bench)


def set_links_down_and_up(bench: Bench) -> None:
    """Both uplinks' interfaces, so that the kernel makes their connected routes again.

    The LAN gets its route again by its address: on a link that was down the client would have to
    learn the router's MAC address first.
    """
    lan = f"{LAN_ROUTER} dev {LAN_INTERFACE}"
    router(f"address del {lan}", f"address add {lan}")(bench)
    for uplink in bench.lab.uplinks:
        link = f"link set {uplink.interface}"
        router(f"{link} down", f"{link} up")(bench)


def churn(bench: Bench) -> None:
    """20,000 foreign routes of both families are added and deleted, again and again."""
    folder = bench.policy_file.parent
    for change in ("add", "del"):
        for version, routes in (("4", _routes_v4()), ("6", _routes_v6())):
            lines = (f"route {change} {route} proto {_CHURNING_PROTOCOL}\n" for route in routes)
            Path(folder, f"{change}{version}").write_text("".join(lines))
    batches = " && ".join(
        f"ip -{version} -batch {folder}/{change}{version}"
        for change in ("add", "del")
        for version in "46"
    )
    words = ["timeout", _LONGEST, "sh", "-c", f"while {batches}; do :; done"]
    process = bench.lab.start(ROUTER, words)
    for version in ("-4", "-6"):
        show = ["ip", version, "route", "show", "proto", _CHURNING_PROTOCOL]
        wait_until(lambda s=show: len(bench.lab.run(ROUTER, *s)) > 1000, "churning")  # type: ignore[misc]
    assert process.poll() is None


def overrun(bench: Bench) -> None:
    """More route changes than the engine's buffer holds, the loss of our route among them."""
    changes = [f"route {c} default via 203.0.113.1 metric 5000" for c in ("add", "del")]
    half = changes * (_BURST // 4)
    our_route = "route del default via 198.51.100.1 dev eth0 metric 10 proto 115"
    with bench.stopped():
        router(*half, our_route, *half)(bench)


def flood(uplink: int = 0, watching: str = "") -> Act:
    """Forged echo replies come in on this line; `watching` says what the forger sees of ours."""

    def act(bench: Bench) -> None:
        line = bench.lab.uplinks[uplink]
        words = [sys.executable, "-P", flooding.__file__, str(bench.lab.targets_v4[0])]
        words += [str(line.address.ip), str(FLOODED), _LONGEST, watching]
        before = _echo_replies(bench)
        process = bench.lab.start(line.name, words)
        bench.lab.keep("flood", lambda: bench.lab.stop(f"process {process.pid}"))
        wait_until(lambda: _echo_replies(bench) > before + FLOODED // 4, "the flood")

    return act


def end_flood(bench: Bench) -> None:
    """No more of them come."""
    bench.lab.stop("flood")


def keep_cores_busy(bench: Bench) -> None:
    """Two processes for every core compute as fast as they can, for 20 seconds."""
    burn = ["timeout", _LONGEST, sys.executable, "-P", "-c", "while True: pass"]
    burners = [bench.lab.start(ROUTER, burn) for _ in range(2 * len(os.sched_getaffinity(0)))]
    time.sleep(_BUSY)
    for burner in burners:
        assert burner.poll() is None
        bench.lab.stop(f"process {burner.pid}")


def _warned_of_unreachable(bench: Bench, metric: int) -> None:
    since = bench.engine.now
    router(f"route add unreachable default metric {metric}")(bench)
    wait_until(lambda: _said(bench, "foreign route in the way", since), "the warning")


def _echo_replies(bench: Bench) -> int:
    """How many have come to the router."""
    names, values = (
        line.split()
        for line in bench.lab.run(ROUTER, "cat", "/proc/net/snmp").splitlines()
        if line.startswith("Icmp:")
    )
    return int(values[names.index("InEchoReps")])


def _said(bench: Bench, text: str, since: int) -> bool:
    return any(text in record.message for record in bench.engine.said("notice", since))


def _other_line() -> tuple[IPv4Interface, IPv4Interface]:
    """The ISP's address and the router's on the renumbered line."""
    network, length = _OTHER_LINE.split("/")
    first = IPv4Interface(network) + 1
    return IPv4Interface(f"{first.ip}/{length}"), IPv4Interface(f"{first.ip + 9}/{length}")


def _routes_v4() -> Iterator[str]:
    """Half of them, to where no traffic goes: many metrics each, since the lab's nets are small."""
    hosts = [f"203.0.113.{host}" for host in range(208, 248)]
    return (
        f"{host}/32 via 203.0.113.1 metric {metric}"
        for metric in range(CHURNED // 2 // len(hosts))
        for host in hosts
    )


def _routes_v6() -> Iterator[str]:
    return (f"2001:db8:{0x8000 + n:x}::/48 via 2001:db8:2::1" for n in range(CHURNED // 2))
