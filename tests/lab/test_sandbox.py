import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from route_switcher.lab.sandbox import SandboxUnavailable, enter

pytestmark = pytest.mark.kernel


def test_only_the_loopback_interface_is_there() -> None:
    assert [name for _, name in socket.if_nameindex()] == ["lo"]


def test_no_route_leads_out() -> None:
    for family in ("-4", "-6"):
        command = ["ip", family, "route", "show", "table", "all"]
        routes = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        devices = {line.split(" dev ")[1].split()[0] for line in routes.splitlines()}
        assert devices <= {"lo"}


def test_an_address_outside_is_unreachable() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside,
        pytest.raises(OSError, match="unreachable"),
    ):
        outside.connect(("198.51.100.1", 9))  # a datagram socket's connect sends nothing


def test_the_process_is_root_inside() -> None:
    assert os.geteuid() == 0


def test_run_is_empty_at_first() -> None:
    script = (
        "from route_switcher.lab.sandbox import enter; enter(); "
        "import os; print(os.listdir('/run'))"
    )
    command = [sys.executable, "-P", "-c", script]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "[]\n"


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=60).close()


def test_sysctls_can_be_written() -> None:
    sysctl = Path("/proc/sys/net/ipv4/conf/lo/rp_filter")
    sysctl.write_text("2")
    assert sysctl.read_text() == "2\n"


def test_a_sandbox_can_be_entered_within_a_sandbox() -> None:
    script = (
        "from route_switcher.lab.sandbox import enter; enter();"
        "import os; print(os.readlink('/proc/self/ns/net'))"
    )
    command = [sys.executable, "-P", "-c", script]
    inner = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert inner != os.readlink("/proc/self/ns/net")


def test_a_process_with_threads_is_refused() -> None:
    release = threading.Event()
    other = threading.Thread(target=release.wait, name="other")
    other.start()
    try:
        with pytest.raises(SandboxUnavailable, match=r"before threads start; seen: .*other"):
            enter()
    finally:
        release.set()
        other.join()


def test_a_refusal_says_what_to_do_and_leaves_the_process_as_it_was() -> None:
    script = """
import os, resource, sys
from pathlib import Path
from route_switcher.lab.sandbox import SandboxUnavailable, enter
Path("/proc/sys/user/max_net_namespaces").write_text("0")
before = os.readlink("/proc/self/ns/net"), os.readlink("/proc/self/ns/user")
try:
    enter()
except SandboxUnavailable as error:
    print(error)
assert before == (os.readlink("/proc/self/ns/net"), os.readlink("/proc/self/ns/user"))
"""
    # In a user namespace of its own, so that its limit is its own too.
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-P", "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "Remedy: run as root" in done.stdout
    assert "unshare: No space left on device" in done.stdout


@pytest.mark.parametrize(
    ("required", "outcome"), [("0", "1 skipped"), ("1", "no private network: unshare: No space")]
)
def test_without_a_sandbox_kernel_tests_are_skipped_or_fail_on_demand(
    required: str, outcome: str
) -> None:
    script = """
import sys, pytest
from pathlib import Path
Path("/proc/sys/user/max_net_namespaces").write_text("0")
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", sys.argv[1]]))
"""
    test = f"{__file__}::test_the_process_is_root_inside"
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-P", "-c", script, test]
    environment = {**os.environ, "ROUTE_SWITCHER_REQUIRE_KERNEL": required}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert outcome in done.stdout
    assert done.returncode == int(required)
