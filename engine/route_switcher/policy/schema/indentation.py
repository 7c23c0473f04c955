"""Keys at the top of a file that belong to the empty section above them: they are not indented."""

from typing import Any

from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.yaml.reader import Path


def report_not_indented(findings: Findings, schema: dict[str, Any]) -> frozenset[Path]:
    """Report the first key of each such section. The paths that nothing more is to be told of."""
    data, told = findings.document.data, set[Path]()
    section: str | None = None
    for key, value in data.items() if isinstance(data, dict) else ():
        if key in schema["properties"]:
            section = key if value is None else None
        elif section is None or not _belongs(key, value, _definition(schema, section)):
            section = None
        else:
            if (section,) not in told:
                message = f"{quoted(key)} is not indented, so {quoted(section)} above it is empty"
                hint = f"indent it, and all that belongs to {quoted(section)}, by two spaces"
                findings.report("unknown-key", (key,), message, hint, on_key=True)
                findings.distrust((section,))
            told |= {(section,), (key,)}
    return frozenset(told)


def _belongs(key: str, value: object, section: dict[str, Any]) -> bool:
    """Whether a section can have this key: one of its own, or a name with a mapping."""
    named = isinstance(section.get("additionalProperties"), dict) and isinstance(value, dict)
    return named or key in section.get("properties", {})


def _definition(schema: dict[str, Any], section: str) -> dict[str, Any]:
    found: dict[str, Any] = schema["properties"][section]
    if "$ref" in found:
        found = schema["definitions"][found["$ref"].rsplit("/", 1)[-1]]
    return found
