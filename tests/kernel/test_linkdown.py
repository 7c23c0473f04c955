"""The kernel skips routes without a carrier, if it is told to."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from route_switcher.kernel.host.linkdown import ignore_linkdown


def way_to(target: str) -> str:
    words = ["ip", "-j", "route", "get", target]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return str(json.loads(done.stdout)[0]["dev"])


@pytest.mark.kernel
@pytest.mark.parametrize("target", ["203.0.113.9", "2001:db8:ffff::9"])
def test_without_a_carrier_the_next_best_route_is_taken_at_once(
    target: str, wires: None, ip: Callable[..., None], unplug: Callable[[int], None]
) -> None:
    ip(
        "route add default via 198.51.100.1 dev eth0 metric 10",
        "route add default via 198.51.100.129 dev eth1 metric 20",
        "-6 route add default via 2001:db8:0::1 dev eth0 metric 10",
        "-6 route add default via 2001:db8:1::1 dev eth1 metric 20",
    )
    unplug(0)
    assert way_to(target) == "eth0"
    assert ignore_linkdown("eth0") is None
    assert way_to(target) == "eth1"
    assert ignore_linkdown("eth0", on=False) is None
    assert way_to(target) == "eth0"


def test_an_interface_that_is_not_there_is_nothing_to_complain_of(tmp_path: Path) -> None:
    assert ignore_linkdown("eth9", conf=tmp_path) is None


def test_a_refusal_is_told_in_words(tmp_path: Path) -> None:
    switch = tmp_path / "ipv4/conf/eth0/ignore_routes_with_linkdown"
    switch.mkdir(parents=True)
    assert ignore_linkdown("eth0", conf=tmp_path) == f"{switch}: Is a directory"
