"""What the unit that starts the engine gives it, as its files say."""

from pathlib import Path

import pytest

from route_switcher.doctor.reading.service import UNIT, service

OURS = Path(__file__).parents[2] / "examples" / UNIT
ADMIN, RAW = "CAP_NET_ADMIN", "CAP_NET_RAW"


def lacks(tmp_path: Path, *files: tuple[str, str]) -> tuple[str, ...]:
    for name, text in ((f"a/{UNIT}", "[Service]\n"), *files):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = service((tmp_path / "a", tmp_path / "b"))
    assert found is not None
    return found.lacks


@pytest.mark.parametrize(
    ("lines", "missing"),
    [
        ("", ()),
        ("User=root", ()),
        ("User=router", (ADMIN, RAW)),
        ("DynamicUser=yes", (ADMIN, RAW)),
        (f"DynamicUser=yes\nAmbientCapabilities={ADMIN} {RAW} CAP_CHOWN", ()),
        (f"DynamicUser=yes\nAmbientCapabilities={ADMIN}\nAmbientCapabilities={RAW}", ()),
        (f"User=x\nAmbientCapabilities={ADMIN} {RAW}\nAmbientCapabilities=", (ADMIN, RAW)),
        ("User=x\nAmbientCapabilities=~CAP_CHOWN", ()),
        (f"User=x\nAmbientCapabilities=~{RAW}", (RAW,)),
        (f"CapabilityBoundingSet={RAW}", (ADMIN,)),
        ("CapabilityBoundingSet=", (ADMIN, RAW)),
        ("CapabilityBoundingSet=~CAP_SYS_ADMIN cap_net_raw", (RAW,)),
        (
            f"User=x\nAmbientCapabilities={ADMIN} {RAW}\nCapabilityBoundingSet={ADMIN}",
            (RAW,),
        ),
    ],
)
def test_what_its_user_lacks(lines: str, missing: tuple[str, ...], tmp_path: Path) -> None:
    assert lacks(tmp_path, (f"a/{UNIT}", f"[Service]\n{lines}\n")) == missing


def test_a_drop_in_counts_after_the_unit(tmp_path: Path) -> None:
    drop_in = (f"b/{UNIT}.d/x.conf", f"[Service]\nCapabilityBoundingSet={ADMIN}\n")
    assert lacks(tmp_path, drop_in) == (RAW,)


def test_our_own_unit_lacks_nothing(tmp_path: Path) -> None:
    assert lacks(tmp_path, (f"a/{UNIT}", OURS.read_text())) == ()


def test_no_unit_is_none(tmp_path: Path) -> None:
    assert service((tmp_path,)) is None


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("/opt/x/route-switcher run policy", "/etc/route-switcher/policy.yaml"),
        ("/usr/bin/env -x /opt/x/route-switcher run /srv/p.yaml", "/srv/p.yaml"),
        ("/opt/x/route-switcher run 'open", "/etc/route-switcher/policy.yaml"),
    ],
)
def test_which_policy_it_runs(command: str, file: str, tmp_path: Path) -> None:
    (tmp_path / UNIT).write_text(f"[Service]\nExecStart={command}\n")
    found = service((tmp_path,))
    assert found is not None
    assert found.policy == file
