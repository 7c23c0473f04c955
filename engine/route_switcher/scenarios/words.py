"""What people write in a scenario who know other tools, and what says it here."""

import re
from collections.abc import Mapping

from route_switcher.policy.schema.near_values import durations

KEYS: Mapping[str, str] = {
    "scenarios": "tests test cases specs scenario",
    "policy": "policies policy_file config",
    "name": "title description id",
    "rounds": "series probes pings outcomes replies given",
    "events": "event steps actions when happenings timeline",
    "expect": "assert asserts assertions expected expectations then should check checks",
    "at": "time after t",
    "from": "since begin start between",
    "until": "to till end",
    "active": "uplink is selected current chosen",
    "switches": "switch_count count moves failovers",
    "reason": "cause why because",
    "link": "interface carrier device iface",
    "becomes": "state status goes",
    "next_hop": "gateway nexthop",
    "switch": "order failover",
    "for": "duration lasts",
    "restart": "reboot",
    "hooks": "hook programs",
    "uplinks": "states",
}
"""The keys of scenarios, each with what it is called elsewhere."""

REFUSED: Mapping[str, Mapping[str, str]] = {
    "until": {
        "at": "write 'at' for one moment, or 'from' and 'until' for a stretch of time, not both",
        "reason rules uplinks": "it is so at one moment: write another expectation, with 'at'",
    },
    "reason": {
        "until": "write 'at' for one moment, or 'from' and 'until' for a stretch of time, not both"
    },
    **{
        key: {
            "link switch release restart reload becomes next_hop": (
                "an event is one thing: write another event for it"
            )
        }
        for key in ("becomes", "next_hop", "switch", "release", "restart", "reload")
    },
}
"""For a mapping that has the first key: keys that cannot stand beside it, and what to do."""

_OUTCOMES: Mapping[str, str] = {
    **dict.fromkeys(("up", "ok", "success", "answered", "healthy", "alive", "reply"), "good"),
    **dict.fromkeys(("fail", "failed", "fails", "timeout", "dead", "bad", "loss"), "lost"),
    **dict.fromkeys(("drop", "dropped", "drops", "silent", "silence", "none", "offline"), "lost"),
    **dict.fromkeys(("skip", "unsent", "nothing"), "unknown"),
}
"""What becomes of a round, in other words."""

SIGNS: Mapping[str, str] = {
    **dict.fromkeys(("(", ")"), "remove it"),
    **dict.fromkeys(("then", "and", ";", "+", "|"), "write a ',' instead"),
    **dict.fromkeys(("*", "times"), "write 'x', as in '5 x (2 good, lost)'"),
    "-": "write 1 or more",
}
"""What to write instead of what cannot stand in a series."""

_COUNT = re.compile(r"[1-9][0-9]{0,8}\Z")


def outcome_hint(word: str, before: str | None) -> str | None:
    """What to write instead of a word in a series, if it is nearly right. `before`: the word in
    front of it."""
    if (outcome := _OUTCOMES.get(word.lower())) is not None:
        return f"did you mean {outcome!r}?"
    if before is not None and _COUNT.match(before) and (meant := durations(before + word)):
        return f"write '{meant[0]}'"
    if before == "at" and _COUNT.match(word):
        return f"a unit is missing: write 'at {word}ms'"
    if word.isdecimal() and not int(word):
        return "write 1 or more"
    return SIGNS.get(word)
