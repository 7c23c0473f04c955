"""A policy that runs programs may be changed by nobody but root and us: who may change it could run
programs of his own with our rights."""

from route_switcher.core.vocabulary.checks import ExecProgram
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.other_writers import other_writers
from route_switcher.policy.load import Loaded, Written, policy_file, read_policy
from route_switcher.policy.problems import PolicyProblems, Problem
from route_switcher.policy.sections.hooks import SECTION as HOOKS
from route_switcher.policy.sections.probes import SECTION as PROBES
from route_switcher.policy.yaml.files import is_own_descriptor
from route_switcher.policy.yaml.reader import Path


def read_safe(argument: str) -> Loaded:
    """As `load.read_policy`, but a policy that runs programs is refused where others may write it.

    Raises `PolicyProblems`.
    """
    loaded = read_policy(argument)
    file = policy_file(argument)
    # What came by a descriptor was opened by whoever started us.
    place = _of_a_program(loaded.policy)
    if place is None or file is None or is_own_descriptor(file):
        return loaded
    span = loaded.document.keys[place]
    try:
        problems = [
            Problem(
                "others-may-write",
                f"this policy runs programs, but another user can change it: {writer.who} may write"
                f" {writer.path}",
                writer.remedy,
                span,
            )
            for writer in other_writers(file)
        ]
    except OSError as error:
        message = f"this policy runs programs, but who may write it is not known: {error.strerror}"
        problems = [Problem("others-may-write", message, span=span)]
    if problems:
        raise PolicyProblems(loaded.origin, problems, loaded.document.text)
    return loaded


def _of_a_program(policy: Policy) -> Path | None:
    """Where a policy first names a program; None: it runs none."""
    if policy.hooks:
        return (HOOKS,)
    for probe in policy.probes:
        if isinstance(probe.check, ExecProgram):
            return (PROBES, probe.name)
    return None


def load_safe(argument: str) -> Written:
    """The policy of `read_safe`, with its text. Raises `PolicyProblems`."""
    loaded = read_safe(argument)
    return Written(loaded.policy, loaded.document.text)
