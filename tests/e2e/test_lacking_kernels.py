"""A kernel that lacks an option: the engine does without, or says in one line what it lacks."""

import errno
import signal
import socket
from pathlib import Path

import pytest

from route_switcher.lab.topology import Lab
from support.forked import apart
from support.running import DEADLINE, eventually, run_to_its_end
from support.started import started
from support.tables import wait_for_our_routes
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

LACKING = """
import errno, os, socket

def lacking(name, options):
    real = getattr(socket.socket, name)
    def refuse(self, level, option, *rest):
        if (level, option) in options:
            raise OSError({error}, os.strerror({error}))
        return real(self, level, option, *rest)
    setattr(socket.socket, name, refuse)

lacking("setsockopt", {set})
lacking("getsockopt", {get})
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


def runs(lab: Lab, policy: Path, script: str) -> None:
    policy.write_text(policy_text(lab))
    log = policy.with_name("log")
    process = started(lab, log, "run", str(policy), first=script)
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    well = "primary: rule no-internet: unknown -> ok"
    eventually(lambda: well in log.read_text() or process.poll() is not None, well)
    process.send_signal(signal.SIGTERM)
    code, told = process.wait(DEADLINE), log.read_text()
    assert (code, well in told, "Traceback" in told) == (0, True, False), told


def refusal(lab: Lab, policy: Path, script: str) -> str:
    """What it says when it does not run, of which it makes no traceback."""
    policy.write_text(policy_text(lab))
    log = policy.with_name("log")
    code = started(lab, log, "run", str(policy), first=script).wait(DEADLINE)
    told = log.read_text()
    assert (code, "Traceback" in told) == (1, False), told
    return told


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
    script = LACKING.format(error=error, set="Every()", get=[])
    script = "class Every:\n    def __contains__(self, _): return True\n" + script
    last = refusal(lab, policy_file, script).splitlines()[-1]
    assert last.startswith("route-switcher run: the kernel refused it: ")


@pytest.mark.parametrize(
    ("refused", "told"),
    [({"set": [(1, socket.SO_BINDTODEVICE)]}, "eth"), ({"get": [(1, socket.SO_RCVBUF)]}, "eth")],
)
def test_a_probe_that_no_kernel_state_will_mend_is_one_line(
    lab: Lab, policy_file: Path, refused: dict[str, object], told: str
) -> None:
    script = LACKING.format(**{"error": errno.ENOPROTOOPT, "set": [], "get": [], **refused})
    last = refusal(lab, policy_file, script).splitlines()[-1]
    assert f"this kernel gives no raw ICMP socket on {told}" in last


@pytest.mark.parametrize("command", ["run", "cleanup"])
def test_without_proc_it_is_one_line(lab: Lab, policy_file: Path, command: str) -> None:
    policy_file.write_text(policy_text(lab))
    words = [command, str(policy_file)][: 2 if command == "run" else 1]
    done = run_to_its_end(lab, *words, first=apart("mount -t tmpfs none /proc"))
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"route-switcher {command}: the kernel refused it: ")
    assert "/proc/self/status" in line


@pytest.mark.parametrize("allowed", [0, 1])
def test_where_no_thread_can_be_started_it_says_so_in_one_line(
    lab: Lab, policy_file: Path, allowed: int
) -> None:
    """Such as by a limit on processes."""
    script = f"""
import threading
start, started = threading.Thread.start, []
def limited(self):
    if len(started) == {allowed}:
        raise RuntimeError("can't start new thread")
    started.append(self)
    start(self)
threading.Thread.start = limited
"""
    (line,) = refusal(lab, policy_file, script).splitlines()
    assert line.startswith("route-switcher run: cannot start a thread: too many processes")
