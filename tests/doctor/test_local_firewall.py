"""What is foretold of probes and their answers is what the kernel does with them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.box import POLICY, POLICY_V6, box, diagnosed, shell
from route_switcher.doctor.finding import Finding, Verdict
from support.route_writers import need
from support.running import eventually

pytestmark = pytest.mark.kernel

PASS, SKIP, FAIL = Verdict.PASS, Verdict.SKIP, Verdict.FAIL
ONE_TARGET = POLICY.replace(", 203.0.113.10", "")


def nft(hook: str, rules: str, priority: str = "0") -> tuple[str, ...]:
    chain = f"type filter hook {hook} priority {priority}; {rules};"
    around = (
        "set blocked { type ipv4_addr; flags interval; elements = { 203.0.113.8/30 }; }; "
        "chain leave { return; }; chain no { drop; }; chain own"
    )
    return (f"nft 'table inet home {{ {around} {{ {chain} }}; }}'",)


def iptables(*rules: str, program: str = "iptables-nft") -> tuple[str, ...]:
    return tuple(f"{program} {rule}" for rule in rules)


STATEFUL = "policy drop; ct state established,related accept"
UFW = (
    "-P INPUT DROP",
    "-P FORWARD DROP",
    "-N logging",
    "-N before",
    "-N not-local",
    "-A INPUT -j logging",
    "-A INPUT -j before",
    "-A logging -m conntrack --ctstate INVALID -m limit --limit 3/min -j LOG",
    "-A before -i lo -j ACCEPT",
    "-A before -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-A before -m conntrack --ctstate INVALID -j DROP",
    "-A before -p icmp -m icmp --icmp-type 8 -j ACCEPT",
    "-A before -j not-local",
    "-A not-local -m addrtype --dst-type LOCAL -j RETURN",
    "-A not-local -j DROP",
)
DOCKER = (
    "-P FORWARD DROP",
    "-N DOCKER-USER",
    "-A FORWARD -j DOCKER-USER",
    "-A DOCKER-USER -j RETURN",
    "-t raw -A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP",
    "-t nat -N DOCKER",
    "-t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
    "-t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
)

BY_IPV4: dict[str, tuple[tuple[str, ...], Verdict]] = {
    "input: by the state": (nft("input", STATEFUL), PASS),
    "input: by a map of states": (
        nft("input", "policy drop; ct state vmap { established : accept, invalid : drop }"),
        PASS,
    ),
    "input: one interface": (nft("input", 'policy drop; iifname "eth0" accept'), PASS),
    "input: other requests only": (nft("input", "icmp type echo-request drop"), PASS),
    "input: echo replies": (nft("input", "icmp type echo-reply drop"), FAIL),
    "input: no ICMP": (nft("input", "meta l4proto { icmp, icmpv6 } drop"), FAIL),
    "input: another protocol": (nft("input", "ip protocol != icmp drop"), PASS),
    "input: ports": (
        nft("input", "tcp dport 22 drop; udp dport != 53 drop; tcp flags syn drop"),
        PASS,
    ),
    "input: addresses and ports": (
        nft("input", "ip saddr . tcp dport { 203.0.113.9 . 22 } drop"),
        PASS,
    ),
    "input: a mark": (nft("input", "meta mark 7 drop"), SKIP),
    "input: a limit": (nft("input", "policy drop; limit rate 10/second accept"), SKIP),
    "input: to this host": (nft("input", "fib daddr type local drop"), FAIL),
    "input: to another host": (nft("input", "fib daddr type != local drop"), PASS),
    "input: a set": (nft("input", "ip saddr @blocked drop"), FAIL),
    "input: to another address": (nft("input", "ip daddr != 198.51.100.2 drop"), PASS),
    "input: IPv6 only": (
        nft("input", "ip6 daddr != ::1 drop; icmpv6 type != echo-reply drop"),
        PASS,
    ),
    "input: nothing established": (nft("input", "ct state established drop"), FAIL),
    "input: it returns": (nft("input", "jump leave; goto no"), FAIL),
    "prerouting: nothing invalid": (nft("prerouting", "ct state invalid drop", "mangle"), PASS),
    "prerouting: too early": (
        nft("prerouting", "policy drop; ct state established accept", "raw"),
        FAIL,
    ),
    "output: accept": (nft("output", "accept"), PASS),
    "output: by the state": (
        nft("output", "policy drop; ct state established,related accept"),
        FAIL,
    ),
    "output: nothing new": (nft("output", "ct state new reject"), FAIL),
    "output: new is let out": (nft("output", "policy drop; ct state new,established accept"), PASS),
    "output: the loopback interface": (nft("output", 'oif "lo" accept; tcp dport 25 reject'), PASS),
    "output: private addresses": (
        nft("output", "ip daddr { 10.0.0.0/8, 192.168.0.0/16 } drop"),
        PASS,
    ),
    "output: from another address": (nft("output", "ip saddr != 198.51.100.2 drop"), PASS),
    "output: by no input interface": (nft("output", 'iifname "eth0" drop'), PASS),
    "postrouting: by interface": (nft("postrouting", 'oifname "eth*" drop', "mangle"), FAIL),
    "forward: a policy": (nft("forward", "policy drop"), PASS),
    "as ufw has it": (iptables(*UFW), PASS),
    "as ufw has it, legacy": (iptables(*UFW, program="iptables-legacy"), PASS),
    "as Docker has it": (iptables(*DOCKER), PASS),
    "iptables: a type": (iptables("-A OUTPUT -p icmp --icmp-type echo-request -j REJECT"), FAIL),
    "legacy: output": (
        iptables("-A OUTPUT -o eth0 -p icmp -j DROP", program="iptables-legacy"),
        FAIL,
    ),
    "legacy: input": (iptables("-A INPUT -i eth0 -j REJECT", program="iptables-legacy"), FAIL),
    "legacy: a policy": (
        iptables(
            "-P INPUT DROP", "-A INPUT -p tcp --dport 22 -j ACCEPT", program="iptables-legacy"
        ),
        FAIL,
    ),
    "iptables: another type": (iptables("-A OUTPUT -p icmp --icmp-type echo-reply -j DROP"), PASS),
    "iptables: any type": (iptables("-A INPUT -p icmp --icmp-type any -j DROP"), FAIL),
    "iptables: not this type": (iptables("-A INPUT -p icmp ! --icmp-type 0 -j DROP"), PASS),
    "iptables: ports": (
        iptables("-A OUTPUT -p udp --dport 53 -j DROP", "-A OUTPUT ! -p icmp -j DROP"),
        PASS,
    ),
    "iptables: too early": (
        iptables("-t raw -A PREROUTING -m state --state INVALID -j DROP"),
        FAIL,
    ),
    "iptables: a mark": (iptables("-A OUTPUT -m mark --mark 0x8000 -j DROP"), SKIP),
    "iptables: mangle": (iptables("-t mangle -A POSTROUTING -o eth+ -j DROP"), FAIL),
    "iptables: for this host": (iptables("-A INPUT -m addrtype --dst-type LOCAL -j DROP"), FAIL),
    "iptables: a filter of paths": (
        iptables("-t raw -A PREROUTING -m rpfilter --invert -j DROP"),
        SKIP,
    ),
}
BY_IPV6: dict[str, tuple[tuple[str, ...], Verdict]] = {
    "input: by the state": (
        nft(
            "input", f"{STATEFUL}; icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept"
        ),
        PASS,
    ),
    "input: IPv4 only": (
        nft("input", "ip saddr != 10.0.0.0/8 drop; icmp type != echo-reply drop"),
        PASS,
    ),
    "input: ICMPv6": (nft("input", "ip6 nexthdr icmpv6 drop"), FAIL),
    "input: echo replies": (nft("input", "icmpv6 type echo-reply drop"), FAIL),
    "output: echo requests": (
        nft("output", "ip6 daddr 2001:db8::/32 icmpv6 type echo-request reject"),
        FAIL,
    ),
    "output: ports": (nft("output", "tcp dport 25 drop"), PASS),
    "ip6tables": (
        iptables("-A INPUT -p icmpv6 --icmpv6-type 129 -j DROP", program="ip6tables-nft"),
        FAIL,
    ),
    "ip6tables: a policy": (iptables("-P INPUT DROP", program="ip6tables-nft"), FAIL),
    "ip6tables: a policy, legacy": (iptables("-P OUTPUT DROP", program="ip6tables-legacy"), FAIL),
    "ip6tables: requests": (
        iptables("-A INPUT -p icmpv6 --icmpv6-type 128 -j DROP", program="ip6tables-nft"),
        PASS,
    ),
}


@pytest.fixture
def router() -> Iterator[None]:
    with box():
        yield


@pytest.mark.usefixtures("router")
@pytest.mark.parametrize("name", BY_IPV4)
def test_with_ipv4_it_is_as_foretold(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands, verdict = BY_IPV4[name]
    need(*(command.split()[0] for command in commands))
    shell("ip route add 203.0.113.9 via 198.51.100.1 dev eth0", *commands)
    _compare("203.0.113.9", ONE_TARGET, verdict, tmp_path, capsys)


@pytest.mark.usefixtures("router")
@pytest.mark.parametrize("name", BY_IPV6)
def test_with_ipv6_it_is_as_foretold(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands, verdict = BY_IPV6[name]
    need(*(command.split()[0] for command in commands))
    shell("ip -6 route add default via 2001:db8:0::1 dev eth0", *commands)
    _compare("2001:db8:ffff::9", POLICY_V6, verdict, tmp_path, capsys)


def _compare(
    target: str, policy: str, verdict: Verdict, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = _of_primary(policy, folder, capsys)
    assert found.verdict is verdict, found
    assert found.fault == ("drops-probes" if verdict is FAIL else None)
    # The neighbour is asked for again only after a second where the firewall has dropped that too.
    if verdict is PASS:
        eventually(lambda: _answers(target), "an answer")
    if verdict is FAIL:
        assert not _answers(target)
        shell(*found.remedies)
        eventually(lambda: _answers(target), "an answer after the remedy")
        assert _of_primary(policy, folder, capsys).verdict is not FAIL


@pytest.mark.usefixtures("router")
def test_of_several_addresses_the_kernel_may_take_any(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell("ip address add 198.51.100.3/25 dev eth0", *nft("output", "ip saddr 198.51.100.3 drop"))
    assert _of_primary(ONE_TARGET, tmp_path, capsys).verdict is SKIP


@pytest.mark.usefixtures("router")
@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ("icmp type echo-request drop", SKIP),
        ("meta l4proto icmp drop", SKIP),
        ("accept", PASS),
        ('oifname "eth0" drop', FAIL),
    ],
)
def test_probes_that_send_no_pings_are_not_stopped_by_a_filter_of_pings(
    rules: str, verdict: Verdict, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell(*nft("output", rules))
    text = ONE_TARGET.replace("type: icmp", "type: tcp, port: 443")
    found = _of_primary(text, tmp_path, capsys)
    assert found.verdict is verdict
    # To let pings pass would not help.
    assert found.remedies == ()


@pytest.mark.usefixtures("router")
def test_an_uplink_whose_gateway_alone_is_asked_has_no_names_as_targets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        POLICY.replace("type: icmp, targets: [203.0.113.9, 203.0.113.10]", "type: neighbour")
    )
    _, findings = diagnosed(policy, capsys)
    (found,) = [f for f in findings if (f.check, f.subject) == ("probe-way", "primary")]
    assert found.text == "no probe of it asks a host on the internet that the policy names"


def _of_primary(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Finding:
    """What is said of the probes of the uplink, not of clients."""
    policy = folder / "policy.yaml"
    policy.write_text(text)
    _, findings = diagnosed(policy, capsys)
    mine = [f for f in findings if (f.check, f.subject) == ("firewall", "primary")]
    (found,) = [f for f in mine if "probes" in f.text]
    return found


def _answers(target: str) -> bool:
    """Whether one of a few echo requests that leave by eth0 is answered."""
    words = ["ping", "-n", "-q", "-i", "0.2", "-c", "1", "-w", "1", "-I", "eth0", target]
    return subprocess.run(words, capture_output=True, timeout=30).returncode == 0
