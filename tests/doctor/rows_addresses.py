"""Faults of addresses and of next hops."""

from doctor.box import AUTO, POLICY, POLICY_V6
from doctor.planted import Planted

SAME_GATEWAY = POLICY.replace("gateway: 198.51.100.129", "gateway: 198.51.100.1, onlink: true")
OUTSIDE = POLICY.replace("198.51.100.129", "203.0.113.1")
LEASE = """\
lease {
  interface "eth1";
  fixed-address 198.51.100.130;
  option routers 198.51.100.200;
}
lease {
  interface "eth1";
  fixed-address 198.51.100.130;
  option routers 198.51.100.129;
}
"""

ROWS = (
    Planted(
        "address/none",
        ("ip address del 198.51.100.130/25 dev eth1",),
        "secondary",
        "eth1 has no IPv4 address that reaches out",
        ("ip address add 198.51.100.130/25 dev eth1",),
    ),
    Planted(
        "address/none",
        (
            "ip -6 address flush dev eth1",
            "ip -6 address flush dev eth0 scope global",
            "ip -6 address flush dev lan0 scope global",
        ),
        "secondary",
        "eth1 has no IPv6 address that reaches out",
        ("ip address add 2001:db8:0::2/64 dev eth0", "ip address add 2001:db8:1::2/64 dev eth1"),
        POLICY_V6,
        name="IPv6",
    ),
    Planted(
        "address/used-elsewhere",
        (
            "ip -n far address add 198.51.100.130/32 dev lo",
            "ip -n far link set isp1 address 02:00:00:00:00:77",
        ),
        "secondary",
        "a neighbour at eth1 (02:00:00:00:00:77) has 198.51.100.130 too",
        ("ip -n far address del 198.51.100.130/32 dev lo",),
    ),
    Planted(
        "address/duplicate",
        (
            "sysctl -qw net.ipv6.conf.eth1.accept_dad=1",
            "sysctl -qw net.ipv6.conf.eth1.router_solicitation_delay=0",
            "ip -n far address add 2001:db8:1::99/64 dev isp1",
            "ip address add 2001:db8:1::99/64 dev eth1",
            "until ip -6 address show dev eth1 | grep -q dadfailed; do sleep 0.01; done",
        ),
        "secondary",
        "a neighbour at eth1 has 2001:db8:1::99 too",
        policy=POLICY_V6,
        first=("ip -n far address del 2001:db8:1::99/64 dev isp1",),
    ),
    Planted(
        "address/tentative",
        (
            "sysctl -qw net.ipv6.conf.eth1.accept_dad=1",
            "sysctl -qw net.ipv6.conf.eth1.dad_transmits=100",
            "ip address del 2001:db8:1::2/64 dev eth1",
            "ip address add 2001:db8:1::2/64 dev eth1",
        ),
        "secondary",
        "2001:db8:1::2 is still being checked",
        (
            "ip address del 2001:db8:1::2/64 dev eth1",
            "ip address add 2001:db8:1::2/64 dev eth1 nodad",
        ),
        POLICY_V6,
    ),
    Planted(
        "address/deprecated",
        ("ip address change 2001:db8:1::2/64 dev eth1 preferred_lft 0",),
        "secondary",
        "every address of eth1 is deprecated",
        policy=POLICY_V6,
    ),
    Planted(
        "address/deprecated",
        ("ip address change 198.51.100.130/25 dev eth1 preferred_lft 0",),
        "secondary",
        "every address of eth1 is deprecated",
        name="IPv4",
    ),
    Planted(
        "address/self-assigned",
        (
            "ip address del 198.51.100.130/25 dev eth1",
            "ip address add 169.254.7.7/16 dev eth1",
        ),
        "secondary",
        "no DHCP server answered",
        ("ip address add 198.51.100.130/25 dev eth1",),
        AUTO,
    ),
    Planted(
        "address/gateway-outside",
        ("ip -n far address add 203.0.113.1/32 dev isp1",),
        "secondary",
        "203.0.113.1 is in no network of eth1",
        ("ip address add 203.0.113.2/25 dev eth1",),
        OUTSIDE,
    ),
    Planted(
        "address/gateway-outside",
        ("ip -n far address add 203.0.113.1/32 dev isp1",),
        "secondary",
        "203.0.113.1 is in no network of eth1",
        ("ip route add 203.0.113.1 dev eth1",),
        OUTSIDE,
        name="until a route leads to it",
    ),
    Planted(
        "address/gateway-is-ours",
        ("ip address add 198.51.100.1/32 dev lan0",),
        "primary",
        "the gateway 198.51.100.1 is an address of this machine",
        ("ip address del 198.51.100.1/32 dev lan0",),
    ),
    Planted(
        "address/same-address",
        ("ip address add 198.51.100.2/25 dev eth1",),
        "secondary",
        "eth0 has 198.51.100.2 as well",
        ("ip address del 198.51.100.2/25 dev eth1",),
    ),
    Planted(
        "address/overlap",
        ("ip address add 198.51.100.3/25 dev eth1",),
        "secondary",
        "198.51.100.0/25 of eth1 overlaps 198.51.100.0/25 of eth0",
        ("ip address del 198.51.100.3/25 dev eth1",),
    ),
    Planted(
        "address/overlap",
        ("ip address add 198.51.100.9/24 dev lan0",),
        "primary",
        "198.51.100.0/25 of eth0 overlaps 198.51.100.0/24 of lan0",
        ("ip address del 198.51.100.9/24 dev lan0",),
        name="LAN",
    ),
    Planted(
        "address/overlap",
        ("ip address add 2001:db8:0::3/64 dev eth1",),
        "secondary",
        "2001:db8::/64 of eth1 overlaps 2001:db8::/64 of eth0",
        ("ip address del 2001:db8:0::3/64 dev eth1",),
        POLICY_V6,
        name="IPv6",
    ),
    Planted(
        "address/same-gateway",
        (),
        "secondary",
        "its gateway 198.51.100.1 is that of primary too",
        policy=SAME_GATEWAY,
        mended=POLICY,
    ),
    Planted(
        "next-hop/absent",
        ("ip route add default via 198.51.100.1 dev eth0 metric 100 proto dhcp",),
        "secondary",
        "has written a default route through eth1",
        ("ip route add default via 198.51.100.129 dev eth1 metric 200 proto dhcp",),
        AUTO,
    ),
    Planted(
        "next-hop/stale",
        (
            "ip -n far address add 198.51.100.200/25 dev isp1",
            "ip route add default via 198.51.100.200 dev eth1",
            "mount -t tmpfs none /var/lib",
            "mkdir /var/lib/dhcp",
            f"printf '%s' '{LEASE}' >/var/lib/dhcp/dhclient.eth1.leases",
        ),
        "secondary",
        "dhclient's lease names 198.51.100.129, its route still 198.51.100.200",
        policy=AUTO,
    ),
    Planted(
        "next-hop/silent",
        ("ip -n far address del 198.51.100.129/25 dev isp1",),
        "secondary",
        "198.51.100.129 does not answer at eth1",
        ("ip -n far address add 198.51.100.129/25 dev isp1",),
    ),
    Planted(
        "next-hop/silent",
        ("ip -n far address del 2001:db8:1::1/64 dev isp1",),
        "secondary",
        "2001:db8:1::1 does not answer at eth1",
        (
            "ip -n far address add 2001:db8:1::1/64 dev isp1",
            # Only then it answers, on a busy machine a while later.
            "until ip -n far -6 route show table local 2001:db8:1::1 | grep -q .;"
            " do sleep 0.01; done",
        ),
        POLICY_V6,
        name="IPv6",
    ),
)
