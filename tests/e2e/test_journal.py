"""The journal of an engine on the real kernel: its decisions come of it once more."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.journal.reading import Entry, Journal
from route_switcher.journal.records import Began, Ended, Lost, Unread
from route_switcher.journal.replay import replay
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from route_switcher.policy.load import load_text
from support.journalled import same
from support.running import Start, eventually, run_to_its_end
from support.written_policy_files import policy_text

TOP = Path(__file__).parents[2]
SCHEMA = Draft7Validator(json.loads((TOP / "schemas" / "report.schema.json").read_text("utf-8")))

pytestmark = pytest.mark.kernel


def entries_in(state: Path) -> list[Entry]:
    journal = Journal(state / "journal")
    entries = list(journal.entries())
    assert journal.damaged == 0
    return entries


def selections_in(state: Path) -> list[str]:
    """What was selected until now, as far as it is written."""
    records = (entry.record for entry in Journal(state / "journal").entries())
    return [record.selected for record in records if isinstance(record, Decision)]


def _reports_what_happened(report: dict[str, Any]) -> None:
    """A silent outage and a lost carrier, both of primary, and how users fared."""
    SCHEMA.validate(report)
    primary, secondary = report["uplinks"]
    silent, unplugged = [each for each in primary["troubles"] if each["counts"]]
    assert "rounds in a row failed" in silent["reason"]
    assert "has no carrier" in unplugged["reason"]
    assert secondary["troubles"] == []
    assert [each["uplinks"] for each in report["outages"]][:1] == [["primary"]]
    assert report["outages"][0]["then"] == "secondary"
    causes = [(each["from"], each["to"]) for each in report["switches"]]
    assert causes[:1] == [("primary", "secondary")]
    assert "the engine was stopped" in [gap["reason"] for gap in report["gaps"]]


def test_its_decisions_come_of_its_journal_once_more(
    lab: Lab, start: Start, policy_file: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    policy = policy_text(lab)
    blackhole, primary = FAULTS["blackhole"], lab.uplinks[0]
    engine = start(policy, STATE_DIRECTORY=str(state))
    engine.wait_for_health("primary", "secondary")
    began = time.monotonic()
    blackhole.inject(lab, primary)
    engine.wait_for("decision", selected="secondary")
    # The order comes first: without it the traffic returns as soon as the line is mended.
    assert run_to_its_end(lab, "switch", "secondary").returncode == 0
    longest = time.monotonic() - began
    blackhole.heal(lab, primary)
    assert run_to_its_end(lab, "release").returncode == 0
    engine.wait_for("decision", selected="primary", previous="secondary")
    policy_file.write_text(policy.replace("300ms", "400ms"))
    assert run_to_its_end(lab, "reload").returncode == 0
    assert engine.end(signal.SIGTERM) == 0
    # Killed in the middle: what was written before is whole.
    engine = start(None, STATE_DIRECTORY=str(state))
    engine.wait_for_health("primary", "secondary")
    FAULTS["carrier"].inject(lab, primary)
    engine.wait_for("decision", selected="secondary")
    eventually(
        lambda: selections_in(state)[-2:] == ["primary", "secondary"],
        "the decision is in the journal",
    )
    engine.end(signal.SIGKILL)

    done = run_to_its_end(lab, "report", "--since", "1h", "--json", STATE_DIRECTORY=str(state))
    _reports_what_happened(json.loads(done.stdout))

    done = run_to_its_end(lab, "history", "--since", "1h", "--json", STATE_DIRECTORY=str(state))
    _tells_how_it_switched(json.loads(done.stdout), longest)

    entries = entries_in(state)
    assert not [e for e in entries if isinstance(e.record, Lost | Unread)]
    assert [type(e.record) for e in entries if isinstance(e.record, Began | Ended)] == [
        Began,
        Ended,
        Began,
    ]
    steps = list(replay(entries, lambda text: load_text(text, "journal")))
    assert sum(isinstance(step.event, Round) for step in steps) > 10
    assert len([o for step in steps for o in step.now if isinstance(o, Decision)]) >= 4
    for step in steps[:-1]:
        assert same(step.now, step.then), step.event
    # It was killed before all was written that it said last.
    assert same(steps[-1].now[: len(steps[-1].then)], steps[-1].then)


def _tells_how_it_switched(history: dict[str, Any], longest: float) -> None:
    """As `history --json` has it. `longest`: seconds of its outage at most."""
    switches = history["switches"]
    assert [(s["previous"], s["selected"]) for s in switches] == [
        ("primary", "secondary"),
        ("secondary", "primary"),
        ("primary", "secondary"),
    ]
    away = switches[0]
    steps = [away[step] for step in ("lost", "detected", "at", "acted", "answered")]
    assert None not in steps
    assert steps == sorted(steps)
    assert away["rules"] == ["no-internet"]
    # Some rounds of 50 ms failed.
    assert 0.1 <= history["outages"][0]["seconds"] <= longest
    assert all(uplink["rounds"] > 0 for uplink in history["uplinks"])


FULL = "mount -t tmpfs -o size=4k,mode=700 none {0} && head -c 4096 /dev/zero >{0}/filler"
READ_ONLY = "mount -t tmpfs -o ro none {0}"


@pytest.mark.parametrize("way", [FULL, READ_ONLY], ids=["full", "read-only"])
def test_without_a_disk_it_fails_over_all_the_same_and_says_so(
    lab: Lab, start: Start, tmp_path: Path, way: str
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    there = f'{{ {way.format(state)}; }} && exec "$@"'
    wrapped_in = ["unshare", "--mount", "sh", "-c", there, "sh"]
    engine = start(policy_text(lab), wrapped_in=wrapped_in, STATE_DIRECTORY=str(state))
    engine.wait_for_health("primary", "secondary")
    engine.wait_for("recording", "the engine's journal cannot be written")
    FAULTS["carrier"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="secondary")
    done = run_to_its_end(lab, "status")
    assert "TROUBLE: the engine's journal cannot be written" in done.stdout
    assert engine.end(signal.SIGTERM) == 0
    assert len(engine.said("recording")) == 1
