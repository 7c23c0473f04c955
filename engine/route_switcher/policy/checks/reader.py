"""How one type of probe is read."""

from collections.abc import Callable
from typing import NamedTuple

from route_switcher.core.vocabulary.checks import Check
from route_switcher.policy.findings import Findings
from route_switcher.policy.yaml.reader import Path


class CheckReader(NamedTuple):
    """Reads the keys that only this type of probe has, and says whom it can ask."""

    read: Callable[[Findings, Path], Check | None]
    """The check of the probe at a path; None if its keys do not say one, which is reported then."""
    answers: str
    """What a host must do to be a target, as a hint has it after `a host that`."""
