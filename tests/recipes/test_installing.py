"""Install by docs/install.md, work, uninstall by docs/service.md: no file, route or rule stays.

The commands are those of the pages, in a mount namespace where the folders that they write to are
copies that are thrown away. What needs systemd is not run (`NOT_RUN`), and the engine is started
here with the folders that systemd would give it. pip installs a wheel without what it
depends on.
"""

import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.pages import TOP, commands
from support.running import DEADLINE
from support.tables import our_routes
from support.written_policy_files import policy_text

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

NOT_RUN = ("systemctl", "systemd-sysusers")
FOLDERS = ("/etc", "/usr/local", "/opt", "/var/lib")
PIP = "/opt/route-switcher/bin/pip install ."
LOCKED = "/opt/route-switcher/bin/pip install --require-hashes --requirement requirements/run.txt"

COPIES = """set -eu
room=$(mktemp --directory /run/copies.XXXXXX)
mount -t tmpfs none "$room"
for folder in FOLDERS; do
    mkdir -p "$room/upper$folder" "$room/work$folder"
    mount -t overlay none "$folder" \\
        -o "lowerdir=$folder,upperdir=$room/upper$folder,workdir=$room/work$folder"
    test "$(stat --file-system --format=%T "$folder")" = overlayfs
done
mkdir -p /var/lib/private
cd "$room"
export TMPDIR="$room" HOME="$room"
tree() {
    find FOLDERS /run -path "$room" -prune -o -printf '%p %y %m %U:%G %l\\n' | sort
}
""".replace("FOLDERS", " ".join(FOLDERS))

WORK = """
mkdir /run/route-switcher /var/lib/private/route-switcher
ln -s private/route-switcher /var/lib/route-switcher
export PYTHONPATH=DEPENDENCIES
STATE_DIRECTORY=/var/lib/route-switcher RUNTIME_DIRECTORY=/run/route-switcher \\
    /opt/route-switcher/bin/route-switcher run policy 2>log &
until route-switcher status; do sleep 0.1; done
until route-switcher switch secondary; do sleep 0.1; done
find /run/route-switcher /var/lib/private/route-switcher
kill -KILL $!
wait $! || true
"""


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    folder = tmp_path / "wheel"
    words = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(words, cwd=TOP, check=True, capture_output=True, timeout=DEADLINE)
    (file,) = folder.iterdir()
    return file


def test_what_the_pages_install_they_take_away_again(lab: Lab, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(policy_text(lab))
    pip = f"/opt/route-switcher/bin/pip install --quiet --no-index --no-deps $room/{wheel.name}"
    install = [
        *commands("docs/install.md", "The program"),
        *commands("docs/install.md", "As a service"),
        *commands("docs/service.md", "A user and a group that stay"),
    ]
    assert install.index(LOCKED) < install.index(PIP)
    # They need an engine that systemd has started.
    asked = [line for line in install if line.startswith("route-switcher ")]
    assert [line.split()[1] for line in asked] == ["status"]
    script = [
        f"cp {shlex.quote(str(wheel))} {shlex.quote(str(tmp_path))}/policy.yaml /run/",
        COPIES,
        f"mv /run/{wheel.name} /run/policy.yaml .",
        f"cp -r {shlex.quote(str(TOP / 'examples'))} examples",
        *(f'{name}() {{ echo "not run: {name} $*"; }}' for name in NOT_RUN),
        "tree >before",
        *(pip if line == PIP else line for line in install if line not in (*asked, LOCKED)),
        "tree >installed",
        "! cmp before installed",
        WORK.replace("DEPENDENCIES", sysconfig.get_path("purelib")),
        *commands("docs/service.md", "Uninstall"),
        "tree >after",
        "diff before after",
    ]
    words = lab.command(ROUTER, ["unshare", "--mount", "bash", "-c", "\n".join(script)])
    done = subprocess.run(words, capture_output=True, text=True, timeout=4 * DEADLINE)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        "not run: systemctl enable --now route-switcher",
        "not run: systemd-sysusers route-switcher.conf",
        "not run: systemctl disable --now route-switcher",
    ):
        assert line in done.stdout
    assert re.search("/run/route-switcher/[0-9]+/control", done.stdout)
    assert re.search("/var/lib/private/route-switcher/[0-9]+/orders", done.stdout)
    assert our_routes(lab) == set()
