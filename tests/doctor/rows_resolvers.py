"""Faults of name resolution."""

from doctor.planted import Planted


def resolved_by(*servers: str) -> tuple[str, ...]:
    """/etc/resolv.conf names these."""
    lines = "".join(f"nameserver {server}\\n" for server in servers)
    return (
        f"printf '{lines}' >/run/resolv.conf",
        "mount --bind /run/resolv.conf /etc/resolv.conf",
    )


ROWS = (
    Planted(
        "resolvers/one-line",
        resolved_by("198.51.100.1", "198.51.100.7"),
        "names",
        "198.51.100.1 and 198.51.100.7, which only primary (eth0) leads to",
    ),
    Planted(
        "resolvers/one-line",
        (
            "ip route add 203.0.113.53 via 198.51.100.129",
            *resolved_by("203.0.113.53"),
        ),
        "names",
        "which only secondary (eth1) leads to",
        name="by a route of its own",
    ),
    Planted(
        "resolvers/one-line",
        resolved_by("fe80::1%eth1", "2001:db8:1::53"),
        "names",
        "which only secondary (eth1) leads to",
        name="link-local",
    ),
)
