"""Files of systemd: which of them count, and what they say."""

from pathlib import Path

import pytest

from route_switcher.doctor.reading.writers import networkd
from route_switcher.doctor.writers import Networkd

NO_ROUTES = "[Network]\nManageForeignRoutes=no\n"
NEITHER = Networkd(manages_routes=False, manages_rules=False)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, Networkd()),
        ({"a/networkd.conf": NO_ROUTES}, Networkd(manages_routes=False)),
        ({"b/networkd.conf": NO_ROUTES}, Networkd(manages_routes=False)),
        ({"a/networkd.conf": "", "b/networkd.conf": NO_ROUTES}, Networkd()),
        ({"b/networkd.conf.d/x.conf": NO_ROUTES}, Networkd(manages_routes=False)),
        (
            {"b/networkd.conf.d/x.conf": NO_ROUTES, "a/networkd.conf.d/x.conf": ""},
            Networkd(),
        ),
        (
            {
                "a/networkd.conf": NO_ROUTES,
                "b/networkd.conf.d/x.conf": "[Network]\nManageForeignRoutes = Yes\n",
            },
            Networkd(),
        ),
        (
            {
                "a/networkd.conf.d/a.conf": "[Network]\nManageForeignRoutes=yes",
                "b/networkd.conf.d/b.conf": NO_ROUTES,
            },
            Networkd(manages_routes=False),
        ),
        ({"a/networkd.conf.d/x.txt": NO_ROUTES}, Networkd()),
        ({"a/networkd.conf": "[DHCPv4]\nManageForeignRoutes=no\n"}, Networkd()),
        ({"a/networkd.conf": "[Network]\n#ManageForeignRoutes=no\n;x\nfoo\n=\n["}, Networkd()),
        ({"a/networkd.conf": "[Network]\nManageForeignRoutes=\n"}, Networkd()),
        (
            {
                "a/networkd.conf": "[Network]\nManageForeignRoutes=0\n"
                "ManageForeignRoutingPolicyRules=\\\n  off\n"
            },
            NEITHER,
        ),
    ],
)
def test_what_networkd_is_set_to(files: dict[str, str], says: Networkd, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert networkd((tmp_path / "a", tmp_path / "b")) == says


def test_a_link_to_nowhere_masks_what_has_its_name(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder / "networkd.conf.d").mkdir(parents=True)
    (tmp_path / "a/networkd.conf.d/x.conf").symlink_to("/dev/null")
    (tmp_path / "b/networkd.conf.d/x.conf").write_text(NO_ROUTES)
    assert networkd((tmp_path / "a", tmp_path / "b")) == Networkd()
