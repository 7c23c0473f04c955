"""Scenario files for tests: written in a few words, read, and run."""

from pathlib import Path

import pytest

from route_switcher.policy.problems import PolicyProblems
from route_switcher.scenarios.file import load_scenarios
from route_switcher.scenarios.run import Failure, run_scenario
from route_switcher.scenarios.scenario import ScenarioFile

POLICY = """\
version: 1
uplinks:
  primary:   {interface: eth0, gateway: 192.0.2.1}
  secondary: {interface: eth1, gateway: 198.51.100.1}
probes:
  internet: {type: icmp, targets: [203.0.113.1, 203.0.113.2], interval: 1s, timeout: 1s}
"""
"""Three failures, or a lost carrier, and sixty stable seconds: the defaults."""


class Folder:
    """A folder with policies and scenario files in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("policy.yaml", POLICY)

    def write(self, name: str, text: str) -> Path:
        """Write one file."""
        path = self.path / name
        path.write_text(text, "utf-8")
        return path

    def file(self, scenarios: str, policy: str = "./policy.yaml") -> Path:
        """A scenario file: what stands below `scenarios:`, each line by two more to the right."""
        inner = "".join(f"  {line}\n" for line in scenarios.strip("\n").splitlines())
        head = f"version: 1\npolicy: {policy}\n" if policy else "version: 1\n"
        return self.write("scenarios.yaml", f"{head}scenarios:\n{inner}")

    def read(self, scenarios: str, policy: str = "./policy.yaml") -> ScenarioFile:
        """What such a file means."""
        return load_scenarios(self.file(scenarios, policy))

    def problems(self, scenarios: str, policy: str = "./policy.yaml") -> list[str]:
        """What is wrong with it: LINE:COLUMN CODE MESSAGE | HINT for each problem."""
        with pytest.raises(PolicyProblems) as caught:
            self.read(scenarios, policy)
        return [
            f"{p.span.line if p.span else 0}:{p.span.column if p.span else 0} {p.code}:"
            f" {p.message} | {p.hint}"
            for p in caught.value.problems
        ]

    def run(self, scenario: str) -> tuple[Failure, ...]:
        """Run what stands below the name of a scenario."""
        inner = "".join(f"  {line}\n" for line in scenario.strip("\n").splitlines())
        found = self.read(f"- name: it\n{inner}")
        (only,) = found.scenarios
        return run_scenario(only, found.loaded.policy)

    def mismatches(self, scenario: str) -> list[str]:
        """What does not come true, in words."""
        return [failure.message for failure in self.run(scenario)]
