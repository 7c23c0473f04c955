"""The engine does all its work under the restrictions of examples/route-switcher.service."""

import grp
import os
import shutil
import signal
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support import confining
from support.hook_programs import Notes
from support.running import Start, run_to_its_end
from support.scraping import LISTEN, scrape, value
from support.tables import wait_until_taken
from support.written_policy_files import policy_text

UNIT = Path(__file__).parents[2] / "examples" / "route-switcher.service"
_RIGHTS = "-all,+net_admin,+net_raw"
CONFINED = [
    *["setpriv", f"--inh-caps={_RIGHTS}", f"--bounding-set={_RIGHTS}", "--no-new-privs"],
    *[sys.executable, "-P", confining.__file__, str(UNIT)],
]
ATTEMPTS = """
import ctypes, mmap, os, socket
attempts = {
    "namespace": lambda: os.close(os.open("/proc/self/ns/net", os.O_RDONLY)) or _unshare(),
    "cipher": lambda: socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET),
    "code": lambda: mmap.mmap(-1, 4096, prot=7),
    "priority": lambda: os.nice(1),
}
def _unshare():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x20000):
        raise OSError(ctypes.get_errno(), "unshare")
for name, attempt in attempts.items():
    try:
        attempt()
    except OSError:
        print(name)
"""

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(
        shutil.which("systemd-analyze") is None or find_library("seccomp") is None,
        reason="systemd-analyze or libseccomp is missing (package systemd)",
    ),
]


def test_what_the_unit_takes_away_is_taken() -> None:
    words = [*CONFINED, sys.executable, "-P", "-c", ATTEMPTS]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["namespace", "cipher", "code", "priority"], done.stderr


def test_it_starts_fails_over_reloads_and_ends(lab: Lab, start: Start, policy_file: Path) -> None:
    group = grp.getgrgid(os.getegid()).gr_name
    text = f"{policy_text(lab)}control: {{group: {group}}}\n{LISTEN}"
    engine = start(text, wrapped_in=CONFINED)
    engine.wait_for_health("primary", "secondary")
    for command in (["status"], ["switch", "primary"], ["release"], ["reload"]):
        done = run_to_its_end(lab, *command, wrapped_in=CONFINED)
        assert (done.returncode, done.stderr) == (0, "")
    assert engine.said("control") == []
    assert value(scrape(lab), "uplink_active", uplink="primary") == 1
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="secondary", cause="failover")
    wait_until_taken(lab, "eth1")
    policy_file.write_text(f"{text}ignore_linkdown: true\n".replace(group, "nogroup"))
    asked = engine.now
    engine.send(signal.SIGHUP)
    engine.wait_for("linkdown", "eth1: the kernel skips its routes", since=asked)
    # Changing owners is forbidden there: the unit must give the group itself.
    engine.wait_for("control", "cannot be given to group nogroup", since=asked)
    assert run_to_its_end(lab, "status").returncode == 3
    assert engine.end(signal.SIGTERM) == 0


def test_it_runs_hooks_and_ends_all_of_them(lab: Lab, start: Start, tmp_path: Path) -> None:
    left_running = "setsid sh -c '(sleep 1000 & echo $! > $0.left) &' $0"
    notes = Notes(tmp_path, f"{left_running}; until test -s $0.left; do sleep 0.01; done")
    tmp_path.chmod(0o755)
    engine = start(policy_text(lab) + notes.hooks("on_switch"), wrapped_in=CONFINED)
    notes.wait_for("on_switch ->primary")
    engine.wait_for("hook", "behind, which were ended")
    engine.wait_for("hook", "done in")
    left = (tmp_path / "note.left").read_text().strip()
    assert not Path(f"/proc/{left}").exists()
