"""The `hooks` section: programs that are run after something happened."""

from collections.abc import Iterator

from route_switcher.core.vocabulary.hooks import Hook, HookKind
from route_switcher.policy.checks.program import read_run
from route_switcher.policy.findings import Findings
from route_switcher.policy.sections.bounds import read_seconds
from route_switcher.policy.yaml.reader import Path

SECTION = "hooks"

DEFAULT_TIMEOUT = 10.0
DEFAULT_ATTEMPTS = 3
SHORTEST_TIMEOUT, LONGEST_TIMEOUT = 0.1, 600.0


def read_hooks(findings: Findings) -> tuple[Hook, ...]:
    """The programs, in the order of the file; reports those that cannot be run."""
    return tuple(hook for kind in HookKind for hook in _of_kind(findings, kind))


def place_of(findings: Findings, hook: Hook) -> Path:
    """Where the program of a hook stands in the file."""
    for path in findings.items((SECTION, hook.kind.value)):
        if findings.get((*path, "run")) == list(hook.run):
            return (*path, "run", 0)
    return (SECTION,)


def _of_kind(findings: Findings, kind: HookKind) -> Iterator[Hook]:
    seen: set[tuple[str, ...]] = set()
    for path in findings.items((SECTION, kind.value)):
        words = read_run(findings, (*path, "run"))
        timeout = read_seconds(
            findings, (*path, "timeout"), "time for a program", SHORTEST_TIMEOUT, LONGEST_TIMEOUT
        )
        attempts = findings.get((*path, "attempts"))
        if words is None:
            continue
        if words in seen:
            findings.report(
                "duplicate-hook",
                (*path, "run"),
                f"'{kind.value}' has this program with these arguments already",
                "remove it: it is run once",
            )
        seen.add(words)
        yield Hook(
            kind,
            words,
            DEFAULT_TIMEOUT if timeout is None else timeout,
            attempts if isinstance(attempts, int) else DEFAULT_ATTEMPTS,
        )
