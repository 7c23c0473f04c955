"""Say in plain sentences what a policy does, with its numbers.

It explains the probes, their interval and cost; when an uplink fails, how soon
the engine detects that, and when the uplink is healthy again; what happens
then; and the states of a rule as a diagram. The output is Markdown.

POLICY is a path, or a name (no '/', not ending in .yaml): 'policy' is
/etc/route-switcher/policy.yaml, other names are policies that come with the
program.

Exit code: 0 done, 1 the policy has problems, 2 wrong usage.
"""

import argparse
import sys

from route_switcher.analysis.prose.diagram import diagram
from route_switcher.analysis.prose.sentences import explain
from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, file_or_standard_input
from route_switcher.cli.color import add_color, print_problems, print_states
from route_switcher.policy.load import SYSTEM_NAME, read_policy, shipped_policies
from route_switcher.policy.problems import PolicyProblems, render
from route_switcher.printable import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `explain`."""
    parser.add_argument(
        "policy",
        nargs="?",
        type=file_or_standard_input,
        metavar="POLICY",
        default=SYSTEM_NAME,
        help="default: policy; - is standard input",
    )
    parser.add_argument(
        "--diagram", action="store_true", help="print only the state diagram (Mermaid)"
    )
    add_color(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Explain one POLICY."""
    try:
        loaded = read_policy(arguments.policy)
    except PolicyProblems as problems:
        print_problems(render(problems), arguments.color, sys.stderr)
        return EXIT_PROBLEMS
    if not arguments.diagram:
        shipped = arguments.policy in shipped_policies()
        title = arguments.policy if shipped else printable(loaded.origin)
        said = [f"# {title}", "", *explain(loaded.policy), "## The states of a rule", ""]
        print_states(said, arguments.color)
    print(diagram())
    return EXIT_OK
