"""The key `uplinks` of a probe or a rule: the uplinks that it is about, by their names."""

from collections.abc import Collection

from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.suggestions import first_of
from route_switcher.policy.yaml.reader import Path

KEY = "uplinks"


def read_uplink_names(
    findings: Findings, path: Path, known: Collection[str]
) -> tuple[str, ...] | None:
    """The names in the list at `path`, in order of preference; None if none is written.

    `known` are the names of the uplinks, in that order; none while they are not certain.
    """
    if path not in findings.document.keys:
        return None
    named: set[str] = set()
    for place in findings.items(path):
        name = findings.get(place)
        if not isinstance(name, str):
            continue
        if name in named:
            findings.report(
                "duplicate-uplink",
                place,
                f"the uplink {quoted(name)} is here twice",
                "remove it: once is enough",
            )
        elif known and name not in known:
            findings.report(
                "unknown-uplink",
                place,
                f"there is no uplink {quoted(name)}",
                findings.did_you_mean(name, known, f"the uplinks are: {first_of(known)}"),
            )
        named.add(name)
    return tuple(name for name in known if name in named)
