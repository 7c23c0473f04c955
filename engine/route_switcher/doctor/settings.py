"""The kernel's network settings (the kernel's ip-sysctl documentation)."""

from collections.abc import Mapping
from dataclasses import dataclass

from route_switcher.core.vocabulary.uplinks import Family

ALL = "all"


@dataclass(frozen=True, slots=True)
class Settings:
    """Those under /proc/sys/net/ipv4/conf and ipv6/conf."""

    values: Mapping[tuple[Family, str, str], int]
    """By family, the interface's own name or `ALL`, and key. What is missing could not be read:
    the kernel lacks it, or the interface has gone."""

    def of(self, family: Family, interface: str, key: str) -> int | None:
        """One value."""
        return self.values.get((family, interface, key))

    def greater(self, interface: str, key: str) -> int:
        """Of the value of an interface and that for all, the greater one, by which the kernel goes
        in IPv4; 0 where there is none."""
        values = (self.of(Family.IPV4, name, key) for name in (interface, ALL))
        return max(value or 0 for value in values)
