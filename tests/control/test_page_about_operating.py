"""The samples of docs/operate.md are what the program prints."""

import json
from datetime import UTC, datetime
from pathlib import Path

from jsonschema import Draft7Validator

from route_switcher.cli.status_screen import screen
from route_switcher.control.document import LastMinute, Program, status_document
from route_switcher.control.drill_words import report
from route_switcher.control.wall_clock import WallClock
from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.policy.load import load_text
from support.world import World

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "operate.md").read_text("utf-8")

POLICY = """\
version: 1
uplinks:
  primary: {interface: eth0, gateway: 198.51.100.1}
  secondary: {interface: eth1, gateway: 203.0.113.1}
"""
NOW = datetime(2026, 11, 27, 12, 7, 10, tzinfo=UTC)
MINUTES = {
    "primary": LastMinute(rounds=60, failed=6, mean=0.0121, longest=0.02),
    "secondary": LastMinute(rounds=60, failed=0, mean=0.0403, longest=0.06),
}
DAYS = 3 * 86400 + 4 * 3600


def minute(uplink: UplinkId) -> LastMinute:
    return MINUTES[uplink.name]


def test_the_status() -> None:
    world = World(load_text(POLICY, "policy")).run(10_000)
    world.outage("primary", 10_196)
    world.run(10_205.5)
    world.outage("primary", 10_206.2)
    world.run(10_247)
    status = world.engine.status(world.now)
    program = Program("0.1.0", "policy", world.now - DAYS)
    document = status_document(status, program, WallClock(world.now, NOW), minute)
    shown = "\n".join(screen(json.loads(json.dumps(document))))
    assert f"```\n{shown}\n```\n" in PAGE, shown


def test_the_report_of_a_drill() -> None:
    document = {
        "version": 1,
        "time": "2026-11-27T12:03:20.000+00:00",
        "uplink": "secondary",
        "began": "2026-11-27T12:03:07.000+00:00",
        "until": "2026-11-27T12:03:17.000+00:00",
        "left_seconds": 0.0,
        "over": True,
        "outcome": "returned",
        "restarted": False,
        "families": [
            {
                "family": "IPv4",
                "from": "primary",
                "active": "primary",
                "outcome": "returned",
                "there": {
                    "at": "2026-11-27T12:03:07.000+00:00",
                    "seconds": 0.0031,
                    "outage_seconds": 1.0,
                },
                "back": {
                    "at": "2026-11-27T12:03:17.000+00:00",
                    "seconds": 0.0027,
                    "outage_seconds": 1.0,
                },
                "longest_gap_seconds": 1.02,
                "asked": True,
                "astray": "",
                "why_not_back": "",
            }
        ],
        "uplinks": [
            {
                "name": name,
                "family": "IPv4",
                "rounds": 11,
                "lost": 0,
                "mean_seconds": mean,
                "longest_seconds": longest,
            }
            for name, mean, longest in (
                ("primary", 0.0121, 0.0142),
                ("secondary", 0.0403, 0.0516),
            )
        ],
        "notes": [],
    }
    schema = json.loads((TOP / "schemas" / "drill.schema.json").read_text("utf-8"))
    Draft7Validator(schema).validate(document)
    shown = "\n".join(report(document))
    assert f"```\n{shown}\n```\n" in PAGE, shown
