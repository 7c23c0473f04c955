"""Some rows run in every `pytest`; all of them, and the printed table, in `make faults`."""

from collections.abc import Callable, Iterator
from typing import cast

import pytest

from faults.row import Row
from faults.table import Line, markdown, markdown_row
from faults.turns import a_turn

_ROW = "row of the table"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-fault", action="store_true", help="run the slow faults too, and print the table"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: left to `make faults`")
    config.pluginmanager.register(_Rows(config))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not _every_fault(config):
        slow = [item for item in items if item.get_closest_marker("slow")]
        items[:] = [item for item in items if item not in slow]
        config.hook.pytest_deselected(items=slow)


class _Rows:
    """Gathers the rows of all processes (pytest-xdist)."""

    def __init__(self, config: pytest.Config) -> None:
        self._rows: dict[int, str] = {}
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the rows of a test that has ended."""
        if report.when == "call":
            for name, value in report.user_properties:
                if name == _ROW:
                    place, row = cast(tuple[int, str], value)
                    self._rows[place] = row

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print them in the order of the tests."""
        if _every_fault(self._config):
            rows = [row for _, row in sorted(self._rows.items())]
            terminalreporter.write_line("\n" + markdown(rows))


@pytest.fixture(autouse=True)
def its_turn(request: pytest.FixtureRequest) -> Iterator[None]:
    """What takes much of the whole machine runs alone."""
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    row = parameters.get("row")
    with a_turn(alone=isinstance(row, Row) and row.alone):
        yield


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[Line], None]:
    """Adds a line to the table that is printed at the end."""

    def add(line: Line) -> None:
        place = request.session.items.index(request.node)
        request.node.user_properties.append((_ROW, (place, markdown_row(line))))

    return add


def _every_fault(config: pytest.Config) -> bool:
    # Unknown where these tests are only some of those that run.
    return bool(config.getoption("--every-fault", False))
