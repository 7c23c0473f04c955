"""Does an engine run here, and does it answer?"""

from collections.abc import Iterator

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.check import Check
from route_switcher.doctor.engine import Reply
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.machine import Machine

_NAME = "engine"
_STOPPED = Fault(_NAME, "stopped", Verdict.FAIL)
_SILENT = Fault(_NAME, "silent", Verdict.FAIL)
_UNREACHABLE = Fault(_NAME, "unreachable", Verdict.WARN)

_SUBJECT = "this network"


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    engine = machine.engine
    who = f"process {engine.pid}" if engine.pid else "an unknown process"
    if engine.stranger:
        text = f"no engine runs; {engine.stranger} holds its name, which an engine ignores"
        yield passed(_NAME, _SUBJECT, text)
    elif not engine.runs:
        yield passed(_NAME, _SUBJECT, "no engine runs")
    elif engine.stands_still:
        text = f"an engine runs ({who}) but somebody has stopped it (SIGSTOP)"
        yield _STOPPED.found(_SUBJECT, text, f"kill -CONT {engine.pid}")
    elif engine.reply is Reply.SILENT:
        text = (
            f"an engine runs ({who}) and does not answer, so it may not move traffic either. Its "
            "service starts it again; routes stay meanwhile"
        )
        yield _SILENT.found(_SUBJECT, text, *([f"kill -KILL {engine.pid}"] if engine.pid else []))
    elif engine.reply is Reply.NOWHERE:
        text = (
            f"an engine runs ({who}), but nobody finds its control socket: it is not at "
            f"{' or '.join(engine.places)}. Was it started with another $RUNTIME_DIRECTORY?"
        )
        yield _UNREACHABLE.found(_SUBJECT, text)
    elif engine.reply is Reply.FORBIDDEN:
        yield skipped(_NAME, _SUBJECT, f"an engine runs ({who}); this user may not ask it")
    else:
        yield passed(_NAME, _SUBJECT, f"an engine runs ({who}) and answers")


CHECK = Check(_NAME, _judge, (_STOPPED, _SILENT, _UNREACHABLE))
