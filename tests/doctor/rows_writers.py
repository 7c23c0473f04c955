"""Other programs that write routes. (tests/route_writers finds the real ones.)"""

from doctor.box import AUTO, OWN, PIDS, ROOM, acted, gone, started
from doctor.planted import Planted

NETWORKD = acted("systemd-networkd")
DHCLIENT = acted("dhclient", "-4", "-d", "eth1")
EMPTY_ETC = ("mount -t tmpfs none /etc",)
"""What the printed commands write there goes with the router."""


def udhcpc(interface: str, script: str = "/bin/true") -> tuple[str, ...]:
    """The real one. Nobody answers it."""
    return (
        f"mkdir -p {ROOM}",
        *started("udhcpc", "-f", "-i", interface, "-s", script),
        f'until grep -qs udhcpc /proc/"$(tail -n 1 {PIDS})"/comm; do sleep 0.01; done',
    )


ROWS = (
    Planted(
        "writers/removes-ours",
        (*EMPTY_ETC, *NETWORKD),
        "systemd-networkd",
        "removes our routes;",
    ),
    Planted(
        "writers/removes-ours",
        (
            *EMPTY_ETC,
            "mkdir -p /etc/systemd/networkd.conf.d",
            "printf '[Network]\\nManageForeignRoutes=no\\n' >/etc/systemd/networkd.conf.d/a.conf",
            *NETWORKD,
        ),
        "systemd-networkd",
        "removes our rules;",
        policy=OWN,
        name="rules only",
    ),
    Planted(
        "writers/metric-0",
        udhcpc("eth1"),
        "udhcpc at eth1",
        "for secondary it writes a default route with metric 0",
        mended=OWN,
    ),
    Planted(
        "writers/metric-0",
        DHCLIENT,
        "dhclient at eth1",
        "for secondary it writes a default route with metric 0",
        mended=OWN,
        name="dhclient",
    ),
    Planted(
        "writers/metric-0",
        acted("dhclient", "-nw"),
        "dhclient at eth0",
        "for primary it writes a default route with metric 0",
        mended=OWN,
        name="dhclient for all",
    ),
    Planted(
        "writers/no-hook",
        (*EMPTY_ETC, "mount -t tmpfs none /usr/local/sbin", *DHCLIENT),
        "dhclient at eth1",
        "names another router for secondary, its route stays",
        policy=AUTO,
    ),
    Planted(
        "writers/no-hook",
        (*udhcpc("eth0"), *udhcpc("eth1")),
        "udhcpc at eth1",
        "the router of secondary may be unknown",
        (
            gone(f"$(cat {PIDS})"),
            *udhcpc("eth0", f"{ROOM}/udhcpc-script"),
            *udhcpc("eth1", f"{ROOM}/udhcpc-script"),
        ),
        policy=AUTO,
        name="two of udhcpc",
    ),
    Planted("writers/also-switches", acted("mwan3track"), "mwan3track", "moves the traffic"),
)
