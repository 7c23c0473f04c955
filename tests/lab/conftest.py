"""Reaching things through one uplink of the lab."""

import time
from collections.abc import Callable
from typing import TypeAlias

import pytest
from icmplib import ICMPLibError, ping  # type: ignore[import-untyped]

from route_switcher.core.vocabulary.uplinks import Address, Family, family_of
from route_switcher.lab.addresses import LabUplink
from route_switcher.lab.topology import Lab

DEADLINE = 60.0

Reaches: TypeAlias = Callable[[LabUplink, Address], bool]
Eventually: TypeAlias = Callable[[Callable[[], bool]], bool]


@pytest.fixture
def reaches(lab: Lab) -> Reaches:
    """Whether one echo from the router through an uplink comes back."""

    def ask(uplink: LabUplink, target: Address) -> bool:
        family = family_of(target)
        gateway = uplink.gateway_of(family)
        if target != gateway:
            leads = [str(target), "via", str(gateway), "dev", uplink.interface]
            lab.run("router", "ip", "route", "replace", *leads)
        own = uplink.address if family is Family.IPV4 else uplink.address_v6
        with lab.inside("router"):
            try:
                answer = ping(str(target), count=1, timeout=0.3, source=str(own.ip))
            except ICMPLibError:
                return False
        return bool(answer.is_alive)

    return ask


@pytest.fixture
def eventually() -> Eventually:
    """Whether something becomes true before a deadline."""

    def wait(true: Callable[[], bool]) -> bool:
        end = time.monotonic() + DEADLINE
        while not true():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    return wait
