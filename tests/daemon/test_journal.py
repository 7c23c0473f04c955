"""Where standard error is the journal, lines have a priority, and no time of their own."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from route_switcher.daemon.journal import is_journal, marked, prefix
from route_switcher.daemon.log_lines import formatter_of

LEVELS = {
    logging.DEBUG: "<7>",
    logging.INFO: "<6>",
    logging.WARNING: "<4>",
    logging.ERROR: "<3>",
    logging.CRITICAL: "<3>",
}


def record(level: int, message: str, **fields: object) -> logging.LogRecord:
    what = {"levelno": level, "levelname": logging.getLevelName(level), "msg": message}
    return logging.makeLogRecord({**what, "event": "notice", "fields": fields})


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_has_its_priority(level: int) -> None:
    assert prefix(level) == LEVELS[level]
    line = formatter_of("text", "utf-8", journal=True).format(record(level, "primary: so"))
    assert line == f"{LEVELS[level]}primary: so"


def test_each_line_of_a_traceback_has_the_priority() -> None:
    text = formatter_of("text", "utf-8", journal=True)
    lines = text.format(record(logging.ERROR, "it failed", traceback="one\ntwo")).splitlines()
    assert lines == ["<3>it failed", "<3>    one", "<3>    two"]


def test_json_is_the_same_behind_the_priority() -> None:
    what = record(logging.WARNING, "it is so", family="IPv4")
    plain = formatter_of("json", "utf-8", journal=False).format(what)
    assert formatter_of("json", "utf-8", journal=True).format(what) == f"<4>{plain}"
    assert json.loads(plain)["family"] == "IPv4"


def test_elsewhere_a_text_has_its_time_and_level_and_no_priority() -> None:
    line = formatter_of("text", "utf-8", journal=False).format(record(logging.WARNING, "so"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} WARNING so", line)


def test_what_is_no_line_of_the_log_is_an_error() -> None:
    assert marked("one\n<6>two\n  three\n", logging.ERROR) == "<3>one\n<6>two\n<3>  three\n"


def test_only_the_very_descriptor_that_the_service_manager_gave_counts(tmp_path: Path) -> None:
    with (tmp_path / "one").open("w") as one, (tmp_path / "other").open("w") as other:
        status = os.fstat(one.fileno())
        given = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert is_journal(one.fileno(), given)
        assert not is_journal(other.fileno(), given)
        assert not is_journal(one.fileno(), {})
        for wrong in ("", ":", f"{status.st_dev}", f"{status.st_dev}:{status.st_ino}0", "a:b"):
            assert not is_journal(one.fileno(), {"JOURNAL_STREAM": wrong})
    assert not is_journal(1 << 20, given)


def run_on_a_pipe(*words: str, mine: bool) -> tuple[subprocess.Popen[bytes], int]:
    """The program, its standard error a pipe of which it is told that it is the journal."""
    reading, writing = os.pipe()
    status = os.fstat(writing)
    stream = f"{status.st_dev}:{status.st_ino + (not mine)}"
    environment = os.environ | {"JOURNAL_STREAM": stream}
    program = [sys.executable, "-P", "-m", "route_switcher", "run", *words]
    process = subprocess.Popen(program, stdin=subprocess.DEVNULL, stderr=writing, env=environment)
    os.close(writing)
    return process, reading


@pytest.mark.parametrize("mine", [True, False])
def test_a_policy_that_is_refused_at_the_start_is_an_error_in_the_journal(
    tmp_path: Path, mine: bool
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nuplinks: {}\n")
    process, reading = run_on_a_pipe(str(policy), mine=mine)
    with os.fdopen(reading) as said:
        lines = said.read().splitlines()
    assert process.wait() == 1
    assert lines
    assert {line.startswith("<3>") for line in lines} == {mine}


@pytest.mark.kernel
def test_the_log_of_an_engine_in_the_journal(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nuplinks: {primary: {interface: eth0, gateway: 198.51.100.1}}\n")
    process, reading = run_on_a_pipe("--dry-run", str(policy), mine=True)
    with os.fdopen(reading) as said:
        first = said.readline()
        process.send_signal(signal.SIGTERM)
        rest = said.read().splitlines()
    assert process.wait() == 0
    assert re.match(r"<6>route-switcher \S+, dry run: nothing is written: primary", first)
    assert all(re.match(r"<[3467]>(?!\d{4}-)", line) for line in rest)
