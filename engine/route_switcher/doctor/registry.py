"""Every check, in the order of the report."""

from route_switcher.doctor.check import Check
from route_switcher.doctor.checks import (
    addresses,
    foreign_routes,
    links,
    next_hops,
    probe_ways,
    rules,
    settings,
    traffic_ways,
)

CHECKS: tuple[Check, ...] = (
    links.CHECK,
    addresses.CHECK,
    next_hops.CHECK,
    settings.CHECK,
    foreign_routes.CHECK,
    rules.CHECK,
    probe_ways.CHECK,
    traffic_ways.CHECK,
)
