"""Of pyroute2 the engine imports no more than it needs."""

import subprocess
import sys

PROGRAM = """\
import sys
import route_switcher.kernel.rtnetlink.netlink
assert "asyncio" not in sys.modules
print(sorted(name[9:] for name in sys.modules if name.startswith("pyroute2.")))
import pyroute2
assert pyroute2.IPRoute
"""


def test_the_rest_of_pyroute2_is_imported_by_whoever_wants_it() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['common', 'netlink', 'netlink.exceptions']\n"
