"""Every row. A file for each group of checks, as in the product."""

from doctor import rows_links
from doctor.planted import Planted

ROWS: tuple[Planted, ...] = (*rows_links.ROWS,)
