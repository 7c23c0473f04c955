"""A case for every key of the policy language: what one other value of it changes.

In a text, `<a|b>` stands for a in the policy under test, and for b in the other one.
"""

import re
from dataclasses import dataclass

BASE = {
    "version": "version: 1",
    "uplinks": "uplinks: {primary: {interface: eth0, gateway: 192.0.2.1},"
    " secondary: {interface: eth1, gateway: 198.51.100.1}}",
    "probes": "probes: {internet: {type: icmp, targets: [203.0.113.1]}}",
}
"""The sections that stand for those that a case does not write."""

TWO_PROBES = (
    "probes: {internet: {type: icmp, targets: [203.0.113.1]},"
    " office: {type: icmp, targets: [203.0.113.9]}}\n"
)
NEVER = "{name: never, fail: {failures: 999}}"
NEVER_OF_BOTH = (
    "{name: never, fail: {any: [{failures: 999, probe: internet}, {failures: 999, probe: office}]}}"
)
"""Rules that do nothing but use the probes."""


@dataclass(frozen=True, slots=True)
class Case:
    """A policy with which all is as expected, and with one other value it is not."""

    policy: str
    rounds: str
    expect: str
    seen: str
    """What is seen instead of the expected, with the other value."""
    events: str = ""


DIES = "{primary: '10s good, lost'}"
DIES_BRIEFLY = "{primary: '10s good, 5s lost, good'}"
OTHER_DIES = "{secondary: '10s good, lost'}"
ONE_TARGET_DIES = "{primary: {203.0.113.1: '10s good, lost'}}"
UNPLUGGED = "{at: 10s, link: primary, becomes: unplugged}"
PLUGGED = "{at: 20s, link: primary, becomes: connected}"


def probing(keys: str, rounds: str, expect: str, seen: str) -> Case:
    """A probe with these keys, and the rules that are left out."""
    return Case(f"probes: {{internet: {{type: icmp, {keys}}}}}", rounds, expect, seen)


def holding(keys: str) -> Case:
    """The primary is not returned to after it failed once."""
    policy = f"hold_back: {{{keys}}}"
    return Case(policy, DIES_BRIEFLY, "{at: 5m, active: secondary}", "primary is")


def damping(keys: str) -> Case:
    """The primary has failed four times within a minute."""
    return Case(
        "rules: [{name: dead, fail: {failures: 1}, recover: {stable: 0s}}]\n"
        f"hold_back: {{damping: {{{keys}}}}}",
        "{primary: '10s good, 4 x (1 lost, 10 good), good'}",
        "{at: 18m, uplinks: {primary: damped}}",
        "it is healthy",
    )


NO_HOOK = "{from: 5s, until: 2m, hooks: []}"


def hooking(kind: str, rounds: str, seen: str) -> Case:
    """With a program for this, a hook is due."""
    other = "on_all_up" if kind != "on_all_up" else "on_all_down"
    programs = f"{other}: [{{run: [/bin/it]}}]"
    return Case(
        f"rules: [{{name: dead, fail: {{failures: 3}}, recover: {{stable: 0s}}}}]\n"
        f"hooks: {{{programs}<|, {kind}: [{{run: [/bin/it]}}]>}}",
        rounds,
        NO_HOOK,
        f"{seen} was due",
    )


