"""Privileges and reverse path filtering."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.daemon.interfaces import Interfaces
from route_switcher.kernel.host.privileges import NET_ADMIN, NET_RAW, missing_capabilities
from route_switcher.kernel.host.rp_filter import rp_filter_remedy, strict_rp_filter
from support.world import policy, uplink


@pytest.mark.parametrize(
    ("effective", "missing"),
    [
        ("000001ffffffffff", ()),
        ("0000000000003000", ()),
        ("0000000000001000", ("CAP_NET_RAW",)),
        ("0000000000002000", ("CAP_NET_ADMIN",)),
        ("0000000000000000", ("CAP_NET_ADMIN", "CAP_NET_RAW")),
    ],
)
def test_missing_capabilities_are_named(
    tmp_path: Path, effective: str, missing: tuple[str, ...]
) -> None:
    status = tmp_path / "status"
    status.write_text(f"Name:\tx: y\nCapInh:\t0\nCapEff:\t{effective}\nCapBnd:\t0\n")
    assert missing_capabilities({NET_ADMIN, NET_RAW}, status) == missing


@pytest.mark.kernel
def test_root_of_a_namespace_lacks_nothing() -> None:
    assert missing_capabilities({NET_ADMIN, NET_RAW}) == ()


@pytest.mark.parametrize("own", [0, 1, 2])
@pytest.mark.parametrize("everywhere", [0, 1, 2])
def test_the_greater_value_counts(tmp_path: Path, own: int, everywhere: int) -> None:
    for name, value in (("eth0.100", own), ("all", everywhere)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rp_filter").write_text(f"{value}\n")
    found = strict_rp_filter("eth0.100", tmp_path)
    if max(own, everywhere) != 1:
        assert found is None
    elif own == 1:
        assert found == "net.ipv4.conf.eth0/100.rp_filter"
    else:
        assert found == "net.ipv4.conf.all.rp_filter"


@pytest.mark.kernel
def test_the_remedy_makes_a_strict_filter_loose(
    wires: None, sysctl: Callable[[str, int], None]
) -> None:
    sysctl("ipv4/conf/all/rp_filter", 1)
    try:
        assert strict_rp_filter("eth0") == "net.ipv4.conf.all.rp_filter"
        assert strict_rp_filter("eth7") == "net.ipv4.conf.all.rp_filter"
        assert rp_filter_remedy("eth0") == "sysctl -w net.ipv4.conf.eth0.rp_filter=2"
        sysctl("ipv4/conf/eth0/rp_filter", 2)
        assert strict_rp_filter("eth0") is None
    finally:
        sysctl("ipv4/conf/all/rp_filter", 0)


@pytest.mark.kernel
def test_disabled_ipv6_is_told_once_for_an_uplink_of_ipv6(
    wires: None,
    sysctl: Callable[[str, int], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(logging.getLogger("route_switcher"), "propagate", True)
    links = [LinkState("eth0"), LinkState("eth1")]
    both = policy(uplink("four", 1), uplink("six", 0, version=6))
    look = Interfaces(writes=False).look
    look(both, links)
    assert caplog.messages == []
    for interface in ("eth0", "eth1"):
        sysctl(f"ipv6/conf/{interface}/disable_ipv6", 1)
    look(both, links)
    look(both, links)
    (told,) = caplog.messages
    assert told.endswith("sysctl -w net.ipv6.conf.eth0.disable_ipv6=0")
    sysctl("ipv6/conf/eth0/disable_ipv6", 0)
    look(both, links)
    sysctl("ipv6/conf/eth0/disable_ipv6", 1)
    look(both, links)
    assert caplog.messages == [told, told]
