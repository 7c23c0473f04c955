"""Every row. A file for each group of checks, as in the product."""

from doctor import (
    rows_access,
    rows_addresses,
    rows_clients,
    rows_connections,
    rows_firewall,
    rows_links,
    rows_resolvers,
    rows_routes,
    rows_settings,
    rows_writers,
)
from doctor.planted import Planted

ROWS: tuple[Planted, ...] = (
    *rows_links.ROWS,
    *rows_addresses.ROWS,
    *rows_settings.ROWS,
    *rows_routes.ROWS,
    *rows_clients.ROWS,
    *rows_firewall.ROWS,
    *rows_connections.ROWS,
    *rows_resolvers.ROWS,
    *rows_writers.ROWS,
    *rows_access.ROWS,
)
