"""Every test runs in a private network: no packet of a test can reach the host's network."""

import gc
import itertools
import logging
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck
from hypothesis.database import DirectoryBasedExampleDatabase

import private_python
from route_switcher.daemon import report
from route_switcher.daemon.log_limit import LogLimit
from route_switcher.lab import sandbox
from route_switcher.lab.topology import Lab
from support.left_behind import empty_run, left_behind
from support.threads_of_trio import keep_threads_apart

_unavailable = pytest.StashKey[str]()

_TESTS = Path(__file__).parent
_SOME = 50
"""So many files each worker may compile: a process that collects alone would take longer."""

# Where the environment forbids it, each of some thousand processes would compile the program again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The background of a script, or nohup(1), ignores some signals, and so would what the tests start.
for _ignored, _usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGQUIT, signal.SIG_DFL),
    (signal.SIGTERM, signal.SIG_DFL),
):
    if signal.getsignal(_ignored) is signal.SIG_IGN:
        signal.signal(_ignored, _usual)

# Who starts the tests may be a service, or have a terminal of an unusual size.
for _name in (
    *("RUNTIME_DIRECTORY", "STATE_DIRECTORY", "XDG_RUNTIME_DIR", "JOURNAL_STREAM"),
    *("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"),
    *("ROUTE_SWITCHER_LOG", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"),
):
    os.environ.pop(_name, None)

# Or speak any language. And argparse would look for translations of its words in every process.
os.environ["LANGUAGE"] = "C"

# However slow the machine is, a property test fails for nothing but its property.
hypothesis.settings.register_profile(
    "same-twice",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)
hypothesis.settings.register_profile(
    "search",
    hypothesis.settings.get_profile("same-twice"),
    derandomize=False,
    database=DirectoryBasedExampleDatabase(".hypothesis/found"),
)
hypothesis.settings.load_profile("same-twice")


# What is imported and collected stays until the end. To look for garbage in it, time and again,
# took a third of the collection, and some percent of the tests.
gc.disable()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        began_elsewhere = "this worker was not started by tests/private_python.py"
        config.stash[_unavailable] = os.environ.get(private_python.REFUSAL, began_elsewhere)
        return
    try:
        sandbox.enter()
    except sandbox.SandboxUnavailable as error:
        config.stash[_unavailable] = str(error)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: Sequence[Any]) -> None:
    """Start each worker in a private network of its own, so that they never meet."""
    gc.enable()  # this process collects nothing
    if len(specs) > 1 and sum(map(_is_to_be_compiled, _TESTS.rglob("test_*.py"))) > _SOME:
        # All workers at once would compile every file, each for itself. What fails here fails in
        # them too, and they tell of it.
        alone = ["-n0", "--collect-only", "-qq", "-p", "no:cacheprovider", *config.args]
        words = [sys.executable, "-P", "-m", "pytest", *alone]
        subprocess.run(words, stdout=subprocess.DEVNULL, check=False)
    for spec in specs:
        spec.python = shlex.join([sys.executable, private_python.__file__])


def _is_to_be_compiled(file: Path) -> bool:
    """Whether pytest has not kept what it made of this file."""
    made = Path(cache_from_source(str(file)))
    made = made.with_name(f"{made.stem}-pytest-{pytest.__version__}.pyc")
    return not made.exists() or made.stat().st_mtime < file.stat().st_mtime


def pytest_report_header(config: pytest.Config) -> str:
    reason = config.stash.get(_unavailable, "")
    return f"kernel tests: {'SKIPPED, ' + reason if reason else 'in a private network'}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the files to the workers, so that none waits for another at the end, and each has those
    that compute between those that wait. What takes longest begins first.

    (`--dist worksteal` gives each worker one part of the list, and lets it take from others later.)
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1:
        return
    longest = [[item] for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    files = [list(file) for _, file in itertools.groupby(others, lambda item: item.path)]
    waiting = [file for file in files if file[0].get_closest_marker("kernel")]
    computing = [file for file in files if not file[0].get_closest_marker("kernel")]
    mixed = [
        (place / len(kind), file)
        for kind in (waiting, computing)
        for place, file in enumerate(kind)
    ]
    mixed.sort(key=lambda each: each[0])
    hands: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for file in (*longest, *(file for _, file in mixed)):
        min(hands, key=len).extend(file)
    items[:] = itertools.chain(*hands)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    keep_threads_apart()
    reason = item.config.stash.get(_unavailable, "")
    if not reason or item.get_closest_marker("kernel") is None:
        return
    if os.environ.get("ROUTE_SWITCHER_REQUIRE_KERNEL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(autouse=True, scope="module")
def nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """The tests of a file leave no process and no network behind."""
    yield
    if not request.config.stash.get(_unavailable, ""):
        assert left_behind() == []


@pytest.fixture(autouse=True)
def nothing_is_found(request: pytest.FixtureRequest) -> None:
    """A test on the kernel has a network of its own, and finds nothing of others in /run."""
    if request.node.get_closest_marker("kernel") and not request.config.stash.get(_unavailable, ""):
        sandbox.renew_network()
        empty_run()


@pytest.fixture(autouse=True)
def a_log_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test finds no log that an earlier one has set up, and does not hear of lines that an
    earlier one was not allowed to write."""
    monkeypatch.setattr(report, "_LIMIT", LogLimit())
    report.LOG.handlers.clear()
    report.LOG.propagate = True
    report.LOG.setLevel(logging.NOTSET)


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A router with two uplinks and no default route; its tests are marked `kernel`."""
    with Lab() as running:
        yield running
