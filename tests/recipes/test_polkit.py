"""What polkit allows hooks by examples/hooks/50-route-switcher.rules: the real polkitd is asked.

Whether systemd then does it is not tried: that needs a systemd that runs.
"""

import re
import shlex
import subprocess

import pytest

from support.hook_recipes import HOOKS, PAGE
from support.route_writers import need
from support.running import DEADLINE

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

POLKITD = "/usr/lib/polkit-1/polkitd"
RULES = HOOKS / "50-route-switcher.rules"
ASKED = (
    ("route-switcher", "dnsmasq.service", "reload", True),
    ("route-switcher", "dnsmasq.service", "restart", True),
    ("route-switcher", "after-switch@lte.service", "start", True),
    ("route-switcher", "after-switch@lte.service", "stop", False),
    ("route-switcher", "after-switch@lte.service.timer", "start", False),
    ("route-switcher", "after-switch@.service", "start", False),
    ("route-switcher", "dnsmasq.service", "stop", False),
    ("route-switcher", "ssh.service", "start", False),
    ("route-switcher", "toString", "reload", False),
    ("nobody", "dnsmasq.service", "reload", False),
    ("nobody", "after-switch@lte.service", "start", False),
)

# A system of its own: /run and the rules of polkit are empty, and there is a user of the engine.
_POLKIT = f"""set -e
mount -t tmpfs none /run
mkdir /run/dbus /run/etc
cp /etc/passwd /run/etc/passwd
echo 'route-switcher:x:64999:64999::/:/usr/sbin/nologin' >>/run/etc/passwd
mount --bind /run/etc/passwd /etc/passwd
mount -t tmpfs -o mode=755 none /etc/polkit-1
mkdir -m 755 /etc/polkit-1/rules.d
install -m 644 {shlex.quote(str(RULES))} /etc/polkit-1/rules.d/
dbus-daemon --system --fork --nopidfile --address=unix:path=/run/dbus/system_bus_socket 2>&1
{POLKITD} --no-debug >/dev/null 2>&1 &
until pkcheck --action-id org.freedesktop.systemd1.manage-units --process $$; do :; done
ask() {{
    setpriv --reuid="$1" --regid=65534 --clear-groups sleep 1000 &
    until test "$(stat -c %U /proc/$!)" = "$1"; do :; done
    if pkcheck --action-id org.freedesktop.systemd1.manage-units --process $! \\
        --detail unit "$2" --detail verb "$3" >&2
    then echo yes; else echo no; fi
    kill $!
}}
"""


def test_it_allows_what_it_lists_and_nothing_else() -> None:
    need("pkcheck", "dbus-daemon", POLKITD, host_root=True)
    asks = "".join(f"ask {shlex.join(each[:3])}\n" for each in ASKED)
    # All of it ends with its first process (pid_namespaces(7)).
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    done = subprocess.run(
        [*words, "sh", "-c", _POLKIT + asks], capture_output=True, text=True, timeout=4 * DEADLINE
    )
    answers = done.stdout.split()[-len(ASKED) :]
    assert answers == ["yes" if each[3] else "no" for each in ASKED], done.stdout + done.stderr


def test_the_page_starts_what_the_rule_allows() -> None:
    commands = re.findall(r"systemctl, --no-ask-password, --no-block, start, \"([^\"]+)\"", PAGE)
    assert commands == ["after-switch@lte"]
    assert "after-switch@" in RULES.read_text()
