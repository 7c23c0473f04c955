"""Probes by TCP and HTTP on the real kernel: connections die while pings are answered."""

from collections.abc import Iterator, Sequence

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import BACKBONE_PORT, INTERNET
from route_switcher.lab.topology import Lab
from support.page_server import pages
from support.running import Start
from support.written_policy_files import DUAL_STACK, name_of, policy_text

pytestmark = pytest.mark.kernel

PORT = 8080
V4, V6 = (Family.IPV4,), (Family.IPV6,)

DEAD = f"""
table inet dead {{
  chain forward {{
    type filter hook forward priority filter
    oifname "{BACKBONE_PORT}" meta l4proto tcp drop
  }}
}}
"""


@pytest.fixture
def served(lab: Lab) -> Iterator[None]:
    with pages(lab, INTERNET, PORT):
        yield


def policy(lab: Lab, families: Sequence[Family], kind: str, table: str = "") -> str:
    """Pings, and another probe of the same targets. The pages are served by this process, which a
    busy machine may hold up for a second."""
    text = policy_text(lab, families)
    targets = text[text.index("targets: [") : text.index("], interval")] + "]"
    other = f"  other: {{{kind}, {targets}, interval: 200ms, timeout: 200ms}}\n"
    text = text.replace("rules:\n", f"{other}rules:\n").replace(
        "fail: {failures", "probe: internet, fail: {failures"
    )
    return (
        table
        + text
        + "  - {name: dead, probe: other, fail: {failures: 8}, recover: {stable: 300ms}}\n"
    )


TCP = f"type: tcp, port: {PORT}"
HTTP = f"type: http, url: 'http://www.example.net:{PORT}/x', status: 204"


@pytest.mark.parametrize(
    ("kind", "families", "table"),
    [
        (TCP, DUAL_STACK, ""),
        (TCP, V4, "routes: {table: own}\n"),
        (HTTP, V6, "routes: {table: own}\n"),
        (HTTP, DUAL_STACK, ""),
    ],
)
def test_connections_that_die_fail_over_and_back_and_the_broken_layer_is_told(
    lab: Lab, start: Start, served: None, kind: str, families: Sequence[Family], table: str
) -> None:
    engine = start(policy(lab, families, kind, table))
    primary, secondary = lab.uplinks
    every = [name_of(uplink, family) for family in families for uplink in lab.uplinks]
    engine.wait_for_health(*every, rules=("no-internet", "unplugged", "dead"))
    broken = engine.now
    lab.run("primary", "nft", "-f", "-", given=DEAD)
    for family in families:
        names = {"previous": name_of(primary, family), "selected": name_of(secondary, family)}
        moved = engine.wait_for("decision", since=broken, **names)
        assert moved.fields["rules"] == ["dead"]
        assert "TCP fails, ping works" in str(moved.fields["evidence"])
    healed = engine.now
    lab.run("primary", "nft", "delete", "table", "inet", "dead")
    # It was demoted, and probed all the same.
    for family in families:
        names = {"previous": name_of(secondary, family), "selected": name_of(primary, family)}
        engine.wait_for("decision", since=healed, **names)
