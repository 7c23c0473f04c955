"""Faults of routes, rules and the ways that follow from them."""

from doctor.box import OWN, PID, POLICY_V6
from doctor.planted import Planted

OWN_V6 = POLICY_V6 + "routes: {table: own}\n"
_OTHER = "ip route add default via 198.51.100.77 dev eth0"
_OTHER_V6 = "ip route add default via 2001:db8:0::77 dev eth0"
_TABLE_100 = "ip route add default via 198.51.100.1 dev eth0 table 100"
_TABLE_100_V6 = "ip route add default via 2001:db8:0::1 dev eth0 table 100"
_OURS = tuple(
    f"ip route add default via {gateway} dev {interface} metric {metric} proto 115"
    for gateway, interface, metric in (("198.51.100.1", "eth0", 10), ("198.51.100.129", "eth1", 20))
)
_DEAD = ("blackhole", "unreachable", "prohibit")

FOREIGN = (
    Planted("foreign-route/our-key", (f"{_OTHER} metric 10",), "IPv4", "has a metric of ours"),
    Planted(
        "foreign-route/our-key",
        (f"{_OTHER_V6} metric 20",),
        "IPv6",
        "has a metric of ours",
        policy=POLICY_V6,
        name="IPv6",
    ),
    Planted(
        "foreign-route/our-key",
        (f"{_OTHER} table 115 metric 10",),
        "IPv4",
        "has a metric of ours",
        policy=OWN,
        name="own table",
    ),
    Planted(
        "foreign-route/nexthop-object",
        (
            "ip nexthop add id 9 via 198.51.100.77 dev eth0",
            "ip route add default nhid 9 metric 15",
        ),
        "IPv4",
        "(nexthop object 9) comes before ours",
    ),
    Planted(
        "foreign-route/nexthop-object",
        (
            "ip nexthop add id 7 via 198.51.100.77 dev eth0",
            "ip nexthop add id 8 via 198.51.100.200 dev eth1",
            "ip nexthop add id 9 group 7/8",
            "ip route add default nhid 9 metric 15",
        ),
        "IPv4",
        "(nexthop object 9) comes before ours",
        name="group",
    ),
    Planted(
        "foreign-route/dead-end",
        ("ip nexthop add id 9 blackhole", "ip route add default nhid 9 metric 15"),
        "IPv4",
        "stops traffic",
        name="nexthop object",
    ),
    Planted(
        "foreign-route/dead-end-in-main",
        ("ip nexthop add id 9 blackhole", "ip route add default nhid 9 metric 15"),
        "IPv4",
        "ends all traffic",
        policy=OWN,
        name="nexthop object",
    ),
    Planted(
        "foreign-route/before-ours",
        ("ip -4 route add default via inet6 fe80::77 dev eth0 metric 5",),
        "IPv4",
        "comes before ours",
        name="through IPv6",
    ),
    *(
        Planted(
            "foreign-route/dead-end",
            (f"ip route add {kind} default metric 15",),
            "IPv4",
            f"'{kind} default metric 15 proto boot' stops traffic",
            name=kind,
        )
        for kind in _DEAD
    ),
    Planted("foreign-route/before-ours", (_OTHER,), "IPv4", "comes before ours"),
    Planted(
        "foreign-route/before-ours",
        (
            "ip route add default metric 5 nexthop via 198.51.100.1 dev eth0"
            " nexthop via 198.51.100.129 dev eth1",
        ),
        "IPv4",
        "comes before ours",
        name="multipath",
    ),
    Planted(
        "foreign-route/before-ours",
        (f"{_OTHER_V6} metric 5",),
        "IPv6",
        "comes before ours",
        policy=POLICY_V6,
        name="IPv6",
    ),
    Planted(
        "foreign-route/in-our-table",
        (f"{_OTHER} table 116",),
        "IPv4",
        "stands in the table of one of our uplinks",
        policy=OWN,
    ),
    *(
        Planted(
            "foreign-route/dead-end-in-main",
            (f"ip route add {kind} default metric 50",),
            "IPv4",
            "ends all traffic before it comes to our table",
            policy=OWN,
            name=kind,
        )
        for kind in _DEAD
    ),
    Planted(
        "foreign-route/dead-end-in-main",
        ("ip -6 route add unreachable default metric 50",),
        "IPv6",
        "ends all traffic before it comes to our table",
        policy=OWN_V6,
        name="IPv6",
    ),
    Planted(
        "foreign-route/dead-end-next",
        (f"{_OTHER} metric 5", "ip route add unreachable default metric 50"),
        "IPv4",
        "once 'default via 198.51.100.77 dev eth0 metric 5' is gone",
        policy=OWN,
    ),
)

