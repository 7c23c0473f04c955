"""How many random policies are held against the virtual world."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--policies", type=int, default=8, help="random policies to play in the virtual world"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        # `tests/analysis` may not be among the paths that pytest was started with.
        metafunc.parametrize("seed", range(metafunc.config.getoption("--policies", 8)))
