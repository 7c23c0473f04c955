"""Every check, in the order of the report."""

from route_switcher.doctor.check import Check
from route_switcher.doctor.checks import (
    access,
    addresses,
    engine,
    firewall,
    foreign_routes,
    ipv6_clients,
    kernel,
    links,
    mtu,
    nat,
    next_hops,
    our_routes,
    probe_ways,
    resolvers,
    rules,
    settings,
    traffic_ways,
    writers,
)

CHECKS: tuple[Check, ...] = (
    links.CHECK,
    addresses.CHECK,
    next_hops.CHECK,
    settings.CHECK,
    our_routes.CHECK,
    foreign_routes.CHECK,
    rules.CHECK,
    probe_ways.CHECK,
    traffic_ways.CHECK,
    nat.CHECK,
    firewall.CHECK,
    mtu.CHECK,
    ipv6_clients.CHECK,
    resolvers.CHECK,
    writers.CHECK,
    kernel.CHECK,
    engine.CHECK,
    access.CHECK,
)
