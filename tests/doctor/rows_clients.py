"""Faults of what this machine does for the clients behind it."""

from doctor.box import POLICY_V6
from doctor.planted import Planted


def filtered(rules: str) -> tuple[str, ...]:
    """The firewall consists of this alone."""
    return ("nft flush ruleset", f"nft '{rules}'")


def translated(family: str, rules: str) -> tuple[str, ...]:
    """The firewall consists of these rules of source NAT."""
    return filtered(
        f"table {family} home {{ chain out {{ "
        f"type nat hook postrouting priority srcnat; {rules}; }}; }}"
    )


ROWS = (
    Planted(
        "nat/one-sided",
        translated("ip", 'oifname "eth0" masquerade'),
        "secondary",
        "by eth0 they get another one",
    ),
    Planted(
        "nat/one-sided",
        translated(
            "ip", "ip saddr 203.0.113.128/25 jump a; }; chain a { oif eth1 snat to 198.51.100.130"
        ),
        "primary",
        "when they leave by eth0",
        name="in a chain of its own",
    ),
    Planted("nat/missing", ("nft flush ruleset",), "primary", "leave by eth0 with their private"),
    Planted(
        "nat/foreign-address",
        translated("ip", "ip saddr 203.0.113.128/25 snat to 198.51.100.2"),
        "secondary",
        "with 198.51.100.2, an address of eth0",
    ),
    Planted(
        "firewall/one-sided",
        (
            "nft 'table inet home { chain through { "
            "type filter hook forward priority 0; policy drop; "
            'ct state established,related accept; iifname "lan0" oifname "eth0" accept; }; }\'',
        ),
        "secondary",
        "are dropped when they leave by eth1, but not by eth0",
    ),
    Planted(
        "firewall/one-sided",
        (
            "nft 'table inet home { chain through { type filter hook forward priority 0; "
            'oifname vmap { "eth1" : drop }; }; }\'',
        ),
        "secondary",
        "are dropped when they leave by eth1",
        name="by a map",
    ),
    Planted("mtu/shrinks", ("ip link set eth1 mtu 1400",), "secondary", "1400 bytes by eth1, 1500"),
    Planted(
        "mtu/shrinks",
        ("ip route add default via 198.51.100.129 dev eth1 metric 700 mtu 1400",),
        "secondary",
        "1400 bytes by eth1, 1500",
        name="by a learned route",
    ),
    Planted(
        "ipv6-clients/dead-prefix",
        ("nft flush ruleset",),
        "secondary",
        "keep addresses of primary",
        policy=POLICY_V6,
    ),
)
