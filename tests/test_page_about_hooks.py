"""What docs/after-a-switch.md shows is so."""

import os
import re
from datetime import datetime
from pathlib import Path

from route_switcher.control.wall_clock import WallClock
from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.hooks import Hook, HookKind
from route_switcher.core.vocabulary.moments import Moment
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon.hooks.facts import environment
from route_switcher.daemon.hooks.programs import AT_ONCE
from route_switcher.policy.load import load_text
from support.written_scenarios import Folder

TOP = Path(__file__).parents[1]
PAGE = (TOP / "docs" / "after-a-switch.md").read_text("utf-8")
WRITTEN = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(POLICY,) = (text for text in WRITTEN if "\nhooks:\n" in text)


def test_its_policies_are_sound() -> None:
    assert {hook.kind for hook in load_text(POLICY, "page").hooks} == {
        HookKind.ON_SWITCH,
        HookKind.ON_UPLINK_DOWN,
        HookKind.ON_UPLINK_UP,
    }


def test_its_scenario_comes_true(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("policy.yaml", POLICY)
    (expected,) = (text for text in WRITTEN if text.startswith("expect:"))
    assert folder.mismatches(f"rounds: {{fibre: '1m good, lost'}}\n{expected}") == []


def test_it_names_every_variable() -> None:
    moment = Moment(at=0.0, kind=HookKind.ON_ALL_UP, family=Family.IPV4, uplink=None)
    effect = RunHook(0.0, Hook(HookKind.ON_ALL_UP, ("/bin/it",)), moment, 1)
    told = environment(effect, WallClock(0.0, datetime.now().astimezone()))
    ours = [name for name in told.keys() - os.environ.keys() if "ROUTE_SWITCHER_" in name]
    names = {name.removeprefix("ROUTE_SWITCHER_") for name in ours}
    table = "".join(line for line in PAGE.splitlines() if line.startswith("| `ROUTE_SWITCHER"))
    for name in names - {"LOG"}:
        last = name.removeprefix("PREVIOUS_")
        assert f"_{last}`" in table, name


def test_numbers_are_those_of_the_program() -> None:
    hook = load_text(POLICY, "page").hooks[0]
    assert f"**`timeout`** ({hook.timeout:g}s)" in PAGE
    assert f"**`attempts`** ({hook.attempts})" in PAGE
    assert AT_ONCE == 8
    assert "at most eight run at a time" in PAGE


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", PAGE):
        assert (TOP / "docs" / link).exists()
