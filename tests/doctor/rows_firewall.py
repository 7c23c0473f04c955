"""Faults of the firewall of this machine that concern its own probes."""

from doctor.box import POLICY, POLICY_V6
from doctor.planted import Planted


def chained(hook: str, rules: str, family: str = "inet") -> tuple[str, ...]:
    """A filter with one chain."""
    return (
        f"nft 'table {family} home {{ chain own {{ type filter hook {hook} priority 0; "
        f"{rules}; }}; }}'",
    )


def dropped(
    name: str, plant: tuple[str, ...], subject: str, says: str, policy: str = POLICY
) -> Planted:
    """A row."""
    return Planted("firewall/drops-probes", plant, subject, says, name=name, policy=policy)


_LEAVING = "probes that leave by eth1 (203.0.113.9, 203.0.113.10) are dropped"
_COMING = "answers to probes that come in by eth1 (203.0.113.9, 203.0.113.10) are dropped"

ROWS = (
    dropped(
        "nft, output",
        chained("output", 'oifname "eth1" icmp type echo-request drop'),
        "secondary",
        f"{_LEAVING} by this machine's own firewall: chain own in table inet home",
    ),
    dropped("nft, input", chained("input", 'iif "eth1" drop'), "secondary", _COMING),
    dropped(
        "nft, policy drop without the state",
        chained("input", "policy drop; iif lo accept; tcp dport 22 accept"),
        "primary",
        "answers to probes that come in by eth0",
    ),
    dropped(
        "nft, before conntrack",
        (
            "nft 'table ip home { chain own { type filter hook prerouting priority raw; "
            "ct state invalid drop; }; }'",
        ),
        "secondary",
        _COMING,
    ),
    dropped(
        "nft, postrouting, in a chain of its own",
        (
            "nft 'table ip home { chain no { drop; }; chain own { type filter "
            'hook postrouting priority mangle; oifname vmap { "eth1" : jump no }; }; }\'',
        ),
        "secondary",
        _LEAVING,
    ),
    dropped(
        "nft, one target",
        chained("output", "ip daddr 203.0.113.10 drop"),
        "primary",
        "probes that leave by eth0 (203.0.113.10) are dropped",
    ),
    dropped(
        "nft, at the ingress of a device",
        (
            "nft 'table netdev home { chain own { type filter hook ingress device eth1 priority 0; "
            "icmp type echo-reply drop; }; }'",
        ),
        "secondary",
        f"{_COMING} by this machine's own firewall: chain own in table netdev home",
    ),
    dropped(
        "nft, at the egress of several devices",
        (
            "nft 'table netdev home { chain own { type filter hook egress devices = { eth1, lan0 } "
            "priority 0; ip protocol icmp drop; }; }'",
        ),
        "secondary",
        f"{_LEAVING} by this machine's own firewall: chain own in table netdev home",
    ),
    Planted(
        "firewall/drops-arp",
        (
            "nft 'table arp home { chain own { type filter hook input priority 0; policy drop; "
            'iifname "eth0" accept; }; }\'',
        ),
        "secondary",
        "ARP at eth1 is dropped, so the gateway cannot be found: chain own in table arp home",
    ),
    Planted(
        "firewall/drops-arp",
        ("nft 'table arp home { chain own { type filter hook output priority 0; drop; }; }'",),
        "primary",
        "ARP at eth0 is dropped",
        name="output",
    ),
    dropped(
        "nft, IPv6",
        chained("output", 'policy drop; oifname "lo" accept; icmp type echo-request accept'),
        "secondary",
        "probes that leave by eth1 (2001:db8:ffff::9) are dropped",
        POLICY_V6,
    ),
)
