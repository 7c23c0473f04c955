"""The key `probe` of a rule and of its conditions: whether each condition has just one probe."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.sections.conditions import Side, leaves_about_probes
from route_switcher.policy.suggestions import first_of
from route_switcher.policy.yaml.reader import Path


@dataclass(frozen=True, slots=True)
class RuleProbes:
    """Reads which probe the conditions of one rule are about."""

    findings: Findings
    names: Collection[str]
    """The names of the probes that are written; none while they are not certain."""
    rule: Path

    def read(self) -> str | None:
        """The probe of the conditions that name none; None if there is none that is certain."""
        sides = [(*self.rule, side.value) for side in Side]
        leaves = [leaf for side in sides for leaf in leaves_about_probes(self.findings, side)]
        without = [leaf for leaf in leaves if (*leaf, "probe") not in self.findings.document.keys]
        for leaf in leaves:
            self._check_known((*leaf, "probe"))
        if (*self.rule, "probe") in self.findings.document.keys:
            probe = self._check_known((*self.rule, "probe"))
            if not without and all(self.findings.sound(side) for side in sides):
                self._refuse(leaves)
            return probe
        if len(self.names) == 1:
            return next(iter(self.names))
        lacking = [leaf for leaf in without if self.findings.sound(leaf)]
        if not self.names or not lacking:
            return None
        if len(without) < len(leaves):
            for leaf in lacking:
                self._report_missing(leaf, "this condition")
        else:
            self._report_missing(self.rule, "a rule about rounds")
        return None

    def _check_known(self, path: Path) -> str | None:
        probe = self.findings.get(path)
        if not isinstance(probe, str):
            return None
        if self.names and probe not in self.names:
            self.findings.report(
                "unknown-probe",
                path,
                f"there is no probe {quoted(probe)}",
                self.findings.did_you_mean(
                    probe, self.names, f"the probes are: {first_of(self.names)}"
                ),
            )
        return probe

    def _refuse(self, leaves: Sequence[Path]) -> None:
        """The rule names a probe that none of its conditions is about."""
        path = (*self.rule, "probe")
        if not self.findings.sound(path):
            return
        message, hint = (
            ("every condition of this rule names a probe of its own", "remove this one")
            if leaves
            else (
                "a rule about the carrier has no probe",
                "remove 'probe': the interface tells of its carrier",
            )
        )
        self.findings.report("bad-value", path, message, hint, on_key=True)

    def _report_missing(self, path: Path, what: str) -> None:
        self.findings.report(
            "missing-key",
            path,
            f"{what} needs the key 'probe' where there are several probes",
            f"write one of: {first_of(self.names)}",
        )
