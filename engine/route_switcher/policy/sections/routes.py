"""The `routes` section: in which table the routes stand."""

from collections.abc import Collection, Sequence

from route_switcher.core.vocabulary.policy import MAIN_TABLE, Placement
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.policy.findings import Findings
from route_switcher.policy.sections.tables import (
    SECTION,
    SOURCE_RULES,
    TABLE,
    check_tables,
    table_of_traffic,
)


def read_placement(
    findings: Findings, names: Collection[str], uplinks: Sequence[Uplink]
) -> Placement:
    """Where the routes stand; reports tables that cannot be ours.

    `names` are those of the uplinks that are written, `uplinks` those that are sound.
    """
    table = table_of_traffic(findings, uplinks)
    if isinstance(findings.get((SECTION, TABLE)), int) or table != MAIN_TABLE:
        check_tables(findings, (SECTION, TABLE), table, len(names))
    return Placement(table, findings.get((SECTION, SOURCE_RULES)) is not False)
