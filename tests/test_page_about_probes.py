"""The policies and the scenario that the page about probes shows are sound, and do what it says."""

import re
from pathlib import Path

import pytest

from route_switcher.analysis.lints.registry import lints_of
from route_switcher.core.vocabulary.checks import HttpGet, TcpConnect
from route_switcher.policy.load import load_text, read_policy_text
from route_switcher.scenarios.file import load_scenarios
from route_switcher.scenarios.run import run_scenario

PAGE = (Path(__file__).parents[1] / "docs" / "probes.md").read_text("utf-8")
SHOWN = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MIXED, *_, SCENARIOS = SHOWN


@pytest.mark.parametrize("text", SHOWN[:-1])
def test_every_policy_is_sound(text: str) -> None:
    load_text(text, "page")


def test_the_mixture_asks_less_through_lte() -> None:
    policy = load_text(MIXED, "page")
    times = {
        name: {probe.name: probe.interval for probe in policy.probes_through(name)}
        for name in policy.names
    }
    assert times == {
        "fibre": {"pings": 1.0, "connections": 10.0},
        "lte": {"pings": 10.0, "connections": 300.0},
    }
    assert TcpConnect(443, refused_is_good=True) in {probe.check for probe in policy.probes}
    assert lints_of(read_policy_text(MIXED, "page")).problems == ()


def test_a_page_has_its_status() -> None:
    (text,) = (text for text in SHOWN if "type: http" in text)
    (probe,) = load_text(text, "page").probes
    assert isinstance(probe.check, HttpGet)
    assert probe.check.status == 204


def test_the_scenario_holds(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("page")
    (folder / "policy.yaml").write_text(MIXED, "utf-8")
    (folder / "scenarios.yaml").write_text(SCENARIOS, "utf-8")
    file = load_scenarios(folder / "scenarios.yaml")
    (scenario,) = file.scenarios
    assert run_scenario(scenario, file.loaded.policy) == ()