GENERAL = {
    "policy.uplinks": Case(
        "uplinks: {<one|two>: {interface: eth0, gateway: 192.0.2.1},"
        " <two|one>: {interface: eth1, gateway: 198.51.100.1}}",
        "{one: good}",
        "{at: 1s, active: one}",
        "two is",
    ),
    "uplink.enabled": Case(
        "uplinks: {first: {interface: eth2, gateway: 203.0.113.254<, enabled: false|>},"
        " primary: {interface: eth0, gateway: 192.0.2.1},"
        " secondary: {interface: eth1, gateway: 198.51.100.1}}",
        "{primary: good}",
        "{at: 5s, active: primary}",
        "first is",
    ),
    "uplink.carrier": Case(
        "uplinks: {primary: {interface: eth0, gateway: 192.0.2.1<|, carrier: ignore>},"
        " secondary: {interface: eth1, gateway: 198.51.100.1}}",
        "{primary: good}",
        "{at: 10500ms, active: secondary}",
        "primary is",
        UNPLUGGED,
    ),
    "policy.probes": Case(
        "<probes: {internet: {type: icmp, interval: 5s}}|>",
        DIES,
        "{at: 15s, active: primary}",
        "secondary is",
    ),
    "policy.rules": Case(
        "<rules: [{name: dead, fail: {failures: 10}}]|>",
        DIES,
        "{at: 15s, active: primary}",
        "secondary is",
    ),
    "policy.hold_back": Case(
        "<hold_back: {min_stay: 10m}|>", DIES_BRIEFLY, "{at: 5m, active: secondary}", "primary is"
    ),
    "policy.families_move": Case(
        "uplinks:\n"
        "  primary: {interface: eth0, gateway: auto, families: [ipv4, ipv6]}\n"
        "  secondary: {interface: eth1, gateway: auto, families: [ipv4, ipv6]}\n"
        "probes: {internet: {type: icmp, targets: [203.0.113.1, '2001:db8::1']}}\n"
        "families_move: <together|separately>",
        "{primary: {'2001:db8::1': '10s good, lost'}}",
        "{at: 1m, active: secondary}",
        "primary is",
    ),
    "policy.hooks": Case(
        "<|hooks: {on_switch: [{run: [/bin/it]}]}>",
        DIES,
        NO_HOOK,
        "on_switch from primary to secondary (IPv4) at 13s was due",
    ),
    "hooks.on_switch": hooking(
        "on_switch", DIES, "on_switch from primary to secondary (IPv4) at 13s"
    ),
    "hooks.on_uplink_down": hooking(
        "on_uplink_down", OTHER_DIES, "on_uplink_down of secondary (IPv4) at 13.5s"
    ),
    "hooks.on_uplink_up": hooking(
        "on_uplink_up",
        "{secondary: '10s good, 5 lost, good'}",
        "on_uplink_up of secondary (IPv4) at 15.52s",
    ),
    "hooks.on_all_down": Case(
        "hooks: {on_switch: [{run: [/bin/it]}]<|, on_all_down: [{run: [/bin/it]}]>}",
        "{primary: '10s good, lost', secondary: '10s good, lost'}",
        NO_HOOK,
        "on_all_down (IPv4) at 13.5s was due",
    ),
    "hooks.on_all_up": Case(
        "hooks: {on_uplink_up: [{run: [/bin/it]}]<|, on_all_up: [{run: [/bin/it]}]>}",
        "{primary: '10s good, lost', secondary: '10s good, 9 lost, 30 good, lost'}",
        NO_HOOK,
        "on_all_up (IPv4) at 19.52s was due",
    ),
    "uplink.probes": Case(
        "uplinks: {primary: {interface: eth0, gateway: 192.0.2.1"
        "<|, probes: {internet: {interval: 10s}}>}, secondary: {interface: eth1,"
        " gateway: 198.51.100.1}}",
        DIES,
        "{at: 15s, active: secondary}",
        "primary is",
    ),
    "icmp_probe.targets": probing(
        "targets: [203.0.113.1<, 203.0.113.2|>]",
        ONE_TARGET_DIES,
        "{at: 15s, active: primary}",
        "secondary is",
    ),
    "icmp_probe.quorum": probing(
        "targets: [203.0.113.1, 203.0.113.2], quorum: <any|all>",
        ONE_TARGET_DIES,
        "{at: 15s, active: primary}",
        "secondary is",
    ),
    "icmp_probe.quorum, a number": probing(
        "targets: [203.0.113.1, 203.0.113.2, 203.0.113.3], quorum: <2|3>",
        ONE_TARGET_DIES,
        "{at: 15s, active: primary}",
        "secondary is",
    ),
    "icmp_probe.uplinks": Case(
        "probes: {internet: {type: icmp}, office: {type: icmp<, uplinks: [primary]|>,"
        " targets: [203.0.113.9], timeout: 100ms}}",
        "{secondary: '10s good, at 500ms'}",
        "{at: 20s, uplinks: {secondary: healthy}}",
        "it is failed",
    ),
    "icmp_probe.interval": probing(
        "interval: <1s|2s>", DIES, "{at: 14s, active: secondary}", "primary is"
    ),
    "icmp_probe.timeout": probing(
        "timeout: <1s|500ms>",
        "{primary: '10s good, at 700ms'}",
        "{at: 20s, active: primary}",
        "secondary is",
    ),
    "icmp_probe.fast_interval": probing(
        "timeout: 250ms<, fast_interval: 250ms|>",
        DIES,
        "{at: 11s, active: secondary}",
        "primary is",
    ),
    "icmp_probe.down_interval": probing(
        "interval: 1s<, down_interval: 30s|>",
        DIES_BRIEFLY,
        "{at: 30s, uplinks: {primary: failed}}",
        "it is recovering",
    ),
    "icmp_probe.standby_interval": probing(
        "interval: 1s<, standby_interval: 30s|>",
        OTHER_DIES,
        "{at: 20s, uplinks: {secondary: healthy}}",
        "it is failed",
    ),
    "rule.uplinks": Case(
        "rules: [{name: dead<, uplinks: [primary]|>, fail: {failures: 3}},"
        " {name: unplugged, fail: {carrier: down}}]",
        OTHER_DIES,
        "{at: 20s, uplinks: {secondary: healthy}}",
        "it is failed",
    ),
    "rule.probe": Case(
        f"{TWO_PROBES}rules: [{{name: dead, probe: <internet|office>, fail: {{failures: 3}}}},"
        f" {NEVER_OF_BOTH}]",
        ONE_TARGET_DIES,
        "{at: 15s, active: secondary}",
        "primary is",
    ),
    "rule.fail": Case(
        f"rules: [{{name: dead, fail: <{{failures: 3}}|{{carrier: down}}>}}, {NEVER}]",
        DIES,
        "{at: 15s, active: secondary}",
        "primary is",
    ),
    "rule.recover": Case(
        "rules: [{name: dead, fail: {failures: 3}<, recover: {stable: 10s}|>}]",
        DIES_BRIEFLY,
        "{at: 40s, active: primary}",
        "secondary is",
    ),
    "recover.stable": Case(
        "rules: [{name: dead, fail: {failures: 3}, recover: {stable: <10s|5m>}}]",
        DIES_BRIEFLY,
        "{at: 40s, active: primary}",
        "secondary is",
    ),
    "hold_back.min_stay": holding("min_stay: <10m|1m>"),
    "hold_back.fail_back": holding("fail_back: <manual|automatic>"),
    "hold_back.switches_per_hour": holding("switches_per_hour: <1|2>"),
    "hold_back.damping": Case(
        "rules: [{name: dead, fail: {failures: 1}, recover: {stable: 0s}}]\n"
        "hold_back: {min_stay: 0s<, damping: {half_life: 10m, suppress: 3, reuse: 1}|>}",
        "{primary: '10s good, 4 x (1 lost, 10 good), good'}",
        "{at: 10m, active: secondary}",
        "primary is",
    ),
    "damping.half_life": damping("half_life: <10m|5m>, suppress: 3, reuse: 1"),
    "damping.suppress": damping("half_life: 10m, suppress: <3|4>, reuse: 1"),
    "damping.reuse": damping("half_life: 10m, suppress: 3, reuse: <1|2>"),
    "damping.max_hold": damping("half_life: 10m, suppress: 3, reuse: 1, max_hold: <40m|16m>"),
}

