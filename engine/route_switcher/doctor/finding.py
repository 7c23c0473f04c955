"""What a check says of one subject."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How well a subject is, from the best to the worst."""

    PASS = "pass"
    SKIP = "skip"
    """It could not be found out, or does not apply; the sentence says why."""
    WARN = "warn"
    """It harms nothing now, or only some traffic, but will or may."""
    FAIL = "fail"
    """It keeps traffic from where it should go, or a failover from working."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. Make it with `passed`, `skipped` and `Fault.found`."""

    check: str
    """The name of the check."""
    subject: str
    """What it is about: an uplink, an interface, a target, a family."""
    verdict: Verdict
    text: str
    """A short sentence, without a full stop."""
    remedies: tuple[str, ...] = ()
    """Commands that mend it, in order, each for a POSIX shell; none: no command can."""
    fault: str | None = None
    """The name of the fault, for programs."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that a check may find."""

    check: str
    name: str
    """For programs: it never changes its meaning."""
    verdict: Verdict
    """WARN or FAIL."""

    def found(self, subject: str, text: str, *remedies: str) -> Finding:
        """It is so with `subject`."""
        return Finding(self.check, subject, self.verdict, text, remedies, self.name)


def passed(check: str, subject: str, text: str) -> Finding:
    """All is well with `subject`."""
    return Finding(check, subject, Verdict.PASS, text)


def skipped(check: str, subject: str, reason: str) -> Finding:
    """Nothing can be said of `subject`, for this reason."""
    return Finding(check, subject, Verdict.SKIP, reason)


def worst(findings: tuple[Finding, ...]) -> Verdict:
    """The verdict of them all: what could not be found out does not count."""
    found = {finding.verdict for finding in findings}
    return next((each for each in (Verdict.FAIL, Verdict.WARN) if each in found), Verdict.PASS)
