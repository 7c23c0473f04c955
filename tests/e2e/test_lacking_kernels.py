"""A kernel that lacks an option: the engine does without, or says in one line what it lacks."""

import errno
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.running import DEADLINE, run_to_its_end
from support.tables import wait_for_our_routes
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

LACKING = """
import errno, os, socket, sys

def lacking(name, options):
    real = getattr(socket.socket, name)
    def refuse(self, level, option, *rest):
        if (level, option) in options:
            raise OSError({error}, os.strerror({error}))
        return real(self, level, option, *rest)
    setattr(socket.socket, name, refuse)

lacking("setsockopt", {set})
lacking("getsockopt", {get})
from route_switcher.cli import main
sys.exit(main(sys.argv[1:]))
"""
NETLINK, RAW = 270, 255
OPTIONAL = {
    "errors in words": [(NETLINK, 11)],
    "errors without the request": [(NETLINK, 10)],
    "filtered dumps": [(NETLINK, 12)],
    "none of these": [(NETLINK, 10), (NETLINK, 11), (NETLINK, 12)],
    "socket filters": [(socket.SOL_SOCKET, 26)],
    "large buffers": [(socket.SOL_SOCKET, option) for option in (32, 33)],
    "filters of ICMP types": [(RAW, 1), (socket.IPPROTO_ICMPV6, 1)],
    "timestamps": [(socket.SOL_SOCKET, 64)],
}
READ = {"the bound interface's index": [(socket.SOL_SOCKET, 62)], "memory": [(1, 55)]}


def started(lab: Lab, policy: Path, script: str) -> "subprocess.Popen[str]":
    words = [sys.executable, "-P", "-c", script, "run", str(policy)]
    return lab.start(ROUTER, words, stderr=subprocess.PIPE)


def runs(lab: Lab, policy: Path, script: str) -> None:
    policy.write_text(policy_text(lab))
    process = started(lab, policy, script)
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    assert process.stderr is not None
    told = ""
    while "primary: rule no-internet: unknown -> ok" not in told and told.count("\n") < 100:
        line = process.stderr.readline()
        assert line, told
        told += line
    process.terminate()
    told += process.communicate(timeout=DEADLINE)[1]
    assert (process.returncode, "Traceback" in told) == (0, False), told


@pytest.mark.parametrize("lacking", OPTIONAL)
def test_it_works_without_an_option(lab: Lab, policy_file: Path, lacking: str) -> None:
    options = OPTIONAL[lacking]
    runs(lab, policy_file, LACKING.format(error=errno.ENOPROTOOPT, set=options, get=[]))


@pytest.mark.parametrize("lacking", READ)
def test_it_works_without_what_an_option_tells(lab: Lab, policy_file: Path, lacking: str) -> None:
    options = READ[lacking]
    runs(lab, policy_file, LACKING.format(error=errno.ENOPROTOOPT, set=[], get=options))


@pytest.mark.parametrize("error", [errno.ENOPROTOOPT, errno.EOPNOTSUPP])
def test_what_it_needs_is_one_line_that_names_it(lab: Lab, policy_file: Path, error: int) -> None:
    """Every option is refused, those that trio sets first."""
    policy_file.write_text(policy_text(lab))
    script = LACKING.format(error=error, set="Every()", get=[])
    script = "class Every:\n    def __contains__(self, _): return True\n" + script
    process = started(lab, policy_file, script)
    _, told = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert "Traceback" not in told
    assert told.splitlines()[-1].startswith("route-switcher run: the kernel refused it: ")


@pytest.mark.parametrize(
    ("refused", "told"),
    [({"set": [(1, socket.SO_BINDTODEVICE)]}, "eth"), ({"get": [(1, socket.SO_RCVBUF)]}, "eth")],
)
def test_a_probe_that_no_kernel_state_will_mend_is_one_line(
    lab: Lab, policy_file: Path, refused: dict[str, object], told: str
) -> None:
    policy_file.write_text(policy_text(lab))
    script = LACKING.format(**{"error": errno.ENOPROTOOPT, "set": [], "get": [], **refused})
    process = started(lab, policy_file, script)
    _, said = process.communicate(timeout=DEADLINE)
    assert (process.returncode, "Traceback" in said) == (1, False), said
    assert f"this kernel gives no raw ICMP socket on {told}" in said.splitlines()[-1]


@pytest.mark.parametrize("command", ["run", "cleanup"])
def test_without_proc_it_is_one_line(lab: Lab, policy_file: Path, command: str) -> None:
    policy_file.write_text(policy_text(lab))
    hidden = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    words = [command, str(policy_file)][: 2 if command == "run" else 1]
    done = run_to_its_end(lab, *words, wrapped_in=hidden)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"route-switcher {command}: the kernel refused it: ")
    assert "/proc/self/status" in line


@pytest.mark.parametrize("allowed", [0, 1])
def test_where_no_thread_can_be_started_it_says_so_in_one_line(
    lab: Lab, policy_file: Path, allowed: int
) -> None:
    """Such as by a limit on processes."""
    policy_file.write_text(policy_text(lab))
    script = f"""
import sys, threading
start, started = threading.Thread.start, []
def limited(self):
    if len(started) == {allowed}:
        raise RuntimeError("can't start new thread")
    started.append(self)
    start(self)
threading.Thread.start = limited
from route_switcher.cli import main
sys.exit(main(sys.argv[1:]))
"""
    process = started(lab, policy_file, script)
    _, told = process.communicate(timeout=DEADLINE)
    (line,) = told.splitlines()
    assert process.returncode == 1
    assert line.startswith("route-switcher run: cannot start a thread: too many processes")