FAILING = {
    "failures": ("failures: <3|4>", "20s good, 3 lost, good"),
    "loss": ("loss: <20%|60%>, over: 10s", "20s good, 50% lost"),
    "latency": ("latency: <100ms|300ms>, over: 10s", "20s good, at 200ms"),
    "jitter": ("jitter: <50ms|200ms>, over: 10s", "20s good, 99 x (1 at 20ms, 1 at 120ms)"),
    "over": ("loss: 20%, over: <10s|1m>", "20s good, 4 lost, good"),
    "carrier": ("<failures: 99|carrier: down>, for: 2m", "good"),
    "any": ("<any|all>: [{failures: 3}, {failures: 9}]", "20s good, 4 lost, good"),
    "all": ("all: [{failures: 3}<|, {failures: 9}>]", "20s good, 4 lost, good"),
    "for": ("failures: 1, for: <3s|9s>", "20s good, 5s lost, good"),
    "for, beside any": ("any: [{failures: 1}], for: <3s|9s>", "20s good, 5s lost, good"),
}
"""What may stand in `fail`, and in each item of a group there; and the rounds of the primary, which
is left by one value, and not by the other."""

RECOVERING = {
    "successes": ("successes: <5|99>", "good"),
    "loss": ("loss: <20%|5%>, over: 10s", "99 x (4 good, 1 lost)"),
    "latency": ("latency: <300ms|100ms>, over: 10s", "at 200ms"),
    "jitter": ("jitter: <200ms|50ms>, over: 10s", "99 x (1 at 120ms, 1 at 20ms)"),
    "over": ("loss: 20%, over: <10s|5m>", "good"),
    "carrier": ("<carrier: up|successes: 9>, for: 10s", "99 x (4 good, 1 lost)"),
    "any": ("<any|all>: [{successes: 5}, {successes: 99}]", "good"),
    "all": ("all: [{successes: 5}<|, {successes: 99}>]", "good"),
    "for": ("successes: 1, for: <5s|5m>", "good"),
    "for, beside any": ("any: [{successes: 1}], for: <5s|5m>", "good"),
}
"""The same for `recover`; the rounds of the primary, from the 35th second on, which is
returned to by one value, and not by the other."""