RULES = (
    Planted(
        "rule/mark-to-main",
        (_OTHER, "ip rule add fwmark 0x80000/0xff0000 lookup main pref 5210"),
        "IPv4",
        "packets with mark 0x80000/0xff0000 always leave by main's default route (eth0)",
        policy=OWN,
    ),
    Planted(
        "rule/mark-to-main",
        (_OTHER_V6, "ip -6 rule add fwmark 0x80000/0xff0000 lookup main pref 5210"),
        "IPv6",
        "packets with mark 0x80000/0xff0000 always leave by main's default route (eth0)",
        policy=OWN_V6,
        name="IPv6",
    ),
    Planted(
        "rule/mark",
        (_TABLE_100, "ip rule add fwmark 1 lookup 100 pref 100"),
        "IPv4",
        "packets with mark 0x1 always leave by eth0 (primary)",
    ),
    Planted(
        "rule/user",
        (_TABLE_100, "ip rule add uidrange 1000-1999 lookup 100 pref 100"),
        "IPv4",
        "packets of users 1000 to 1999 always leave by eth0",
    ),
    Planted(
        "rule/user",
        (_OTHER, "ip rule add uidrange 1000-1000 lookup main pref 100"),
        "IPv4",
        "packets of user 1000, by main's default route, always leave by eth0",
        policy=OWN,
        name="main",
    ),
    Planted(
        "rule/port",
        (_TABLE_100, "ip rule add ipproto tcp dport 25 lookup 100 pref 100"),
        "IPv4",
        "packets of some ports",
    ),
    Planted(
        "rule/port",
        (_TABLE_100_V6, "ip -6 rule add dsfield 0x10 lookup 100 pref 100"),
        "IPv6",
        "packets of some ports",
        policy=POLICY_V6,
        name="IPv6, type of service",
    ),
    Planted(
        "rule/port",
        (
            _TABLE_100,
            "ip rule add ipproto tcp dport 25 lookup 100 pref 100",
            "ip rule add ipproto tcp dport 443-444 lookup 100 pref 100",
            "ip rule add ipproto udp sport 53 lookup 100 pref 100",
        ),
        "IPv4",
        "rule 'ipproto 6 dport 443-444 lookup 100 pref 100 protocol 0'",
        name="several in one place",
    ),
    Planted(
        "rule/half",
        ("ip rule add lookup 115 pref 32765 protocol 115",),
        "IPv4",
        "what is for the LAN goes to the provider",
        policy=OWN,
    ),
)

_GOTO = (
    *(f"{each} table 115" for each in _OURS),
    "ip rule add lookup 115 pref 32765 protocol 115",
    "ip rule add lookup main suppress_prefixlength 0 pref 32764 protocol 115",
    "ip rule add goto 32766 pref 100",
)

