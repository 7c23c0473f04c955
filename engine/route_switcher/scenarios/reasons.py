"""What scenarios call the causes of a selection."""

from route_switcher.core.vocabulary.states import Cause
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.suggestions import first_of
from route_switcher.policy.yaml.reader import Path
from route_switcher.scenarios.names import Names


def reason_word(cause: Cause) -> str:
    """What scenarios call a cause."""
    return cause.name.lower().replace("_", "-")


REASONS = tuple(map(reason_word, Cause))
"""What they call all of them."""


def check_reason(findings: Findings, path: Path, reason: str, names: Names) -> bool:
    """Whether it is a cause, or a rule of the policy; reports if not."""
    known = [*REASONS, *names.rules]
    if reason in known:
        return True
    hint = findings.did_you_mean(reason, known, f"write one of: {first_of(known)}")
    message = f"{quoted(reason)} is neither a reason nor a rule of the policy"
    findings.report("unknown-reason", path, message, hint)
    return False
