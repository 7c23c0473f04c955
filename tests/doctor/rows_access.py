"""Faults of the engine that runs, and of what it may do."""

import shlex
import sys

from doctor.box import OWN, POLICY, ROOM, started
from doctor.planted import Planted

OURS = "/run/route-switcher/$(stat --dereference --format=%i /proc/self/ns/net)"
PID = f"$(cat {OURS}/lock)"
HELD = "grep -q @route-switcher /proc/net/unix"
"""An engine has its name."""
ENDED = f"while {HELD}; do sleep 0.01; done"

SILENT = """\
import os, signal, socket
from contextlib import ExitStack
from route_switcher.control.place import NAME
from route_switcher.kernel.host.lock import Lock
from route_switcher.kernel.host.run_folder import opened, run_folders
with Lock(), opened(run_folders()[0]) as (folder, _), socket.socket(socket.AF_UNIX) as control:
    if os.path.lexists(place := f"/proc/self/fd/{folder}/{NAME}"):
        os.unlink(place)
    control.bind(place)
    control.listen()
    signal.pause()
"""

UNIT = "/etc/systemd/system"


def installed(*lines: str) -> tuple[str, ...]:
    """The unit consists of these lines."""
    text = "\\n".join(("[Service]", *lines, ""))
    return (
        "mount -t tmpfs none /etc",
        f"mkdir -p {UNIT} /etc/route-switcher",
        f"printf '{text}' >{UNIT}/route-switcher.service",
        "echo 'version: 1' >/etc/route-switcher/policy.yaml",
    )


ROWS = (
    Planted(
        "kernel/no-rules",
        ("ip rule flush", "ip rule del pref 0"),
        "IPv4",
        "has no routing rule at all",
        (
            "ip rule add pref 0 lookup local protocol kernel",
            "ip rule add pref 32766 lookup main protocol kernel",
        ),
        policy=OWN,
    ),
    Planted(
        "engine/stopped",
        (f'kill -STOP "{PID}"',),
        "this network",
        "somebody has stopped it",
        engine=True,
    ),
    Planted(
        "engine/silent",
        (
            f"mkdir -p {ROOM}",
            *started(sys.executable, "-P", "-c", SILENT),
            f"until {HELD} && test -S {OURS}/control; do sleep 0.01; done",
        ),
        "this network",
        "does not answer",
    ),
    Planted(
        "engine/unreachable",
        (
            f"mkdir -p {ROOM} && printf %s {shlex.quote(POLICY)} >{ROOM}/policy.yaml",
            *started(
                *("env", f"RUNTIME_DIRECTORY={ROOM}/elsewhere", sys.executable, "-P", "-m"),
                *("route_switcher", "run", f"{ROOM}/policy.yaml"),
            ),
            f"until {HELD}; do sleep 0.01; done",
        ),
        "this network",
        "nobody finds its control socket",
        (f"kill $(cat {ROOM}/pids)", ENDED),
    ),
    Planted(
        "access/root-lacks",
        (),
        "this user",
        "root lacks CAP_NET_RAW here",
        ("true",),  # the container is started in another way
        under=("setpriv", "--bounding-set=-net_raw"),
    ),
    Planted(
        "access/policy-writable",
        ('chmod o+w "$POLICY"',),
        "policy",
        "every user may change the policy",
    ),
    Planted(
        "access/run-folder",
        (
            "mkdir -p /run/route-switcher",
            "mount -t tmpfs none /run/route-switcher",
            "chmod 777 /run/route-switcher",
        ),
        "/run/route-switcher",
        "others may write it",
    ),
    Planted(
        "access/run-folder",
        (
            "mkdir -p /run/route-switcher",
            "mount -t tmpfs -o ro,mode=755 none /run/route-switcher",
        ),
        "/run/route-switcher",
        "Read-only file system",
        name="read-only",
    ),
    Planted(
        "access/run-folder",
        (f"mkdir {ROOM} && rm -rf /run/route-switcher && ln -s {ROOM} /run/route-switcher",),
        "/run/route-switcher",
        "Not a directory",
        name="a link",
    ),
    Planted(
        "access/service-lacks",
        installed("DynamicUser=yes", "AmbientCapabilities=CAP_NET_ADMIN"),
        "service",
        "does not give CAP_NET_RAW to its user",
    ),
    Planted(
        "access/service-lacks",
        installed("CapabilityBoundingSet=~CAP_NET_ADMIN"),
        "service",
        "does not give CAP_NET_ADMIN to its user",
        name="root",
    ),
    Planted(
        "access/policy-unreadable",
        (
            *installed("DynamicUser=yes", "AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW"),
            "chmod 700 /etc/route-switcher",
            "chmod 600 /etc/route-switcher/policy.yaml",
        ),
        "service",
        "no right to read /etc/route-switcher/policy.yaml",
    ),
    Planted(
        "access/service-hidden",
        installed(
            "DynamicUser=yes",
            "AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW",
            "RuntimeDirectoryPreserve=restart",
        ),
        "service",
        "no command finds it",
    ),
    Planted(
        "access/state-read-only",
        (*installed("StateDirectory=route-switcher"), "mount -t tmpfs -o ro none /var/lib"),
        "service",
        "/var/lib is read-only",
    ),
)
