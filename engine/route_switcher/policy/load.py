"""From the POLICY of a command line to a `Policy`."""

from collections.abc import Collection
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.policy.compile import compile_policy
from route_switcher.policy.file_kinds import POLICY
from route_switcher.policy.problems import PolicyProblems, Problem, quoted
from route_switcher.policy.suggestions import did_you_mean
from route_switcher.policy.yaml.files import read_bytes, read_file
from route_switcher.policy.yaml.reader import Document, read
from route_switcher.resources import data_root

SYSTEM_NAME = "policy"
SYSTEM_POLICY = Path("/etc/route-switcher/policy.yaml")
"""What the name `policy`, or no POLICY at all, means."""

_SUFFIX = ".yaml"
_OTHER_SUFFIXES = (".yml", ".YAML", ".YML", ".json")
"""What a file of this notation is called too."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A sound policy, and where in its file each part of it stands."""

    policy: Policy
    document: Document
    origin: str
    """What messages call the file."""


@dataclass(frozen=True, slots=True)
class Written:
    """A sound policy, and the text that it was read from."""

    policy: Policy
    text: str


def shipped_policies() -> dict[str, Traversable]:
    """The policies that come with the program, by name."""
    files = (data_root() / "policies").iterdir()
    found = ((file.name, file) for file in files if file.name.endswith(_SUFFIX))
    return {name.removesuffix(_SUFFIX): file for name, file in sorted(found)}


def locate(argument: str) -> Path | Traversable:
    """The file that POLICY means: a path, or a name if it has no '/' and does not end in .yaml.

    A name is never a file of the current directory. Raises `PolicyProblems` for an unknown name.
    """
    if "/" in argument or argument.endswith(_SUFFIX):
        return Path(argument)
    if argument == SYSTEM_NAME:
        return SYSTEM_POLICY
    shipped = shipped_policies()
    if argument in shipped:
        return shipped[argument]
    message = f"there is no policy named {quoted(argument)}"
    raise PolicyProblems(argument, [Problem("unknown-policy", message, _hint(argument, shipped))])


def _hint(argument: str, shipped: Collection[str]) -> str:
    """What may be meant by a name that no policy has."""
    if argument == "-":
        return "standard input cannot be read here: write the path of a file"
    if argument.endswith(_OTHER_SUFFIXES) or (argument and Path(argument).exists()):
        return f"to name a file, write ./{argument} (a file has a '/' or ends in .yaml)"
    names = [SYSTEM_NAME, *shipped]
    hint = did_you_mean(argument, names, f"the names are: {', '.join(names)}")
    return f"{hint} (a file is written with a '/' or ends in .yaml)"


def policy_file(argument: str) -> Path | None:
    """The same, if it is a file of this machine; None: it comes with the program, and is as safe as
    that. Raises `PolicyProblems` for an unknown name."""
    file = locate(argument)
    return file if isinstance(file, Path) and argument not in shipped_policies() else None


def read_policy(argument: str = SYSTEM_NAME) -> Loaded:
    """The policy that POLICY means, with its file.

    Raises `PolicyProblems`, also if the file is not readable.
    """
    file = locate(argument)
    hint = f"policies that come with the program: {', '.join(shipped_policies())}"
    return _loaded(read_file(file, POLICY, hint), str(file))


def read_policy_text(text: str, origin: str) -> Loaded:
    """The policy that `text` means, with its positions; `origin` is what messages call it.

    Raises `PolicyProblems`.
    """
    return _loaded(read(text, origin, POLICY), origin)


def load(argument: str = SYSTEM_NAME) -> Policy:
    """The policy that POLICY means. Raises `PolicyProblems`, also if the file is not readable."""
    return read_policy(argument).policy


def load_written(argument: str = SYSTEM_NAME) -> Written:
    """The same, with its text."""
    return _written(read_policy(argument))


def load_written_text(text: str, origin: str) -> Written:
    """The policy that `text` means; `origin` is what errors call it. Raises `PolicyProblems`."""
    return _written(read_policy_text(text, origin))


def load_bytes(raw: bytes, origin: str) -> Policy:
    """The policy that the content of a file means. Raises `PolicyProblems`."""
    return _loaded(read_bytes(raw, origin, POLICY), origin).policy


def load_text(text: str, origin: str) -> Policy:
    """The policy that `text` means; `origin` is what errors call it. Raises `PolicyProblems`."""
    return read_policy_text(text, origin).policy


def _written(loaded: Loaded) -> Written:
    return Written(loaded.policy, loaded.document.text)


def _loaded(document: Document, origin: str) -> Loaded:
    return Loaded(compile_policy(document, origin), document, origin)
