"""From the POLICY of a command line to a `Policy`."""

from codecs import BOM_UTF8
from importlib.resources.abc import Traversable
from pathlib import Path

from route_switcher.core.model import Policy
from route_switcher.policy.meaning import understand
from route_switcher.policy.notation import Places
from route_switcher.policy.problems import PolicyProblems, Problem, quoted
from route_switcher.policy.source import MAX_SIZE, read, too_large
from route_switcher.policy.suggestions import did_you_mean
from route_switcher.resources import data_root

SYSTEM_NAME = "policy"
SYSTEM_POLICY = Path("/etc/route-switcher/policy.yaml")
"""What the name `policy`, or no POLICY at all, means."""

_SUFFIX = ".yaml"


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
    names = [SYSTEM_NAME, *shipped]
    hint = did_you_mean(argument, names, f"the names are: {', '.join(names)}")
    problem = Problem(
        "unknown-policy",
        f"there is no policy named {quoted(argument)}",
        f"{hint} (a file is written with a '/' or ends in .yaml)",
    )
    raise PolicyProblems(argument, [problem])


def load(argument: str = SYSTEM_NAME) -> Policy:
    """The policy that POLICY means. Raises `PolicyProblems`, also if the file is not readable."""
    file = locate(argument)
    origin = str(file)
    try:
        with file.open("rb") as stream:
            # A file that never ends, such as a device, is not read to its end.
            raw = stream.read(MAX_SIZE + 1)
    except OSError as error:
        hint = f"policies that come with the program: {', '.join(shipped_policies())}"
        problem = Problem(
            "unreadable",
            f"cannot read the policy: {error.strerror}",
            hint if isinstance(error, FileNotFoundError) else "",
        )
        raise PolicyProblems(origin, [problem]) from None
    return load_bytes(raw, origin)


def load_bytes(raw: bytes, origin: str) -> Policy:
    """The policy that the content of a file means. Raises `PolicyProblems`."""
    if len(raw) > MAX_SIZE:
        raise PolicyProblems(origin, [too_large()])
    raw = raw.removeprefix(BOM_UTF8)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        text, at = raw.decode(errors="replace"), len(raw[: error.start].decode())
        problem = Problem(
            "not-utf-8",
            f"the byte 0x{raw[error.start]:02x} is not UTF-8",
            "save the file as UTF-8",
            Places(text).span(at, at + 1),
        )
        raise PolicyProblems(origin, [problem], text) from None
    return load_text(text, origin)


def load_text(text: str, origin: str) -> Policy:
    """The policy that `text` means; `origin` is what errors call it. Raises `PolicyProblems`."""
    return understand(read(text, origin), origin)
