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

Reaches: TypeAlias = Callable[..., bool]
"""`reaches(uplink, target, tries)`"""
Eventually: TypeAlias = Callable[[Callable[[], bool]], bool]


@pytest.fixture
def reaches(lab: Lab) -> Reaches:
    """Whether one of some echoes from the router through an uplink comes back. A busy machine may
    lose one while neighbours are asked for, or be late."""

    def ask(uplink: LabUplink, target: Address, tries: int = 1) -> bool:
        family = family_of(target)
        gateway = uplink.gateway_of(family)
        if target != gateway:
            leads = [str(target), "via", str(gateway), "dev", uplink.interface]
            lab.run("router", "ip", "route", "replace", *leads)
        own = uplink.address if family is Family.IPV4 else uplink.address_v6
        return any(once(str(target), str(own.ip)) for _ in range(tries))

    def once(target: str, own: str) -> bool:
        with lab.inside("router"):
            try:
                return bool(ping(target, count=1, timeout=0.3, source=own).is_alive)
            except ICMPLibError:
                return False

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
