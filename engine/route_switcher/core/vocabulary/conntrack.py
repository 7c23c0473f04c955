"""Tracked connections: what becomes of them after a switch."""

from enum import Enum


class Conntrack(Enum):
    """Which connections are ended after a switch. Only those whose source was translated (NAT), and
    that have no mark. The values are those of the policy."""

    PREVIOUS = "previous"
    """Those that have an address of the uplink that was left."""
    ALL = "all"
    """All of the family."""
    NONE = "none"
    """None."""
