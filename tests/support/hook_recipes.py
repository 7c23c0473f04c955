"""What the page about recipes for hooks says, as the tests write it."""

import re
import shutil
import sys
from collections.abc import Mapping
from ctypes.util import find_library
from pathlib import Path
from textwrap import dedent

from route_switcher.lab.addresses import LabUplink
from route_switcher.lab.topology import Lab
from support.written_policy_files import learning_policy_text

TOP = Path(__file__).parents[2]
HOOKS = TOP / "examples" / "hooks"
PAGE = (TOP / "docs" / "hook-recipes.md").read_text("utf-8")
INSTALLED = "/usr/local/lib/route-switcher"
NAMES = ("fibre", "lte")
"""The uplinks of the page: in the lab the first and the second."""

_UNIT = TOP / "examples" / "route-switcher.service"
_RIGHTS = "-all,+net_admin,+net_raw"
# The machine's name is in /etc/hosts, as Debian writes it there.
_NAMED = ("unshare", "--uts", "sh", "-c", 'hostname localhost; exec "$@"', "sh")
_LIMITS = (
    *("setpriv", f"--inh-caps={_RIGHTS}", f"--bounding-set={_RIGHTS}", "--no-new-privs"),
    *(sys.executable, "-P", str(Path(__file__).with_name("confining.py")), str(_UNIT)),
)
_LIMITABLE = shutil.which("systemd-analyze") is not None and find_library("seccomp") is not None
CONFINED = (*_NAMED, *(_LIMITS if _LIMITABLE else ()))
"""Before a command line: it runs within the limits of our unit that need no systemd, where the
programs to set them are there."""


def shown(title: str, kind: str = "yaml") -> list[str]:
    """The blocks of this language in the section with this title."""
    _, _, after = PAGE.partition(f"\n## {title}\n")
    section = re.split(r"^## ", after, maxsplit=1, flags=re.M)[0]
    blocks: list[tuple[str, str]] = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", section, re.M | re.S)
    return [dedent(text) for its, text in blocks if its == kind]


def installed(folder: Path) -> Path:
    """The programs, copied to a folder as the page says."""
    folder.chmod(0o755)
    target = folder / "installed"
    shutil.copytree(HOOKS, target)
    return target


def policy(lab: Lab, hooks: str, places: Mapping[str, str]) -> str:
    """The lab's policy with these hooks, each of these words replaced by another."""
    for word, other in places.items():
        assert word in hooks, f"{word} is not on the page"
        hooks = hooks.replace(word, other)
    lines = {name: _keys(uplink) for name, uplink in zip(NAMES, lab.uplinks, strict=True)}
    return learning_policy_text(lab, lines) + hooks


def _keys(uplink: LabUplink) -> str:
    return f"interface: {uplink.interface}, gateway: {uplink.gateway}"