def failing(fail: str, rounds: str) -> Case:
    """The primary is left by this fail condition, in about the 25th second."""
    return Case(
        f"rules: [{{name: it, fail: {fail}}}, {NEVER}]",
        f"{{primary: '{rounds}'}}",
        "{at: 50s, active: secondary}",
        "primary is",
        UNPLUGGED if "carrier" in fail else "",
    )


def recovering(recover: str, rounds: str) -> Case:
    """The primary is left in the 23rd second, and returned to by this recover condition."""
    return Case(
        f"rules: [{{name: it, fail: {{failures: 3}}, recover: {recover}}}]",
        f"{{primary: '20s good, 15s lost, {rounds}'}}",
        "{at: 70s, active: primary}",
        "secondary is",
        f"{UNPLUGGED}, {PLUGGED}" if "carrier" in recover else "",
    )


def naming_a_probe(fail: str, recover: str, expect: str, seen: str) -> Case:
    """Of two probes, one fails for four seconds, and the other for ever, three seconds later."""
    return Case(
        f"{TWO_PROBES}rules: [{{name: it, fail: {fail}, recover: {recover}}}, {NEVER_OF_BOTH}]",
        "{primary: {203.0.113.1: '20s good, 4 lost, good', 203.0.113.9: '23s good, lost'}}",
        expect,
        seen,
    )


CASES = {
    **GENERAL,
    **{f"fail.{key}": failing(f"{{{c}}}", rounds) for key, (c, rounds) in FAILING.items()},
    **{
        f"fail.{key} (in a group)": failing(f"{{any: [{{{c}}}]}}", rounds)
        for key, (c, rounds) in FAILING.items()
    },
    **{
        f"recover.{key}": recovering(f"{{{c}, stable: 0s}}", rounds)
        for key, (c, rounds) in RECOVERING.items()
    },
    **{
        f"recover_part.{key}": recovering(f"{{all: [{{{c}}}], stable: 0s}}", rounds)
        for key, (c, rounds) in RECOVERING.items()
    },
    "fail.probe": naming_a_probe(
        "{failures: 3, probe: <internet|office>}",
        "{stable: 1h}",
        "{at: 24s, rules: {it: {primary: failed}}}",
        "it is ok",
    ),
    "recover.probe": naming_a_probe(
        "{failures: 3, probe: internet}",
        "{successes: 5, probe: <internet|office>, stable: 0s}",
        "{at: 1m, rules: {it: {primary: ok}}}",
        "it is recovering",
    ),
    "recover_part.probe": naming_a_probe(
        "{failures: 3, probe: internet}",
        "{all: [{successes: 5, probe: <internet|office>}], stable: 0s}",
        "{at: 1m, rules: {it: {primary: ok}}}",
        "it is recovering",
    ),
}
"""Every case, by `definition.key` of the schema, and what else it is about."""


def written_policy(parts: str, number: int) -> str:
    """The policy under test (0), or the other one (1), with the sections that are not written."""
    lines = [line.lstrip("<") for line in parts.splitlines()]
    base = [
        text
        for section, text in BASE.items()
        if not any(line.startswith(f"{section}:") for line in lines)
    ]
    chosen = re.sub(r"<([^|>]*)\|([^>]*)>", lambda found: found[number + 1], parts)
    return "\n".join([*base, chosen, ""])
