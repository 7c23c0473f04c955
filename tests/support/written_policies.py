"""Policies of the whole language, as data that JSON can write: sound ones, and spoilt ones.

@given(sound_policies())
def test_…(data: Written) -> None:
    policy = load_text(text_of(data), "policy.yaml")
"""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from math import log2
from typing import Any, TypeAlias

from hypothesis import strategies as st

from route_switcher.policy.sections.conditions import LONGEST_WINDOW
from route_switcher.policy.sections.hold_back import LONGEST_HOLD, MOST_HALF_LIVES
from route_switcher.policy.values import format_share
from route_switcher.text.durations import format_duration

Written: TypeAlias = dict[str, Any]
Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]

GATEWAYS: dict[int, list[object]] = {
    4: ["192.0.2.1", "auto", "none", {"ipv4": "auto"}],
    6: ["fe80::1", {"ipv6": "auto"}, {"ipv6": "none"}],
}
BOTH: list[object] = [
    {"ipv4": "auto", "ipv6": "none"},
    {"ipv4": "192.0.2.1", "ipv6": "fe80::1"},
]
TARGETS = {
    4: ["8.8.8.8", "1.1.1.1", "198.51.100.1"],
    6: ["2001:db8::1", "2001:db8::2", "2001:4860:4860::8888"],
}
MEASURES = ("loss", "latency", "jitter")


def text_of(data: object) -> str:
    """The text of a policy: JSON is YAML."""
    return json.dumps(data, ensure_ascii=False)


def durations(shortest: float, longest: float) -> st.SearchStrategy[str]:
    """As a policy writes them, from and to a number of seconds, to the millisecond."""
    bounds = round(shortest * 1000), round(longest * 1000)
    return st.integers(*bounds).map(lambda ms: format_duration(ms / 1000))


