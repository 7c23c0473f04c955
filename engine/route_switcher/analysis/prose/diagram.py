"""The states of a rule as a diagram, from the table that the core goes by."""

from route_switcher.core.health.rule_states import TRANSITIONS


def diagram() -> str:
    """The transitions that change a rule's state, as a Mermaid block.

    https://mermaid.js.org/syntax/stateDiagram.html
    """
    lines = [
        f"    {before.value} --> {after.value}: {signal.value}"
        for (before, signal), after in TRANSITIONS.items()
        if after is not before
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> unknown", *lines, "```"])
