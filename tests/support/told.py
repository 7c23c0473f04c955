"""What `load_text` says about a bad policy, in a form that a table of expectations can hold."""

from textwrap import dedent

import pytest

from route_switcher.policy.load import load_text
from route_switcher.policy.problems import PolicyProblems

NAME_HINT = (
    "a name has 1 to 32 letters (a-z, A-Z), digits, '-', '_' and '.',"
    " and begins with a letter or a digit"
)
DURATION_HINT = (
    "a duration is a number and its unit (ms, s, m, h or d), such as 500ms, 1s, 2m or 1h30m"
)
TARGET_HINT = (
    "write an IPv4 or IPv6 address such as 8.8.8.8 or 2001:db8::1, or a name such as"
    " www.example.net: no /length, no %interface, no port"
)
GATEWAY_HINT = (
    "write an IPv4 or IPv6 address such as 192.168.1.1 or fe80::1 (no name, no /length, no"
    " %interface), auto if the gateway is learned (DHCP, router advertisements), or none if the"
    " line has no gateway (PPP, tunnels)"
)
KEYS_HINT = (
    "the keys known here: version, uplinks, probes, rules, routes, hold_back, after_switch, hooks,"
    " control, families_move, metrics, on_exit, journal, track_file,"
    " ignore_linkdown"
)
ABSENT_GATEWAY_HINT = (
    "write auto if the gateway is learned (DHCP, router advertisements), or none if the line has"
    " none (PPP, tunnels)"
)
AUTO_HINT = "did you mean 'auto'? It learns the gateway from the default routes of others"
NONE_HINT = "did you mean 'none'? It is for a line without a gateway, such as PPP or a tunnel"
ROUTER_HINT = (
    "write the address of the next router on this interface, or auto if it is learned, or none if"
    " there is none"
)


def told(text: str) -> list[str]:
    """Each problem as `LINE:COLUMN-END code: message | hint`."""
    with pytest.raises(PolicyProblems) as caught:
        load_text(text, "policy.yaml")
    lines = []
    for problem in caught.value.problems:
        span = problem.span
        assert span is not None
        place = f"{span.line}:{span.column}-{span.end_column}"
        lines.append(f"{place} {problem.code}: {problem.message} | {problem.hint}")
    return lines


def check(text: str, expected: list[str]) -> None:
    """`expected` holds a hint in every second place, so that lines stay short."""
    pairs = zip(expected[::2], expected[1::2], strict=True)
    assert told(dedent(text)) == [f"{problem} | {hint}" for problem, hint in pairs]


def with_uplink(text: str) -> str:
    """A policy whose line 5 begins `text`."""
    head = """\
        version: 1
        uplinks:
          a: {interface: eth0, gateway: 192.0.2.1}

        """
    return dedent(head) + dedent(text)