def one_of_each(names: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """Some of these names, at least one, each once, in any order."""
    return st.lists(st.sampled_from(list(names)), min_size=1, unique=True)


@st.composite
def sound_policies(draw: Draw, max_uplinks: int = 4, max_probes: int = 3) -> Written:
    """Any policy that is sound, except that metrics are left to their defaults."""
    number = draw(st.integers(1, max_uplinks))
    families = {f"u{i}": draw(st.sampled_from([(4,), (4,), (6,), (4, 6)])) for i in range(number)}
    policy: Written = {
        "version": 1,
        "uplinks": {
            name: {"interface": f"eth{i}"} | draw(_gateways(families[name]))
            for i, name in enumerate(families)
        },
    }
    through = {"internet": list(families)}
    intervals = {"internet": 1.0}
    if draw(st.booleans()):
        names = [f"p{i}" for i in range(draw(st.integers(1, max_probes)))]
        policy["probes"] = {}
        unprobed = set(families)
        through, intervals = {}, {}
        for name in names:
            written = draw(st.none() | one_of_each(list(families)))
            if name == names[-1] and not unprobed <= set(written or families):
                written = None
            through[name] = list(written or families)
            unprobed -= set(through[name])
            asked = {family for uplink in through[name] for family in families[uplink]}
            policy["probes"][name], intervals[name] = draw(_probes(asked, written))
    if draw(st.booleans()):
        policy["rules"] = draw(_rule_lists(list(families), through, intervals))
    if draw(st.booleans()):
        policy["hold_back"] = draw(_hold_backs())
    if draw(st.booleans()):
        policy["ignore_linkdown"] = draw(st.booleans())
    if draw(st.booleans()):
        policy["control"] = {"group": draw(st.sampled_from(("adm", "_x", "A.b-c", "g" * 32)))}
    if draw(st.booleans()):
        parts = {
            "table": st.sampled_from(["main", "own", 1, 200, 2**32 - 10]),
            "source_rules": st.booleans(),
        }
        policy["routes"] = {key: draw(parts[key]) for key in draw(one_of_each(list(parts)))}
    return policy


@st.composite
def _gateways(draw: Draw, families: tuple[int, ...]) -> Written:
    """The keys of an uplink that say what its next hops are."""
    words = [f"ipv{family}" for family in families]
    if draw(st.booleans()):
        mode = draw(st.sampled_from(["auto", "none"]))
        return {"gateway": mode, "families": draw(st.permutations(words))}
    gateway = draw(st.sampled_from(GATEWAYS[families[0]] if len(families) == 1 else BOTH))
    stated: Written = (
        {"families": words} if isinstance(gateway, dict) and draw(st.booleans()) else {}
    )
    return {"gateway": gateway} | stated


@st.composite
def _probes(draw: Draw, families: set[int], through: list[str] | None) -> tuple[Written, float]:
    """A probe, and its interval."""
    probe: Written = {"type": "icmp"} | ({"uplinks": through} if through else {})
    fewest = 1
    if draw(st.booleans()):
        targets = [draw(one_of_each(TARGETS[family])) for family in sorted(families)]
        probe["targets"] = [target for some in targets for target in some]
        fewest = min(map(len, targets))
    if draw(st.booleans()):
        probe["quorum"] = draw(st.sampled_from(["any", "all"]) | st.integers(1, fewest))
    interval = 1000
    if draw(st.booleans()):
        interval = draw(st.sampled_from([10, 250, 1000, 5000]) | st.integers(10, 3_600_000))
        probe["interval"] = format_duration(interval / 1000)
    shortest = interval
    if draw(st.booleans()):
        shortest = draw(st.integers(10, interval))
        probe["fast_interval"] = format_duration(shortest / 1000)
    if draw(st.booleans()):
        probe["timeout"] = draw(durations(0.01, shortest / 1000))
    for key in ("down_interval", "standby_interval"):
        if draw(st.booleans()):
            probe[key] = draw(durations(interval / 1000, 3600))
    return probe, interval / 1000


@st.composite
def _rule_lists(
    draw: Draw, uplinks: list[str], through: dict[str, list[str]], intervals: dict[str, float]
) -> list[Written]:
    rules: list[Written] = []
    used: set[str] = set()
    for number in range(draw(st.integers(0, 3))):
        # Every probe of the rule goes through this uplink, so they share one.
        common = draw(st.sampled_from(uplinks))
        usable = [name for name in through if common in through[name]]
        rule, probes = draw(_rules(f"r{number}", usable, len(through) == 1, intervals))
        judged = [u for u in uplinks if all(u in through[probe] for probe in probes)]
        if draw(st.booleans()):
            rule["uplinks"] = draw(one_of_each(judged))
        rules.append(rule)
        used |= probes
    rules += [
        {"name": f"no-{probe}", "probe": probe, "fail": {"failures": 3}}
        for probe in through
        if probe not in used
    ]
    return rules


@st.composite
def _rules(
    draw: Draw, name: str, probes: list[str], only: bool, intervals: dict[str, float]
) -> tuple[Written, set[str]]:
    """A rule, and the probes that it uses; `only`: the policy has no other probe."""
    default = draw(st.sampled_from(probes))
    defaulted = only or draw(st.booleans())
    leaves: list[Written] = []

    def condition(side: str) -> Written:
        return _condition(draw, side, probes, intervals, leaves, default if defaulted else None)

    rule: Written = {"name": name, "fail": condition("fail")}
    if draw(st.booleans()):
        rule["recover"] = condition("recover") if draw(st.booleans()) else {}
        if draw(st.booleans()) or not rule["recover"]:
            rule["recover"]["stable"] = draw(durations(0, 86_400))
    asking = [leaf for leaf in leaves if "carrier" not in leaf]
    without = [leaf for leaf in asking if "probe" not in leaf]
    if without and (not only or draw(st.booleans())):
        rule["probe"] = default
    return rule, {str(leaf.get("probe", default)) for leaf in asking}


def _condition(
    draw: Draw,
    side: str,
    probes: list[str],
    intervals: dict[str, float],
    leaves: list[Written],
    default: str | None,
    depth: int = 0,
) -> Written:
    """A condition; its leaves are added to `leaves`. Without a default each names its probe."""
    held: Written = {"for": draw(durations(0, 86_400))} if draw(st.booleans()) else {}
    kinds = ["carrier", "rounds", *MEASURES] + (["any", "all"] if depth < 2 else [])
    kind = draw(st.sampled_from(kinds))
    if kind in ("any", "all"):
        number = draw(st.integers(1, 3))
        inner = (side, probes, intervals, leaves, default, depth + 1)
        return {kind: [_condition(draw, *inner) for _ in range(number)]} | held
    leaf = held
    leaves.append(leaf)
    if kind == "carrier":
        return _grown(leaf, carrier="down" if side == "fail" else "up")
    probe = default
    if default is None or draw(st.booleans()):
        probe = leaf["probe"] = draw(st.sampled_from(probes))
    assert probe is not None
    if kind == "rounds":
        rounds = draw(st.integers(1, 1000))
        return _grown(leaf, **{"failures" if side == "fail" else "successes": rounds})
    limit = draw(durations(0.001, 3600))
    if kind == "loss":
        limit = draw(st.integers(1, 999).map(lambda tenths: format_share(tenths / 1000)))
    return _grown(leaf, **{kind: limit}, over=draw(durations(intervals[probe], LONGEST_WINDOW)))


def _grown(leaf: Written, **keys: object) -> Written:
    leaf.update(keys)
    return leaf


@st.composite
def _hold_backs(draw: Draw) -> Written:
    parts = {
        "min_stay": durations(0, 86_400),
        "switches_per_hour": st.integers(1, 1000),
        "fail_back": st.sampled_from(["automatic", "manual"]),
        "damping": _dampings(),
    }
    return {key: draw(parts[key]) for key in draw(one_of_each(list(parts)))}


@st.composite
def _dampings(draw: Draw) -> Written:
    reuse = draw(st.integers(1, 10))
    suppress = draw(st.integers(reuse + 1, 100 * reuse))
    half_life = draw(st.integers(1, 40_000))
    damping: Written = {"half_life": f"{half_life}s", "suppress": suppress, "reuse": reuse}
    if suppress >= 16 * reuse or draw(st.booleans()):
        least = int(half_life * log2(suppress / reuse)) + 1
        most = min(MOST_HALF_LIVES * half_life, LONGEST_HOLD)
        damping["max_hold"] = draw(durations(least, most))
    return damping


def _places(data: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data)  # type: ignore[arg-type]
    steps = [(key, value) for key, value in inner]
    return [(*path, key) for key, _ in steps] + [
        place
        for key, value in steps
        if isinstance(value, dict | list)
        for place in _places(value, (*path, key))
    ]


@st.composite
def spoilt_policies(draw: Draw) -> Written:
    """Sound policies in which a few values were removed, exchanged, or put under another key."""
    data: Written = deepcopy(draw(sound_policies()))
    for _ in range(draw(st.integers(1, 3))):
        places = _places(data)
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        holder: Any = data
        for step in way:
            holder = holder[step]
        match draw(st.integers(0, 3)):
            case 0:
                del holder[last]
            case 1:
                *other_way, other_last = draw(st.sampled_from(places))
                value: Any = data
                for step in (*other_way, other_last):
                    value = value[step]
                holder[last] = deepcopy(value)
            case 2 if isinstance(holder, dict):
                holder[draw(st.sampled_from(KEYS))] = holder.pop(last)
            case _:
                holder[last] = deepcopy(draw(st.sampled_from(VALUES)))
    return data


KEYS = (
    *("any", "all", "failures", "successes", "loss", "latency", "jitter", "carrier", "over"),
    *("for", "stable", "probe", "uplinks", "fail", "recover", "probes", "rules", "hold_back"),
    *("damping", "max_hold", "interval", "standby_interval", "faill", "gateway", "families"),
    *("onlink", "routes", "table", "source_rules", "ipv4"),
)
VALUES: tuple[object, ...] = (
    *(None, True, 0, 1, 3, 1001, "", "down", "up", "u0", "p0", "p9", "0%", "0.1%", "20%", "100%"),
    *("0s", "1ms", "1s", "25h", "any", [], {}, ["u0"], ["u0", "u0"], ["u9"], [{}], [{"any": []}]),
    *("auto", "none", "dhcp", ["ipv4"], ["ipv6", "ipv6"], "own", 254, 1114, {"ipv6": "auto"}),
    *({"failures": 3}, {"successes": 2}, {"loss": "2%"}, {"carrier": "down", "over": "3s"}),
)
