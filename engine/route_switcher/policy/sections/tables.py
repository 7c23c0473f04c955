"""In which tables the routes stand, as the policy says."""

from collections.abc import Sequence

from route_switcher.core.vocabulary.policy import MAIN_TABLE, OWN_TABLE
from route_switcher.core.vocabulary.routes import LEASE_TABLE
from route_switcher.core.vocabulary.uplinks import GatewayMode, Uplink
from route_switcher.policy.findings import Findings
from route_switcher.policy.yaml.reader import Path

SECTION = "routes"
TABLE = "table"
SOURCE_RULES = "source_rules"
WHEN_ALL_DOWN = "when_all_down"

_LARGEST = 2**32 - 1

_TAKEN = {
    253: "the table 'default' of the kernel",
    MAIN_TABLE: "the table main",
    255: "the table 'local' of the kernel",
    LEASE_TABLE: "the table of the hooks for DHCP clients, which no rule may lead to",
}
"""What tables are already (RT_TABLE_DEFAULT and so on, linux/rtnetlink.h)."""


def table_of_traffic(findings: Findings, uplinks: Sequence[Uplink]) -> int:
    """The table that the policy means."""
    written = findings.get((SECTION, TABLE))
    if isinstance(written, int):
        return written
    if written == "own" or (written is None and _needs_own_table(uplinks)):
        return OWN_TABLE
    return MAIN_TABLE


def stands_in_main(findings: Findings, uplinks: Sequence[Uplink]) -> bool:
    """Whether the routes stand in the main table, beside those of others."""
    return table_of_traffic(findings, uplinks) == MAIN_TABLE


def _needs_own_table(uplinks: Sequence[Uplink]) -> bool:
    """Whether others write default routes of the lines to main, by what the policy says."""
    return any(isinstance(uplink.gateway, GatewayMode) for uplink in uplinks)


def check_tables(findings: Findings, path: Path, table: int, uplinks: int) -> None:
    """The table and the small ones after it, one for each uplink."""
    last = table + uplinks
    message = None
    hint = f"write for example {_free(uplinks)}"
    if table in _TAKEN:
        message = f"{table} is {_TAKEN[table]}"
        if table == MAIN_TABLE:
            hint = "write main"
    else:
        needed = f"{table} needs the tables up to {last} too, one for each uplink"
        taken = next((number for number in _TAKEN if table < number <= last), None)
        if taken is not None:
            message = f"{needed}, and {taken} is {_TAKEN[taken]}"
        elif last > _LARGEST:
            message = f"{needed}, and {_LARGEST} is the last one that there is"
    if message is not None:
        findings.report("bad-table", path, message, hint)


def _free(uplinks: int) -> int:
    """The first number with which the tables of so many uplinks stand clear of those taken."""
    candidates = (number + 1 for number in (OWN_TABLE - 1, *sorted(_TAKEN)))
    return next(
        number
        for number in candidates
        if not any(number <= taken <= number + uplinks for taken in _TAKEN)
    )
