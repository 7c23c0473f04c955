"""The `routes` section: in which table the routes stand."""

from collections.abc import Collection, Sequence

from route_switcher.core.vocabulary.policy import MAIN_TABLE, Placement, WhenAllDown
from route_switcher.core.vocabulary.routes import FIRST_METRIC
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.policy.findings import Findings
from route_switcher.policy.sections.also import read_also
from route_switcher.policy.sections.tables import (
    SECTION,
    SOURCE_RULES,
    TABLE,
    WHEN_ALL_DOWN,
    check_tables,
    table_of_traffic,
)
from route_switcher.policy.sections.uplinks import SECTION as UPLINKS


def read_placement(
    findings: Findings, names: Collection[str], uplinks: Sequence[Uplink]
) -> Placement:
    """Where the routes stand; reports tables that cannot be ours.

    `names` are those of the uplinks that are written, `uplinks` those that are sound.
    """
    table = table_of_traffic(findings, uplinks)
    if isinstance(findings.get((SECTION, TABLE)), int) or table != MAIN_TABLE:
        check_tables(findings, (SECTION, TABLE), table, len(names))
    return Placement(
        table,
        findings.get((SECTION, SOURCE_RULES)) is not False,
        _read_when_all_down(findings, uplinks, table),
        read_also(findings, uplinks),
    )


def _read_when_all_down(findings: Findings, uplinks: Sequence[Uplink], table: int) -> WhenAllDown:
    path = (SECTION, WHEN_ALL_DOWN)
    if findings.get(path) != WhenAllDown.UNREACHABLE.value:
        return WhenAllDown.STAY
    if table == MAIN_TABLE:
        findings.report(
            "needs-own-table",
            path,
            "in the main table it would refuse probes too, and foreign default routes could come"
            " first",
            "write 'table: own' "
            + (
                "beside it"
                if findings.get((SECTION, TABLE)) is None
                else "instead of 'table: main'"
            ),
        )
        return WhenAllDown.STAY
    for uplink in uplinks:
        if uplink.metric == FIRST_METRIC:
            findings.report(
                "metric-collision",
                (UPLINKS, uplink.name, "metric"),
                f"the metric {FIRST_METRIC} is reserved for the route that refuses traffic"
                f" ('{WHEN_ALL_DOWN}: {WhenAllDown.UNREACHABLE.value}')",
                f"write {FIRST_METRIC + 1} or more",
            )
            break
    return WhenAllDown.UNREACHABLE
