"""Faults of interfaces."""

from doctor.box import POLICY
from doctor.planted import Planted

ROWS = (
    Planted(
        "link/missing",
        ("ip link del eth1",),
        "secondary",
        "there is no interface eth1",
        ("ip link add eth1 type veth peer name isp1", "ip link set eth1 up", "ip link set isp1 up"),
    ),
    Planted(
        "link/same-interface",
        ("ip link property add dev eth0 altname spare0",),
        "secondary",
        "spare0 is another name of eth0",
        policy=POLICY.replace("eth1", "spare0"),
        mended=POLICY,
    ),
    Planted("link/down", ("ip link set eth1 down",), "secondary", "eth1 is down"),
    Planted(
        "link/member",
        ("ip link add br0 type bridge", "ip link set br0 up", "ip link set eth1 master br0"),
        "secondary",
        "eth1 is a part of br0",
    ),
    Planted(
        "link/no-carrier",
        ("ip -n far link set isp1 down",),
        "secondary",
        "eth1 has no carrier",
        ("ip -n far link set isp1 up",),
    ),
)
