"""Faults of the kernel's settings."""

from doctor.box import AUTO, POLICY, POLICY_V6
from doctor.planted import Planted

IGNORING = POLICY.replace("gateway: 198.51.100.129", "gateway: 198.51.100.129, carrier: ignore")
IGNORING_V6 = POLICY_V6.replace('"2001:db8:1::1"', '"2001:db8:1::1", carrier: ignore')
AUTO_V6 = AUTO.replace("auto}", "auto, families: [ipv6]}").replace(
    "[203.0.113.9]", '["2001:db8:ffff::9"]'
)
_SHARED = "ip address add 198.51.100.3/25 dev eth1"

ROWS = (
    Planted(
        "setting/rp-filter",
        ("sysctl -qw net.ipv4.conf.all.rp_filter=1",),
        "secondary",
        "rp_filter is strict at eth1",
        name="all",
    ),
    Planted(
        "setting/rp-filter",
        ("sysctl -qw net.ipv4.conf.eth1.rp_filter=1",),
        "secondary",
        "rp_filter is strict at eth1",
        name="interface",
    ),
    Planted(
        "setting/src-valid-mark",
        (
            "sysctl -qw net.ipv4.conf.eth0.rp_filter=1",
            "ip rule add fwmark 0x1 lookup 200 pref 100",
        ),
        "primary",
        "does not look at marks",
    ),
    Planted(
        "setting/arp-ignore",
        ("sysctl -qw net.ipv4.conf.eth1.arp_ignore=8",),
        "secondary",
        "eth1 answers no ARP question",
    ),
    Planted(
        "setting/arp-ignore",
        ("sysctl -qw net.ipv4.conf.all.arp_ignore=8",),
        "secondary",
        "eth1 answers no ARP question",
        name="all",
    ),
    Planted(
        "setting/arp-filter",
        (_SHARED, "sysctl -qw net.ipv4.conf.eth1.arp_filter=1"),
        "secondary",
        "arp_filter keeps one of",
    ),
    Planted(
        "setting/arp-flux",
        (_SHARED,),
        "secondary",
        "another uplink is in the network of eth1",
    ),
    Planted(
        "setting/ipv6-disabled",
        ("sysctl -qw net.ipv6.conf.eth1.disable_ipv6=1",),
        "secondary",
        "IPv6 is disabled on eth1",
        policy=POLICY_V6,
    ),
    Planted(
        "setting/ipv6-disabled",
        ("sysctl -qw net.ipv6.conf.all.disable_ipv6=1",),
        "primary",
        "IPv6 is disabled on eth0",
        policy=POLICY_V6,
        name="all",
    ),
    Planted(
        "setting/ignores-advertisements",
        ("sysctl -qw net.ipv6.conf.eth1.accept_ra=1",),
        "secondary",
        "ignores router advertisements at eth1",
        policy=AUTO_V6,
    ),
    Planted(
        "setting/ignores-advertisements",
        (
            "sysctl -qw net.ipv6.conf.eth1.accept_ra=2",
            "sysctl -qw net.ipv6.conf.eth1.accept_ra_defrtr=0",
        ),
        "secondary",
        "takes no router from the advertisements at eth1",
        policy=AUTO_V6,
        name="no default router",
    ),
    Planted(
        "setting/linkdown-ignored",
        ("sysctl -qw net.ipv4.conf.eth1.ignore_routes_with_linkdown=1",),
        "secondary",
        "the kernel uses no route through eth1",
        policy=IGNORING,
    ),
    Planted(
        "setting/linkdown-ignored",
        ("sysctl -qw net.ipv6.conf.eth1.ignore_routes_with_linkdown=1",),
        "secondary",
        "the kernel uses no route through eth1",
        policy=IGNORING_V6,
        name="IPv6",
    ),
    Planted(
        "setting/linkdown-used",
        ("sysctl -qw net.ipv4.conf.eth1.ignore_routes_with_linkdown=0",),
        "secondary",
        "somebody has set it off at eth1",
        policy=POLICY + "ignore_linkdown: true\n",
        engine=True,
    ),
    Planted(
        "setting/no-forwarding",
        ("sysctl -qw net.ipv4.ip_forward=0",),
        "IPv4",
        "clients behind lan0 reach no internet",
    ),
    Planted(
        "setting/no-forwarding",
        ("sysctl -qw net.ipv6.conf.all.forwarding=0",),
        "IPv6",
        "clients behind lan0 reach no internet",
        policy=POLICY_V6,
        name="IPv6",
    ),
    Planted(
        "setting/no-forwarding",
        ("sysctl -qw net.ipv4.conf.lan0.forwarding=0",),
        "IPv4",
        "clients behind lan0 reach no internet",
        name="at one interface",
    ),
    Planted(
        "setting/uplink-does-not-forward",
        ("sysctl -qw net.ipv4.conf.eth1.forwarding=0",),
        "IPv4",
        "eth1 does not forward",
    ),
)
