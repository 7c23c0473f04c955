"""Every test runs in a private network: no packet of a test can reach the host's network."""

import os
from collections.abc import Iterator

import pytest

from route_switcher.lab import sandbox
from route_switcher.lab.topology import Lab

_unavailable = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.stash[_unavailable] = "an xdist worker has threads already: run without -n"
        return
    try:
        sandbox.enter()
    except sandbox.SandboxUnavailable as error:
        config.stash[_unavailable] = str(error)


def pytest_report_header(config: pytest.Config) -> str:
    reason = config.stash.get(_unavailable, "")
    return f"kernel tests: {'SKIPPED, ' + reason if reason else 'in a private network'}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    reason = item.config.stash.get(_unavailable, "")
    if not reason or item.get_closest_marker("kernel") is None:
        return
    if os.environ.get("ROUTE_SWITCHER_REQUIRE_KERNEL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A router with two uplinks and no default route; its tests are marked `kernel`."""
    with Lab() as running:
        yield running