WAYS = (
    Planted(
        "traffic-way/astray",
        _GOTO,
        "IPv4",
        "the rule 'goto 32766 pref 100 protocol 0' passes over those that lead to ours",
        policy=OWN,
        name="goto",
    ),
    Planted(
        "traffic-way/astray",
        (*_GOTO, "ip route add default via 198.51.100.129 dev eth1"),
        "IPv4",
        "the rule 'goto 32766 pref 100 protocol 0' passes over those that lead to ours",
        policy=OWN,
        name="goto main's default",
    ),
    Planted(
        "traffic-way/pinned",
        ("ip route add 0.0.0.0/1 via 198.51.100.1 dev eth0",),
        "IPv4",
        "traffic to 0.0.0.0/1 will not follow the selected uplink",
        name="the half without a target",
    ),
    Planted(
        "traffic-way/pinned",
        ("ip -6 route add 3000::/4 via 2001:db8:0::1 dev eth0",),
        "IPv6",
        "traffic to 3000::/4 will not follow the selected uplink",
        policy=OWN_V6,
        name="IPv6, the half without a target",
    ),
    Planted(
        "probe-way/elsewhere",
        ("ip route add 203.0.113.9 via 198.51.100.50 dev eth0",),
        "primary",
        "probes to 203.0.113.9 would go through another gateway",
    ),
    Planted(
        "probe-way/elsewhere",
        ("ip route add blackhole 203.0.113.9",),
        "secondary",
        "probes to 203.0.113.9 would go nowhere",
        name="blackhole",
    ),
    Planted(
        "probe-way/elsewhere",
        (
            "ip route add default via 198.51.100.200 dev eth1 table 100",
            "ip rule add oif eth1 lookup 100 pref 100",
        ),
        "secondary",
        "would go through another gateway",
        name="rule",
    ),
    Planted(
        "probe-way/elsewhere",
        ("ip rule add prohibit to 203.0.113.9 pref 100",),
        "primary",
        "would go nowhere",
        name="prohibiting rule",
    ),
    Planted(
        "probe-way/elsewhere",
        (*_OURS, "ip route add default via 198.51.100.200 dev eth1 metric 15"),
        "secondary",
        "would go through another gateway",
        name="default route on its wire",
    ),
    Planted(
        "probe-way/elsewhere",
        ("ip rule del pref 32766",),
        "primary",
        "no rule leads to the main table",
        name="no rule to main",
    ),
    Planted(
        "probe-way/elsewhere",
        ("ip route add 203.0.113.9 via 198.51.100.1 dev eth0 src 198.51.100.130",),
        "primary",
        "from an address of another uplink",
        name="source of another uplink",
    ),
    Planted(
        "traffic-way/astray",
        (*_OURS, "ip address add 203.0.113.9/32 dev lan0"),
        "IPv4",
        "goes to this machine itself: 203.0.113.9 is an address of this machine",
        ("ip address del 203.0.113.9/32 dev lan0",),
        name="target is ours",
    ),
    Planted(
        "probe-way/elsewhere",
        ("ip -6 route add 2001:db8:ffff::9 via 2001:db8:0::50 dev eth0",),
        "primary",
        "would go through another gateway",
        policy=POLICY_V6,
        name="IPv6",
    ),
    Planted(
        "probe-way/filtered",
        (f"{_OTHER} metric 500", "sysctl -qw net.ipv4.conf.all.rp_filter=1"),
        "secondary",
        "answers that come in by eth1 are dropped",
    ),
    Planted(
        "probe-way/filtered",
        (*_OURS, "sysctl -qw net.ipv4.conf.eth1.rp_filter=1"),
        "secondary",
        "answers that come in by eth1 are dropped",
        name="with routes",
    ),
    Planted(
        "traffic-way/refused",
        (
            f"{_OURS[0]} table 115",
            "ip route add unreachable default metric 1 proto 115 table 115",
            "ip rule add lookup 115 pref 32765 protocol 115",
        ),
        "IPv4",
        "no engine runs that could end that",
        ("ip rule del pref 32765", "ip route flush table 115"),
        policy=OWN,
    ),
    Planted(
        "traffic-way/pinned",
        (_TABLE_100, "ip rule add lookup 100 pref 100"),
        "IPv4",
        "will not follow the selected uplink: the rule 'lookup 100 pref 100",
    ),
    Planted(
        "traffic-way/pinned",
        (_TABLE_100_V6, "ip -6 rule add lookup 100 pref 100"),
        "IPv6",
        "will not follow the selected uplink",
        policy=POLICY_V6,
        name="IPv6",
    ),
    Planted(
        "traffic-way/pinned",
        (_TABLE_100, "ip rule add iif lan0 lookup 100 pref 100"),
        "IPv4",
        "what comes in by lan0 will not follow",
        name="LAN",
    ),
    Planted(
        "traffic-way/pinned",
        ("ip route add 128.0.0.0/1 via 198.51.100.1 dev eth0",),
        "IPv4",
        "will not follow the selected uplink",
        name="half of the internet",
    ),
    Planted(
        "traffic-way/pinned",
        ("ip route add 203.0.113.9 via 198.51.100.1 dev eth0",),
        "IPv4",
        "will not follow the selected uplink",
        policy=OWN,
        name="host route, own table",
    ),
    Planted(
        "traffic-way/astray",
        (
            *_OURS,
            "ip route add default via 198.51.100.129 dev eth1 table 100",
            "ip rule add lookup 100 pref 100",
        ),
        "IPv4",
        "traffic leaves through secondary",
    ),
    Planted(
        "traffic-way/astray",
        (
            *_OURS,
            "ip route add default via 198.51.100.129 dev eth1 table 100",
            "ip rule add iif lan0 lookup 100 pref 100",
        ),
        "IPv4",
        "what comes in by lan0 leaves through secondary",
        name="LAN",
    ),
    Planted(
        "traffic-way/astray",
        (*_OURS, "ip rule add blackhole pref 100"),
        "IPv4",
        "traffic goes nowhere",
        name="blackhole rule",
    ),
)


def _until(shown: str) -> str:
    """A command that waits until the engine has put it back."""
    return f"until ip {shown} | grep -q .; do sleep 0.01; done"


_STOP = f"kill -STOP $(cat {PID})"
_GO_ON = f"kill -CONT $(cat {PID})"

OURS = (
    Planted(
        "our-route/absent",
        (_STOP, "ip route del default via 198.51.100.129 dev eth1 proto 115"),
        "secondary",
        "no route of ours leads through eth1",
        (_GO_ON, _until("route show proto 115 dev eth1")),
        engine=True,
    ),
    Planted(
        "our-route/rule-absent",
        (_STOP, "ip rule del oif eth1 lookup 117 pref 32765"),
        "IPv4",
        "its rule 'oif eth1 lookup 117 pref 32765 protocol 115' is absent",
        (_GO_ON, _until("rule show oif eth1")),
        OWN,
        engine=True,
    ),
)

ROWS = (*OURS, *FOREIGN, *RULES, *WAYS)
