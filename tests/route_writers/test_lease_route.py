"""The hooks for DHCP clients by themselves: what a client tells them, and what they write."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from support.route_writers import HOOKS, LEASES, in_own_folders, need

pytestmark = pytest.mark.kernel

ADDRESS, ROUTER, OTHER = "198.51.100.10", "198.51.100.1", "198.51.100.2"
STRANGE = "e*$(x);[0"
SHELLS = ("dash", "busybox sh", "bash")
INSTALLED = {
    "dhclient": "/etc/dhcp/dhclient-exit-hooks.d/route-switcher",
    "dhcpcd": "/etc/dhcpcd.exit-hook",
}


@dataclass(frozen=True, slots=True)
class Box:
    """A network namespace with one or two interfaces that have addresses."""

    name: str
    shell: str = "dash"

    def ip(self, *words: str) -> str:
        done = subprocess.run(["ip", "-n", self.name, *words], capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it, with the hooks installed and these variables, as a client would."""
        given = [f"{name}={value}" for name, value in environment.items()]
        inner = in_own_folders(f'exec {self.shell} -c "$SCRIPT"')
        words = ["ip", "netns", "exec", self.name, "env", f"SCRIPT={script}", *given, *inner]
        return subprocess.run(words, capture_output=True, text=True, timeout=60)

    def lease(self, *words: str, interface: str = STRANGE) -> str:
        """Run `lease-route`: what it said."""
        quoted = " ".join(f"'{word}'" for word in (interface, *words))
        done = self.run(f"{self.shell} /usr/local/sbin/lease-route {quoted}")
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
        return done.stderr

    def routes(self) -> list[tuple[str, str, str]]:
        """Gateway, source and interface of what is in the table."""
        words = ["ip", "-n", self.name, "-4", "-j", "route", "show", "table", str(LEASES)]
        done = subprocess.run(words, capture_output=True, text=True)
        shown: list[dict[str, Any]] = json.loads(done.stdout) if done.returncode == 0 else []
        return [(route["gateway"], route["prefsrc"], route["dev"]) for route in shown]


@pytest.fixture(params=SHELLS)
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    shell = request.param
    if shutil.which(shell.split()[0]) is None:
        pytest.skip(f"missing: {shell}")
    subprocess.run(["ip", "netns", "add", "box"], check=True)
    box = Box("box", shell)
    for interface, network in ((STRANGE, "198.51.100"), ("eth1", "203.0.113")):
        box.ip("link", "add", interface, "type", "veth", "peer", "name", f"p{network[:3]}")
        box.ip("link", "set", interface, "up")
        box.ip("address", "add", f"{network}.10/24", "dev", interface)
    yield box
    subprocess.run(["ip", "netns", "del", "box"], check=True)


def test_two_interfaces_never_meet(box: Box) -> None:
    box.lease("leased", ADDRESS, ROUTER)
    box.lease("leased", "203.0.113.10", "203.0.113.1", interface="eth1")
    assert box.routes() == [
        (ROUTER, ADDRESS, STRANGE),
        ("203.0.113.1", "203.0.113.10", "eth1"),
    ]
    box.lease("lost")
    assert box.routes() == [("203.0.113.1", "203.0.113.10", "eth1")]


def test_what_is_no_router_is_left_out_and_what_the_kernel_refuses_is_named(box: Box) -> None:
    said = box.lease("leased", ADDRESS, "255.255.255.255", ROUTER, "0.0.0.0", ADDRESS)
    assert [route[0] for route in box.routes()] == [ROUTER]
    assert "the kernel refuses 255.255.255.255" in said


def test_more_routers_than_there_are_places_for_are_left_out(box: Box) -> None:
    box.lease("leased", ADDRESS, *(f"198.51.100.{number}" for number in range(101, 120)))
    assert [route[0] for route in box.routes()] == [f"198.51.100.{n}" for n in range(101, 117)]


