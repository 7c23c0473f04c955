"""Waiting for what the kernel makes of addresses and carriers some time after a test has."""

import json
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


def await_no_carrier(interface: str) -> None:
    """Return when the kernel has told of a lost carrier, and takes the interface for not running,
    which it does up to a second later (linkwatch)."""
    end = time.monotonic() + PATIENCE
    words = ["ip", "-j", "link", "show", "dev", interface]
    while json.loads(subprocess.check_output(words))[0]["operstate"] == "UP":
        assert time.monotonic() < end, interface
        time.sleep(0.002)


def await_own(address: str) -> None:
    """Return when the kernel takes this IPv6 address for its own."""
    end = time.monotonic() + PATIENCE
    words = ["ip", "-6", "route", "show", "table", "local", "type", "local", address]
    while not subprocess.run(words, capture_output=True, check=True).stdout:
        assert time.monotonic() < end, address
        time.sleep(0.002)
