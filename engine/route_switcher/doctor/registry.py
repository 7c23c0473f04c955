"""Every check, in the order of the report."""

from route_switcher.doctor.check import Check
from route_switcher.doctor.checks import links

CHECKS: tuple[Check, ...] = (links.CHECK,)