def test_another_address_replaces_the_source(box: Box) -> None:
    box.lease("leased", ADDRESS, ROUTER)
    box.ip("address", "add", "198.51.100.11/24", "dev", STRANGE)
    box.lease("leased", "198.51.100.11", ROUTER)
    assert box.routes() == [(ROUTER, "198.51.100.11", STRANGE)]


def test_looking_takes_out_what_belongs_to_an_address_that_is_gone(box: Box) -> None:
    box.ip("address", "add", "203.0.113.77/32", "dev", STRANGE)
    box.lease("leased", "203.0.113.77", ROUTER)
    box.lease("look")
    assert box.routes() == [(ROUTER, "203.0.113.77", STRANGE)]
    box.ip("address", "del", "203.0.113.77/32", "dev", STRANGE)
    box.lease("look")
    assert box.routes() == []


def test_an_address_that_the_client_chose_for_itself_has_no_router(box: Box) -> None:
    box.ip("address", "add", "169.254.7.7/16", "dev", STRANGE)
    box.lease("leased", "169.254.7.7", ROUTER)
    assert box.routes() == []


def test_an_interface_that_is_gone_is_no_trouble(box: Box) -> None:
    assert box.lease("lost", interface="gone0") == ""
    assert box.lease("leased", ADDRESS, ROUTER, interface="gone0") == ""


def test_nothing_but_the_table_is_touched(box: Box) -> None:
    before = (box.ip("rule"), box.ip("route", "show", "table", "main"))
    box.lease("leased", ADDRESS, ROUTER)
    box.lease("lost")
    assert (box.ip("rule"), box.ip("route", "show", "table", "main")) == before


@pytest.mark.parametrize("client", INSTALLED)
def test_a_sourced_hook_leaves_the_shell_of_its_client_as_it_was(box: Box, client: str) -> None:
    script = f"""set -eu
set -- one 'two three'
routers=kept
. {INSTALLED[client]}
test "$routers$#$2" = 'kept2two three'
case $- in *e*u* | *u*e*) ;; *) exit 1 ;; esac
case $- in *f*) exit 1 ;; *) ;; esac
echo "survived $?"
"""
    bound = {"reason": "BOUND", "new_ip_address": ADDRESS, "new_routers": ROUTER}
    for told, written in (
        (bound, 1),
        ({"reason": "EXPIRE"}, 0),
        ({"reason": "PREINIT"}, 0),
        ({}, 0),
    ):
        done = box.run(script, interface=STRANGE, **told)
        assert done.stdout == "survived 0\n", done.stderr
        assert len(box.routes()) == written


@pytest.mark.parametrize("octets", ["8 10 198 51 100 2 0 198 51 100 2", "0 198 51 100 2 24 1 2 3"])
def test_dhclients_octets_are_read(box: Box, octets: str) -> None:
    lease = {"new_routers": ROUTER, "new_rfc3442_classless_static_routes": octets}
    script = f". {INSTALLED['dhclient']}"
    box.run(script, interface=STRANGE, reason="BOUND", new_ip_address=ADDRESS, **lease)
    assert [route[0] for route in box.routes()] == [OTHER]


def test_the_result_of_udhcpcs_own_script_is_passed_on(box: Box) -> None:
    script = f"{box.shell} /usr/local/sbin/udhcpc-script bound"
    told = {"interface": STRANGE, "ip": ADDRESS, "router": f"{ROUTER} {OTHER}"}
    assert box.run(script, UDHCPC_SCRIPT="/bin/false", **told).returncode == 1
    assert [route[0] for route in box.routes()] == [ROUTER, OTHER]
    assert box.run(script, UDHCPC_SCRIPT="/bin/true", **told).returncode == 0


@pytest.mark.programs
def test_the_hooks_are_sound_shell() -> None:
    need("shellcheck")
    files = [str(path) for path in sorted(HOOKS.iterdir()) if path.suffix != ".md"]
    done = subprocess.run(["shellcheck", *files], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
