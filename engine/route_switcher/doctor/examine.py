"""Asks every check."""

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.finding import Finding
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.registry import CHECKS


def examine(machine: Machine, policy: Policy) -> tuple[Finding, ...]:
    """What they all say of this machine, in the order of the registry."""
    return tuple(finding for check in CHECKS for finding in check.judge(machine, policy))
