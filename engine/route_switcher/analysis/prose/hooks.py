"""Which programs are run, and when, in plain sentences."""

import shlex
from collections.abc import Iterator

from route_switcher.analysis.prose.paragraphs import item, paragraph
from route_switcher.core.after_switch.hook_queue import PAUSE
from route_switcher.core.vocabulary.hooks import Hook, HookKind
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.printable import printable
from route_switcher.text.durations import seconds
from route_switcher.text.quantities import counted

_WHEN = {
    HookKind.ON_SWITCH: "After the first selection and after each switch, when the routes are set",
    HookKind.ON_UPLINK_DOWN: "When an uplink has failed, active or on standby",
    HookKind.ON_UPLINK_UP: "When an uplink that had failed is healthy again",
    HookKind.ON_ALL_DOWN: "When every uplink of a family has failed",
    HookKind.ON_ALL_UP: "When every uplink of a family had failed, and one answers again",
}


def hooks_in_words(policy: Policy) -> Iterator[str]:
    """Lines about the hooks."""
    for kind in HookKind:
        mine = [hook for hook in policy.hooks if hook.kind is kind]
        if mine:
            yield f"{_WHEN[kind]}:"
            yield ""
            for hook in mine:
                yield from item(_program(hook))
            yield ""
    yield from paragraph(
        "Hooks delay no switch. For each program and family (or uplink) there is one run at a"
        " time. If something happens meanwhile, one more run follows, with the latest state. Runs"
        " that failed while no uplink worked are repeated when one works."
    )


def _program(hook: Hook) -> str:
    command = printable(shlex.join(hook.run))
    again = ""
    if hook.attempts > 1:
        again = f", {counted(hook.attempts, 'attempt')} at most, {seconds(PAUSE)} apart"
    return f"{command}: {seconds(hook.timeout)} at most{again}"
