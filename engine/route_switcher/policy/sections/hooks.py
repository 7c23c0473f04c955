"""The `hooks` section: programs that are run after something happened."""

from collections.abc import Iterator

from route_switcher.core.vocabulary.hooks import Hook, HookKind
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
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
        run = findings.get((*path, "run"))
        timeout = read_seconds(
            findings, (*path, "timeout"), "time for a program", SHORTEST_TIMEOUT, LONGEST_TIMEOUT
        )
        attempts = findings.get((*path, "attempts"))
        if not isinstance(run, list) or not _check_program(findings, (*path, "run", 0), run[0]):
            continue
        words = tuple(map(str, run))
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


def _check_program(findings: Findings, path: Path, program: object) -> bool:
    if isinstance(program, str) and program.startswith("/") and not program.endswith("/"):
        return True
    if program == "":
        message = "the program has no name"
    elif isinstance(program, str) and program.endswith("/"):
        message = f"{quoted(program)} is a folder, not a program"
    else:
        message = f"{quoted(program)} is not an absolute path"
    hint = "write the whole path of the program, such as /usr/bin/curl: $PATH is not searched"
    findings.report("relative-program", path, message, hint)
    return False
