import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from route_switcher.lab import demo
from route_switcher.lab.demo import LineStyle
from route_switcher.lab.topology import Lab

pytestmark = pytest.mark.kernel

STAND_IN = str(Path(__file__).with_name("stand_in.py"))


def run(flaw: str, fault: str = "blackhole") -> tuple[demo.DemoResult, list[str]]:
    lines: list[str] = []

    def tell(kind: LineStyle, line: str) -> None:
        lines.append(line if kind is LineStyle.STEP else f"| {line}")

    result = demo.run(fault, tell, lambda policy: [sys.executable, STAND_IN, flaw])
    return result, lines


@pytest.fixture(autouse=True)
def short_and_nothing_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(demo, "_PAUSE", 0.3)
    before = set(threading.enumerate())  # such as trio's, which wait a while for more work
    yield
    assert set(threading.enumerate()) <= before
    assert not any(Path("/run/netns").iterdir())


@pytest.mark.parametrize("fault", ["blackhole", "carrier"])
def test_failover_and_fail_back_are_seen_and_measured(
    monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    # What the engine says while nobody listens is still told before what it did after that.
    monkeypatch.setattr(demo, "_LOOK", 0.0)
    for patience in ("_SELECTION", "_FAILOVER", "_FAIL_BACK"):
        monkeypatch.setattr(demo, patience, 60.0)
    result, lines = run("", fault)
    assert result.missing == ""
    assert result.failover is not None
    assert result.fail_back is not None
    assert result.failover.lost > 0
    assert result.failover.milliseconds > 0
    assert result.fail_back.lost < result.failover.lost
    assert [line.split(":")[0] for line in lines] == [
        "| the stand-in starts",
        "traffic leaves through primary",
        f"primary breaks ({fault})",
        "| primary failed",
        "failover",
        "primary is mended; it must be stable for 5 s",
        "| primary recovered",
        "fail-back",
    ]


def test_an_engine_that_ends_is_reported_with_its_last_words() -> None:
    result, _ = run("dies")
    assert result.missing == "the selection at the start: the engine ended with exit code 1"
    assert result.last_lines == ("the stand-in starts", "no policy today")


@pytest.mark.parametrize(
    ("flaw", "patience", "missing"),
    [
        ("never-fails-over", "_FAILOVER", "the failover"),
        ("never-fails-back", "_FAIL_BACK", "the fail-back"),
    ],
)
def test_what_did_not_happen_is_named(
    monkeypatch: pytest.MonkeyPatch, flaw: str, patience: str, missing: str
) -> None:
    for other in ("_SELECTION", "_FAILOVER", "_FAIL_BACK"):
        monkeypatch.setattr(demo, other, 60.0)
    monkeypatch.setattr(demo, patience, 2.0)
    result, _ = run(flaw)
    assert result.missing == f"{missing}: not within 2 s"


def test_the_policy_names_every_uplink_and_only_targets_of_the_lab(lab: Lab) -> None:
    text = demo.policy_text(lab)
    for uplink in lab.uplinks:
        assert f"{uplink.name}: {{interface: {uplink.interface}, gateway: {uplink.gateway}" in text
    assert "targets: [198.51.100.200, 203.0.113.200]" in text
