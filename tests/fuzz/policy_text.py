"""Policy text: bytes that somebody calls a policy file."""

import json
import re
from pathlib import Path
from random import Random

from fuzz.target import Target, spoilt
from route_switcher.policy.load import shipped_policies
from route_switcher.resources import data_root
from support.promises import check

_EXAMPLES = Path(__file__).parents[2] / "examples"
_TOKEN = re.compile(rb"\n *|[\w./:%-]+|.", re.DOTALL)
_NOTATION = (
    *("'", '"', "|", ">", "&a", "*a", "!!str", "!", "<<", "? ", ": ", "- ", ", ", "# "),
    *("{", "}", "[", "]", "---", "...", "~", "null", "true", "0", "-1", "010", "1.5", "1e9"),
    *("2024-01-01", "1:30", "9" * 19, "0s", "10ms", "1h", "99999999h", "1001", "::1", "fe80::1%e"),
    *("2001:db8::1", "192.0.2.1", "255.255.255.255", "auto", "\t", "\r\n", "\x85", "\u2028", "\0"),
    *("\ufeff", "\U0001f600", "\\x", "\\UFFFFFFFF", "\n", "\n  ", "%YAML 1.1"),
)

_ALIKE = (
    (rb"\d+\Z", b"0 1 2 10 20 1000 1010 1024 24"),
    (rb"[\d.]+(ms|s|m|h)\Z", b"1ms 10ms 0.5s 1s 2m 1h 25h"),
    (rb"[\d.]+%\Z", b"0% 0.1% 2% 20% 99.9% 100% 101% 0.05%"),
    (
        rb"(\d+\.){3}\d+\Z|[\da-f]*:[\da-f:]+\Z",
        b"192.0.2.1 198.51.100.1 0.0.0.1 127.0.0.1 224.0.0.1 255.255.255.255 1.2.3.4.5"
        b" 2001:db8::1 fe80::1 :: ::1 ff02::1 ::ffff:192.0.2.1",
    ),
)
"""Forms of values, and others of the same form: near enough to be understood, and then refused."""


def seeds() -> list[bytes]:
    """The policies that are shipped, the examples, and one that uses every key in flow style."""
    files = [*shipped_policies().values(), *sorted(_EXAMPLES.glob("*.yaml"))]
    everything = {
        "version": 1,
        "ignore_linkdown": True,
        "uplinks": {
            "a": {"interface": "eth0", "gateway": "192.0.2.1", "metric": 10},
            "b": {"interface": "eth1", "gateway": "2001:db8::1"},
            "c": {"interface": "eth2", "gateway": "192.0.2.9"},
        },
        "probes": {
            "p": {
                "type": "icmp",
                "targets": ["198.51.100.1", "2001:db8::2"],
                "quorum": "all",
                "interval": "1s",
                "timeout": "500ms",
                "fast_interval": "0.5s",
                "down_interval": "5s",
                "standby_interval": "30s",
            },
            "q": {"type": "icmp", "targets": ["198.51.100.9"], "uplinks": ["a", "c"]},
        },
        "rules": [
            {"name": "r", "probe": "p", "fail": {"failures": 3}, "recover": {"stable": "1m"}},
            {
                "name": "s",
                "uplinks": ["a"],
                "fail": {"carrier": "down", "for": "2s"},
                "recover": {"carrier": "up"},
            },
            {
                "name": "t",
                "probe": "q",
                "fail": {
                    "any": [
                        {"loss": "20%", "over": "30s", "probe": "p"},
                        {"all": [{"latency": "250ms", "over": "1m"}, {"failures": 2}]},
                        {"jitter": "50ms", "over": "30s"},
                    ]
                },
                "recover": {"all": [{"successes": 5}, {"loss": "2%", "over": "60s"}]},
            },
        ],
        "hold_back": {
            "min_stay": "2m",
            "switches_per_hour": 6,
            "damping": {"half_life": "10m", "suppress": 3, "reuse": 1, "max_hold": "40m"},
        },
    }
    return [*(file.read_bytes() for file in files), json.dumps(everything).encode()]


def _vocabulary() -> tuple[str, ...]:
    schema = (data_root() / "schemas" / "policy.schema.json").read_text(encoding="utf-8")
    return tuple(sorted({*re.findall(r'"([a-z_]+)"', schema), *_NOTATION}))


_VOCABULARY = _vocabulary()


def mutated(data: bytes, random: Random) -> bytes:
    """`data` with some of its words or lines removed, repeated, moved or replaced."""
    tokens = _TOKEN.findall(data)
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(tokens) + 1)
        end = start + random.choice((0, 1, 1, 1, 2, 5, 20))
        word = random.choice(_VOCABULARY).encode()
        piece = tokens[start:end]
        match random.randrange(10):
            case 0:
                tokens[start:end] = []
            case 1:
                tokens[start:end] = [word]
            case 2:
                tokens[start:start] = [word]
            case 3:
                tokens[start:start] = piece * random.choice((1, 2, 30, 300))
            case 4:
                tokens[start:end] = []
                at = random.randrange(len(tokens) + 1)
                tokens[at:at] = piece
            case 5:
                tokens = _numbered(tokens, random.choice((2, 20, 200)))
            case 6 | 7 | 8:
                _exchange_value(tokens, random)
            case _:
                tokens = _TOKEN.findall(spoilt(b"".join(tokens), random))
    return b"".join(tokens)


def _exchange_value(tokens: list[bytes], random: Random) -> None:
    places = [
        (at, values.split())
        for at, token in enumerate(tokens)
        for form, values in _ALIKE
        if re.match(form, token)
    ]
    if places:
        at, values = random.choice(places)
        tokens[at] = random.choice(values)


def _numbered(tokens: list[bytes], times: int) -> list[bytes]:
    """With a line repeated under other names: many uplinks, probes, rules or unknown keys."""
    lines = b"".join(tokens).split(b"\n")
    longest = max(range(len(lines)), key=lambda at: len(lines[at]))
    line = re.sub(rb"(\w+)", rb"\g<1>%d", lines[longest].replace(b"%", b"%%"), count=1)
    lines[longest:longest] = [line % n if line.count(b"%d") == 1 else line for n in range(times)]
    return _TOKEN.findall(b"\n".join(lines))


TARGET = Target(
    attack=check,
    seeds=seeds,
    mutated=mutated,
    words=tuple(word.encode() for word in _VOCABULARY),
    largest=16_384,
)
