"""What is foretold of a packet, from rules as nft and iptables write them."""

import json
import subprocess
from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.vocabulary.policy_rules import Network
from route_switcher.doctor.firewall.conditions import Packet, Truth
from route_switcher.doctor.firewall.iptables_save import iptables_chains
from route_switcher.doctor.firewall.nft_json import NftRules, NotUnderstood, nft_rules
from route_switcher.doctor.firewall.ruleset import Chain, Firewall
from route_switcher.doctor.firewall.walk import (
    is_clamped,
    is_dropped,
    is_translated,
    translations,
)
from route_switcher.doctor.reading.firewall import firewall

LAN = ip_network("203.0.113.0/24")
LAN_V6 = ip_network("2001:db8:a::/64")
NO, MAYBE, YES = Truth.NO, Truth.MAYBE, Truth.YES


def packet(source: Network = LAN, going_out: str = "eth0") -> Packet:
    return Packet(source, "lan0", going_out)


def truth_of(found: Firewall, source: Network = LAN) -> tuple[Truth, Truth]:
    """Whether it is translated by eth0 and by eth1."""
    first, second = (
        is_translated(translations(found, packet(source, name))) for name in ("eth0", "eth1")
    )
    return first, second


@pytest.fixture
def flushed() -> Iterator[None]:
    yield
    subprocess.run(["nft", "flush", "ruleset"], check=True)


TRANSLATED = {
    'oifname "eth0" masquerade': (YES, NO),
    "masquerade": (YES, YES),
    'oifname { "eth0", "eth1" } counter masquerade random': (YES, YES),
    'oifname "eth*" masquerade': (YES, YES),
    'oifname != "eth1" masquerade': (YES, NO),
    "oifname @wans masquerade": (YES, YES),
    "oif lo masquerade": (NO, NO),
    "ip saddr 203.0.113.0/24 masquerade": (YES, YES),
    "ip saddr 203.0.0.0/16 ip daddr != 10.0.0.0/8 masquerade": (YES, YES),
    "ip saddr { 198.51.100.0/24, 203.0.113.0-203.0.113.255 } masquerade": (YES, YES),
    "ip saddr @lans masquerade": (YES, YES),
    "ip saddr 203.0.113.5 masquerade": (MAYBE, MAYBE),
    "ip saddr 198.51.100.0/24 masquerade": (NO, NO),
    "ip daddr 10.0.0.0/8 masquerade": (NO, NO),
    "ip daddr 8.8.8.8 masquerade": (MAYBE, MAYBE),
    "fib daddr type != local masquerade": (YES, YES),
    "fib daddr type local masquerade": (NO, NO),
    "meta mark 1 masquerade": (MAYBE, MAYBE),
    "tcp dport 80 masquerade": (MAYBE, MAYBE),
    "tcp dport 80 masquerade; masquerade": (YES, YES),
    'oifname "eth0" accept; masquerade': (NO, YES),
    "ct state new masquerade": (YES, YES),
    "ct state established masquerade": (NO, NO),
    'oifname "eth1" snat to 198.51.100.2': (NO, YES),
    'oifname vmap { "eth0" : jump out, "eth1" : accept }': (YES, NO),
    "oifname vmap @ways": (NO, YES),
    'oifname "eth0" jump out': (YES, NO),
    "goto back; masquerade": (NO, NO),
    "jump back; masquerade": (YES, YES),
    "oifname . ip saddr { eth0 . 203.0.113.9 } masquerade": (MAYBE, MAYBE),
    "snat ip prefix to ip saddr map { 203.0.113.0/24 : 198.51.100.0/24 }": (YES, YES),
}
_AROUND = """\
table ip home {{
    set wans {{ type ifname; elements = {{ "eth0", "eth1" }} }}
    set lans {{ type ipv4_addr; flags interval; elements = {{ 203.0.113.0/24 }} }}
    map ways {{ type ifname : verdict; elements = {{ "eth1" : jump out }} }}
    chain out {{ masquerade; }}
    chain back {{ return; }}
    chain last {{ type nat hook postrouting priority srcnat; {} ; }}
}}
"""


def loaded(rules: str) -> Firewall:
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
    found = firewall()
    assert isinstance(found, Firewall)
    return found


@pytest.mark.kernel
@pytest.mark.usefixtures("flushed")
@pytest.mark.parametrize("rules", TRANSLATED)
def test_whether_nft_translates(rules: str) -> None:
    assert truth_of(loaded(_AROUND.format(rules))) == TRANSLATED[rules]


DROPPED = {
    "policy drop": (YES, YES),
    'policy drop; oifname "eth0" accept': (NO, YES),
    'iifname "lan0" oifname "eth1" reject': (NO, YES),
    'policy drop; ct state established,related accept; iifname "lan0" accept': (NO, NO),
    "policy drop; meta mark 1 accept": (MAYBE, MAYBE),
    "policy drop; ct state vmap { established : accept, new : accept }": (NO, NO),
    "tcp dport 25 drop": (MAYBE, MAYBE),
    "meta nfproto ipv6 drop": (NO, NO),
    "meta nfproto ipv4 drop": (YES, YES),
}


@pytest.mark.kernel
@pytest.mark.usefixtures("flushed")
@pytest.mark.parametrize("rules", DROPPED)
def test_whether_nft_drops(rules: str) -> None:
    chain = f"type filter hook forward priority 0; {rules};"
    found = loaded(f"table inet home {{ chain through {{ {chain} }}; }}")
    ways = (packet(going_out=name) for name in ("eth0", "eth1"))
    assert tuple(is_dropped(found, way) for way in ways) == DROPPED[rules]


