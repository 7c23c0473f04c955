"""Print a script that makes a shell complete commands, options, policies and
interfaces.

bash:  route-switcher completion bash \\
           > ~/.local/share/bash-completion/completions/route-switcher
zsh:   route-switcher completion zsh > _route-switcher, in a folder of $fpath
fish:  route-switcher completion fish \\
           > ~/.config/fish/completions/route-switcher.fish

For all users: /usr/share/bash-completion/completions,
/usr/share/zsh/vendor-completions, /usr/share/fish/vendor_completions.d.
Print it again after an upgrade: it knows the commands of this version only.

Exit code: 0 printed, 1 the library shtab is too old for the shell, 2 wrong
usage.
"""

import argparse
import sys
from collections.abc import Mapping

from route_switcher import cli
from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS
from route_switcher.policy.load import SYSTEM_NAME, shipped_policies
from route_switcher.resources import shipped_schemas

SHELLS = ("bash", "zsh", "fish")

_FUNCTIONS = {
    "bash": """\
_route_switcher_policy_files() {{
  local IFS=$' \\t\\n'  # older versions of shtab call it with another
  compgen -W '{policies}' -- "$1"
  compgen -d -- "$1"
  compgen -f -X '!*.yaml' -- "$1"
}}
_route_switcher_schemas() {{
  local IFS=$' \\t\\n'
  compgen -W '{schemas}' -- "$1"
}}
_route_switcher_interfaces() {{
  compgen -W "$(command ls /sys/class/net 2>/dev/null)" -- "$1"
}}
""",
    "zsh": """\
_route_switcher_policy_files() {{
  _alternative 'policies:policy:({policies})' 'files:policy file:_files -g "*.yaml"'
}}
_route_switcher_schemas() {{
  compadd -- {schemas}
}}
_route_switcher_interfaces() {{
  compadd -- /sys/class/net/*(N:t)
}}
""",
    "fish": """\
function _route_switcher_policy_files
  printf '%s\\n' {policies}
  __fish_complete_suffix .yaml
end
function _route_switcher_schemas
  printf '%s\\n' {schemas}
end
function _route_switcher_interfaces
  command ls /sys/class/net 2>/dev/null
end
""",
}
"""The names are those of this version's files: letters, digits and dashes."""

_BY_METAVAR = {
    "POLICY": "_route_switcher_policy_files",
    "SCHEMA": "_route_switcher_schemas",
    "INTERFACE": "_route_switcher_interfaces",
}
"""What completes an argument. One called FILE is completed by files, any other by its choices."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `completion`."""
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


def execute(arguments: argparse.Namespace) -> int:
    """Print the completion for the shell."""
    # Here and not above: no other command needs it.
    import shtab

    program = cli.parser()
    _mark(program, shtab.FILE)
    functions = _FUNCTIONS[arguments.shell].format(
        policies=" ".join([SYSTEM_NAME, *shipped_policies()]), schemas=" ".join(shipped_schemas())
    )
    try:
        script = shtab.complete(program, arguments.shell, preamble=functions)
    except NotImplementedError:
        text = f"the library shtab {shtab.__version__} is too old for {arguments.shell}"
        print(f"route-switcher completion: {text}", file=sys.stderr)
        return EXIT_PROBLEMS
    print(script.rstrip("\n"))
    return EXIT_OK


def _mark(parser: argparse.ArgumentParser, files: Mapping[str, object]) -> None:
    """Tell shtab, by the attribute `complete`, what completes each argument."""
    # argparse has no other way to its arguments; shtab goes this one, too.
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _mark(command, files)
        elif action.metavar == "FILE":
            action.complete = files  # type: ignore[attr-defined]
        elif isinstance(action.metavar, str) and (function := _BY_METAVAR.get(action.metavar)):
            action.complete = {  # type: ignore[attr-defined]
                shell: f"({function})" if shell == "fish" else function for shell in SHELLS
            }
