"""Keep this machine on a working uplink, until SIGTERM or SIGINT.

POLICY is a path, or a name (no '/', not ending in .yaml): 'policy' is
/etc/route-switcher/policy.yaml and the default, other names are policies that
come with the program. Instead of a POLICY, you can give two uplinks by flags.

It stays in the foreground. SIGHUP makes it read the policy again; if the policy
is wrong, it prints the problems, and the running policy stays. It warns if a
user other than root can change the policy. If that policy has hooks, it does
not start, because hooks run programs. At the end the routes stay, so a restart
moves no traffic; `route-switcher cleanup` removes them. With `on_exit: restore`
in the policy, the engine removes them itself.

Exit code: 0 ended by a signal, 1 it cannot run, 2 wrong usage.
"""

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE
from route_switcher.cli.first_reading import AskedToEnd, read_in_time
from route_switcher.cli.folding import terminal_width, within
from route_switcher.cli.unhindered import unhindered_stderr
from route_switcher.daemon.control.trial_file import First, first_policy
from route_switcher.daemon.signals import held
from route_switcher.daemon.thread_start import NoThread
from route_switcher.other_writers import other_writers
from route_switcher.policy.load import (
    SYSTEM_NAME,
    Written,
    load_written_text,
    policy_file,
)
from route_switcher.policy.problems import PolicyProblems, render
from route_switcher.policy.safe_to_run import load_safe

LEVEL_VARIABLE = "ROUTE_SWITCHER_LOG"
_LEVELS = ("debug", "info", "warning", "error")

_FLAGS = {
    "primary-interface": "eth0",
    "primary-gateway": "192.168.1.1",
    "secondary-interface": "eth1",
    "secondary-gateway": "192.168.2.1",
    "ping-target": "8.8.8.8",
}
"""The flags that stand for a policy of two uplinks, and what an omitted one means."""

_POLICY_OF_FLAGS = """\
version: 1
uplinks:
  primary:   {{interface: '{primary_interface}', gateway: '{primary_gateway}', metric: 10}}
  secondary: {{interface: '{secondary_interface}', gateway: '{secondary_gateway}', metric: 20}}
probes:
  internet: {{type: icmp, targets: ['{ping_target}']}}
"""

Load: TypeAlias = Callable[[], Written]
Doubts: TypeAlias = Callable[[], tuple[str, ...]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `run`."""
    parser.add_argument("policy", nargs="?", metavar="POLICY", help="default: policy")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="probe and decide, but only print the route actions, until Ctrl-C (uplinks"
        " without a default route cannot be probed, and stay unknown)",
    )
    parser.add_argument("--log-format", choices=("text", "json"), default="text")
    parser.add_argument(
        "--log-level", choices=_LEVELS, help=f"default: ${LEVEL_VARIABLE}, else info"
    )
    flags = parser.add_argument_group("two uplinks without a policy file")
    for flag, default in _FLAGS.items():
        flags.add_argument(f"--{flag}", metavar=flag.split("-")[-1].upper(), help=default)


def execute(arguments: argparse.Namespace) -> int:
    """Run the engine."""
    width = terminal_width(sys.stderr.fileno())
    try:
        with held(), unhindered_stderr():
            return _execute(arguments, width)
    except NoThread as error:
        print(f"route-switcher run: {error}", file=sys.stderr)
        return EXIT_PROBLEMS


def _execute(arguments: argparse.Namespace, width: int | None) -> int:
    """`width`: the columns of the terminal that problems go to; None: they go to no terminal."""
    level = arguments.log_level or (os.environ.get(LEVEL_VARIABLE) or "info").lower()
    if level not in _LEVELS:
        return _wrong_usage(f"${LEVEL_VARIABLE} is {level!r}; it may be {', '.join(_LEVELS)}")
    if arguments.policy is not None and _given(arguments):
        return _wrong_usage("give a POLICY or the flags of two uplinks, not both")
    read, doubts = reader(arguments), doubter(arguments)
    # A dry run is nobody's trial.
    begin = partial(_as_written, read) if arguments.dry_run else partial(first_policy, read)
    try:
        first, doubted = read_in_time(lambda: (begin(), doubts()), arguments.policy or SYSTEM_NAME)
    except AskedToEnd as signalled:
        print(f"route-switcher run: stopped by {signalled}", file=sys.stderr)
        return EXIT_OK
    except PolicyProblems as problems:
        print("\n".join(within(render(problems), width)), file=sys.stderr)
        return EXIT_PROBLEMS
    # Here and not above: a wrong policy should be told of without paying for trio and pyroute2.
    from route_switcher.cli import engine

    return engine.run(
        first,
        read,
        doubts,
        doubted,
        origin="the command line" if _given(arguments) else arguments.policy or SYSTEM_NAME,
        dry_run=arguments.dry_run,
        log_level=level,
        log_format=arguments.log_format,
    )


def _as_written(read: Load) -> First:
    return First(read())


def reader(arguments: argparse.Namespace) -> Load:
    """What reads the policy that the arguments mean, from its file or from the flags."""
    given = _given(arguments)
    if not given:
        return partial(load_safe, SYSTEM_NAME if arguments.policy is None else arguments.policy)
    # A quote in a value must not end the quoting.
    values = {
        flag.replace("-", "_"): value.replace("'", "''") for flag, value in (_FLAGS | given).items()
    }
    return partial(load_written_text, _POLICY_OF_FLAGS.format(**values), "command line")


def doubter(arguments: argparse.Namespace) -> Doubts:
    """What says by whom else that policy may be changed, a line for each."""
    if _given(arguments):
        return tuple
    return partial(_others_may_write, SYSTEM_NAME if arguments.policy is None else arguments.policy)


def _others_may_write(argument: str) -> tuple[str, ...]:
    file = policy_file(argument)
    if file is None:
        return ()
    try:
        return tuple(f"others may change the policy: {w}" for w in other_writers(file))
    except OSError:
        return ()  # it has just gone, which the next reading will tell


def _given(arguments: argparse.Namespace) -> dict[str, str]:
    """The flags of two uplinks that were written, even if as nothing."""
    values = {flag: getattr(arguments, flag.replace("-", "_")) for flag in _FLAGS}
    return {flag: value for flag, value in values.items() if value is not None}


def _wrong_usage(message: str) -> int:
    print(f"route-switcher run: {message}", file=sys.stderr)
    return EXIT_USAGE
