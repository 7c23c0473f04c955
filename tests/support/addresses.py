"""Waiting for addresses that a test has given to an interface."""

import subprocess
import time

from route_switcher.lab.settled_addresses import addresses_settled

PATIENCE = 60.0


def await_addresses(interface: str) -> None:
    """Return when the kernel is done with the IPv6 addresses of the interface, in the network of
    this thread: a busy machine makes them usable some time after they were added."""
    end = time.monotonic() + PATIENCE
    while not addresses_settled(interface):
        assert time.monotonic() < end, interface
        time.sleep(0.002)


def await_own(address: str) -> None:
    """Return when the kernel takes this IPv6 address for its own."""
    end = time.monotonic() + PATIENCE
    words = ["ip", "-6", "route", "show", "table", "local", "type", "local", address]
    while not subprocess.run(words, capture_output=True, check=True).stdout:
        assert time.monotonic() < end, address
        time.sleep(0.002)
