"""Reads the kernel's network settings."""

from collections.abc import Iterable
from pathlib import Path

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.doctor.settings import ALL, Settings

_SYS_NET = Path("/proc/sys/net")
_BOTH = ("forwarding", "ignore_routes_with_linkdown")
_KEYS = {
    Family.IPV4: (
        *_BOTH,
        *("rp_filter", "src_valid_mark", "arp_filter", "arp_ignore", "arp_announce"),
    ),
    Family.IPV6: (*_BOTH, "disable_ipv6", "accept_ra", "accept_ra_defrtr"),
}


def settings(interfaces: Iterable[str], sys_net: Path = _SYS_NET) -> Settings:
    """Those of these interfaces, by the kernel's own names, and those for all."""
    values = {}
    for name in {ALL, *interfaces}:
        for family, keys in _KEYS.items():
            folder = sys_net / f"ipv{family.value}" / "conf" / name
            for key in keys:
                value = _value(folder / key)
                if value is not None:
                    values[family, name, key] = value
    return Settings(values)


def _value(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
