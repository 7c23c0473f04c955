"""Whether every fault is planted somewhere, and every name fits."""

import json
import re

from doctor.rows import ROWS
from route_switcher.doctor.finding import Verdict
from route_switcher.doctor.registry import CHECKS
from route_switcher.resources import shipped_schemas

FAULTS = [fault for check in CHECKS for fault in check.faults]
DEFINITION = json.loads(shipped_schemas()["doctor"].read_text("utf-8"))["definitions"]["finding"]


def test_every_fault_is_planted() -> None:
    assert {row.fault for row in ROWS} == {f"{fault.check}/{fault.name}" for fault in FAULTS}


def test_names_are_unique_and_of_the_form_that_the_schema_says() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert len(set(FAULTS)) == len(FAULTS)
    for key, told in (("check", names), ("fault", [fault.name for fault in FAULTS])):
        assert all(re.search(DEFINITION["properties"][key]["pattern"], name) for name in told)


def test_a_fault_belongs_to_its_check_and_is_one() -> None:
    for check in CHECKS:
        for fault in check.faults:
            assert fault.check == check.name
            assert fault.verdict in (Verdict.WARN, Verdict.FAIL)


def test_the_schema_knows_every_verdict() -> None:
    verdicts = [verdict.value for verdict in Verdict]
    assert DEFINITION["properties"]["verdict"]["enum"] == verdicts
