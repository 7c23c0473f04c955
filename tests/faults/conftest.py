"""Some rows run in every `pytest`; all of them, and the printed table, in `make faults`."""

from collections.abc import Callable

import pytest

from faults.table import Line, markdown

_lines = pytest.StashKey[list[Line]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-fault", action="store_true", help="run the slow faults too, and print the table"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: left to `make faults`")
    config.stash[_lines] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not _every_fault(config):
        slow = [item for item in items if item.get_closest_marker("slow")]
        items[:] = [item for item in items if item not in slow]
        config.hook.pytest_deselected(items=slow)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if _every_fault(config):
        lines = config.stash[_lines]
        terminalreporter.write_line("\n" + markdown(lines))


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[Line], None]:
    """Adds a line to the table that is printed at the end."""
    return request.config.stash[_lines].append


def _every_fault(config: pytest.Config) -> bool:
    # Unknown where these tests are only some of those that run.
    return bool(config.getoption("--every-fault", False))
