"""Which uplinks of an old policy go on in a new one, and what they are called there.

What is known of an uplink is known of its line: an interface carries one uplink of each family. So
state goes with the interface and the family, whatever the name is.
"""

from collections.abc import Iterable

from route_switcher.core.model import Family, Policy, Uplink


def line(uplink: Uplink) -> tuple[str, Family]:
    """What an uplink is, whatever its name, gateway and metric are."""
    return uplink.interface, uplink.family


def names_now(old: Iterable[Uplink], new: Iterable[Uplink]) -> dict[str, str]:
    """The new names of the uplinks that go on, by their old ones."""
    before = {line(uplink): uplink.name for uplink in old}
    return {before[line(u)]: u.name for u in new if line(u) in before}


def preferred_before(old: Policy, one: Uplink, other: Uplink) -> bool:
    """Whether `old` had both of these, and preferred `one` to `other`."""
    lines = [line(uplink) for uplink in old.uplinks]
    return (
        line(one) in lines
        and line(other) in lines
        and lines.index(line(one)) < lines.index(line(other))
    )
