"""What `load_text` says about a bad policy, in a form that a table of expectations can hold."""

from textwrap import dedent

import pytest

from route_switcher.policy.load import load_text
from route_switcher.policy.problems import PolicyProblems

NAME_HINT = (
    "a name has 1 to 32 letters (a-z, A-Z), digits, '-', '_' and '.',"
    " and begins with a letter or a digit"
)
DURATION_HINT = "a duration is a number and its unit (ms, s, m or h), such as 500ms, 1s, 2m or 1h"
ADDRESS_HINT = (
    "write an IPv4 or IPv6 address such as 192.168.1.1 or 2001:db8::1:"
    " no name, no /length, no %interface"
)
GATEWAY_HINT = "gateways from DHCP are not known to this program yet: write the address"


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
