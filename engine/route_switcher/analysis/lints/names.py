"""Names that a person takes for each other."""

from collections.abc import Iterable

from route_switcher.analysis.lints.context import LintContext
from route_switcher.policy.problems import quoted
from route_switcher.policy.sections.rules import place_of_rule
from route_switcher.policy.yaml.reader import Path


def doubt_alike_names(context: LintContext) -> None:
    """Uplinks, probes or rules whose names differ by case alone."""
    document = context.findings.document
    named: dict[str, list[tuple[Path, str]]] = {
        "uplinks": [(("uplinks", name), name) for name in context.policy.names],
        "probes": [
            (("probes", name), name)
            for name in dict.fromkeys(p.name for p in context.policy.probes)
            if ("probes", name) in document.keys
        ],
        "rules": [
            ((*place_of_rule(document, rule.name), "name"), rule.name)
            for rule in context.policy.rules
            if ("rules",) in document.keys
        ],
    }
    for kind, places in named.items():
        _check(context, kind, places)


def _check(context: LintContext, kind: str, places: Iterable[tuple[Path, str]]) -> None:
    known: dict[str, str] = {}
    for path, name in places:
        other = known.setdefault(name.lower(), name)
        if other != name:
            context.note(
                "alike-names",
                path,
                f"{quoted(name)} and {quoted(other)} differ by case alone, and are two {kind}",
                "give one of them another name",
                on_key=kind != "rules",
            )
