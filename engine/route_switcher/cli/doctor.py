"""Check this machine for a policy, and say what is wrong and how to correct it.

POLICY is a path, or a name (no '/', not ending in .yaml): 'policy' is
/etc/route-switcher/policy.yaml and the default, other names are policies that
come with the program.

It prints a line for each subject of each check: pass, warn (it can cause
trouble later), fail (traffic or a failover does not work), or skip (the check
was not possible; the line says why). If commands can correct the fault, they
follow after a '$'. doctor changes nothing on this machine. It works with and
without a running engine, and as any user; root sees more.

--json prints one JSON object: `route-switcher schema doctor` describes it.

Exit code: 0 no check fails, 1 a check fails, or the policy is wrong, 2 wrong
usage.
"""

import argparse
import json
import sys

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, file_or_standard_input
from route_switcher.cli.color import add_color, print_painted, print_problems
from route_switcher.policy.load import SYSTEM_NAME, load, policy_file
from route_switcher.policy.problems import PolicyProblems, render


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `doctor`."""
    parser.add_argument(
        "policy",
        nargs="?",
        type=file_or_standard_input,
        metavar="POLICY",
        help="default: policy; - is standard input",
    )
    add_color(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(arguments: argparse.Namespace) -> int:
    """Look at the machine and print what was found."""
    origin = SYSTEM_NAME if arguments.policy is None else arguments.policy
    try:
        policy = load(origin)
    except PolicyProblems as problems:
        print_problems(render(problems), arguments.color, sys.stderr)
        return EXIT_PROBLEMS
    # Here and not above: a wrong policy should be told of without paying for trio and pyroute2.
    from route_switcher.cli import on_trio
    from route_switcher.daemon.serve import CannotStart
    from route_switcher.doctor.examine import examine
    from route_switcher.doctor.finding import Verdict, worst
    from route_switcher.doctor.reading.machine import machine
    from route_switcher.doctor.report import document, lines
    from route_switcher.kernel.rtnetlink.exchange import KernelError

    try:
        read = on_trio.run(machine, policy, policy_file(origin))
    except (CannotStart, KernelError) as error:
        print(f"route-switcher doctor: the kernel does not tell: {error}", file=sys.stderr)
        return EXIT_PROBLEMS
    findings = examine(read, policy)
    if arguments.json:
        print(json.dumps(document(origin, findings)))
    else:
        print_painted(lines(findings), arguments.color)
    return EXIT_PROBLEMS if worst(findings) is Verdict.FAIL else EXIT_OK