@pytest.mark.kernel
@pytest.mark.usefixtures("flushed")
@pytest.mark.parametrize(
    ("rule", "clamped"),
    [
        ("tcp flags syn tcp option maxseg size set rt mtu", (True, True)),
        ("tcp flags syn / syn,rst tcp option maxseg size set 1400", (True, True)),
        ('oifname "eth1" tcp flags syn tcp option maxseg size set rt mtu', (False, True)),
        ("tcp option maxseg size 1400 accept", (False, False)),
    ],
)
def test_whether_nft_clamps(rule: str, clamped: tuple[bool, bool]) -> None:
    chain = f"type filter hook forward priority mangle; {rule};"
    found = loaded(f"table inet home {{ chain through {{ {chain} }}; }}")
    ways = (packet(LAN_V6, name) for name in ("eth0", "eth1"))
    assert tuple(is_clamped(found, way) for way in ways) == clamped


@pytest.mark.kernel
@pytest.mark.usefixtures("flushed")
def test_a_family_has_tables_of_its_own() -> None:
    found = loaded("table ip6 h { chain c { type nat hook postrouting priority 0; masquerade; }; }")
    assert truth_of(found, LAN_V6) == (YES, YES)
    assert truth_of(found) == (NO, NO)


IPTABLES = {
    "-A POSTROUTING -o eth0 -j MASQUERADE": (YES, NO),
    "-A POSTROUTING -o eth+ -j MASQUERADE --random": (YES, YES),
    "-A POSTROUTING ! -o eth1 -j MASQUERADE": (YES, NO),
    '-A POSTROUTING -s 203.0.113.0/24 -m comment --comment "a -j b" -j MASQUERADE': (YES, YES),
    "-A POSTROUTING -s 203.0.113.0/24 ! -d 203.0.113.0/24 -j SNAT --to-source 198.51.100.2": (
        YES,
        YES,
    ),
    "-A POSTROUTING -m mark --mark 0x1 -j MASQUERADE": (MAYBE, MAYBE),
    "-A POSTROUTING -p tcp -m tcp --dport 80 -j MASQUERADE": (MAYBE, MAYBE),
    "-A POSTROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j MASQUERADE": (NO, NO),
    "-A POSTROUTING -j LOG --log-prefix x\n-A POSTROUTING -o eth1 -j MASQUERADE": (NO, YES),
    "-A POSTROUTING -j OUT\n-A OUT -o eth0 -j RETURN\n-A OUT -j MASQUERADE": (NO, YES),
    "-A POSTROUTING -g OUT\n-A POSTROUTING -j MASQUERADE": (NO, NO),
    "-A POSTROUTING --comment 'open": (NO, NO),
}


def saved(table: str, rules: str, policy: str = "ACCEPT") -> Firewall:
    text = f"# x\n*{table}\n:POSTROUTING {policy} [0:0]\n:FORWARD {policy} [0:0]\n:OUT - [0:0]\n"
    chains = iptables_chains(f"{text}{rules}\nCOMMIT\n", "iptables-nft", "ip")
    return Firewall({chain.id: chain for chain in chains})


@pytest.mark.parametrize("rules", IPTABLES)
def test_whether_iptables_translates(rules: str) -> None:
    assert truth_of(saved("nat", rules)) == IPTABLES[rules]


def test_whether_iptables_drops_and_clamps() -> None:
    found = saved("filter", "-A FORWARD -i lan0 -o eth0 -j ACCEPT", "DROP")
    assert is_dropped(found, packet()) is NO
    assert is_dropped(found, packet(going_out="eth1")) is YES
    syn = "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"
    found = saved("mangle", f"-A FORWARD -o eth1 {syn}")
    assert [is_clamped(found, packet(going_out=f"eth{n}")) for n in (0, 1)] == [False, True]


@pytest.mark.parametrize("value", ["198.51.100.2:1024-65535", "198.51.100.2"])
def test_the_address_of_a_translation_is_read_without_ports(value: str) -> None:
    found = saved("nat", f"-A POSTROUTING -j SNAT --to-source {value}")
    (end,) = translations(found, packet())
    assert end.addresses == ("198.51.100.2",)


def test_chains_that_call_one_another_without_end_are_left_at_some_time() -> None:
    chains = [f"-A C{n} -m mark --mark 1 -j C{n + 1}" for n in range(300)]
    text = "*nat\n:POSTROUTING ACCEPT [0:0]\n" + "".join(f":C{n} - [0:0]\n" for n in range(301))
    text += "-A POSTROUTING -j C0\n" + "\n".join(chains) + "\n-A C300 -j C0\n"
    found = Firewall({c.id: c for c in iptables_chains(text, "iptables-nft", "ip")})
    assert is_translated(translations(found, packet())) is MAYBE


_STATEMENTS = ("match", "left", "right", "op", "vmap", "key", "data", "jump", "target", "mangle")
_OTHERS = ("rule", "chain", "set", "expr", "snat", "family", "table", "name", "meta", "fib", "xt")
WORDS = st.sampled_from((*_STATEMENTS, *_OTHERS))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["eth0", "@wans", "ip", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=4), JSON)
def test_whatever_nft_prints_is_understood_or_not(entries: list[object], statement: object) -> None:
    place = {"family": "ip", "table": "t"}
    chain = {"chain": {**place, "name": "c", "type": "nat", "hook": "postrouting", "prio": 0}}
    rule = {"rule": {**place, "chain": "c", "expr": [statement]}}
    for told in ([*entries], [chain, rule], [chain, {"rule": {**place, "chain": "c"}}], statement):
        try:
            found = nft_rules(json.dumps({"nftables": told}))
        except NotUnderstood:
            continue
        assert isinstance(found, NftRules)
        chains: dict[object, Chain] = {each.id: each for each in found.chains}
        assert all(truth in Truth for truth in truth_of(Firewall(chains)))  # type: ignore[arg-type]
