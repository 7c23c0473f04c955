"""Who else may change a policy, by its file or by what stands on the way to it."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from route_switcher.other_writers import OtherWriter, other_writers

STRANGER = 12345


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "etc" / "route-switcher").mkdir(parents=True, mode=0o755)
    file = tmp_path / "etc" / "route-switcher" / "policy.yaml"
    file.write_text("version: 1\n")
    file.chmod(0o644)
    return file


def found(policy: Path) -> tuple[OtherWriter, ...]:
    return other_writers(policy)


def mended(policy: Path) -> None:
    """The remedies, as they are told, help."""
    for writer in other_writers(policy):
        subprocess.run(["sh", "-c", writer.remedy], check=True)
    assert other_writers(policy) == ()


def given_away(path: Path, user: int = STRANGER, group: int = -1) -> None:
    try:
        os.chown(path, user, group, follow_symlinks=False)
    except OSError as error:
        pytest.skip(f"files cannot be given away here: {error.strerror}")


def test_a_policy_that_only_its_owner_may_write_is_fine(policy: Path) -> None:
    assert found(policy) == ()


@pytest.mark.parametrize("level", range(3))
def test_what_every_user_may_write_is_named_with_its_remedy(policy: Path, level: int) -> None:
    path = (policy, *policy.parents)[level]
    path.chmod(0o757 if path.is_dir() else 0o646)
    (writer,) = found(policy)
    assert str(writer) == f"every user may write {path}: chmod o-w {path}"
    mended(policy)


def test_a_sticky_folder_is_safe_while_what_is_in_it_is_ours(policy: Path) -> None:
    policy.parent.chmod(0o1777)
    assert found(policy) == ()
    given_away(policy)
    (writer,) = found(policy)
    assert (writer.path, writer.who) == (policy, f"its owner, user {STRANGER},")
    mended(policy)


@pytest.mark.parametrize("level", range(3))
def test_what_belongs_to_another_user_is_named(policy: Path, level: int) -> None:
    path = (policy, *policy.parents)[level]
    given_away(path)
    (writer,) = found(policy)
    assert writer.path == path
    mended(policy)


def test_a_group_that_may_write_counts_unless_it_is_ours(policy: Path) -> None:
    policy.chmod(0o664)
    assert found(policy) == ()
    given_away(policy, -1, STRANGER)
    (writer,) = found(policy)
    assert writer.who == f"group {STRANGER}"
    mended(policy)


def test_an_access_list_counts_as_a_group(policy: Path) -> None:
    entry = b"\x02\0\0\0" + b"".join(  # posix_acl_xattr.h: tag, permissions, id
        tag.to_bytes(2, "little") + rights.to_bytes(2, "little") + who.to_bytes(4, "little")
        for tag, rights, who in (
            (0x01, 6, 0xFFFFFFFF),
            (0x02, 6, 0),
            (0x04, 4, 0xFFFFFFFF),
            (0x10, 6, 0xFFFFFFFF),
            (0x20, 4, 0xFFFFFFFF),
        )
    )
    try:
        os.setxattr(policy, "system.posix_acl_access", entry)
    except OSError as error:
        pytest.skip(f"no access lists here: {error.strerror}")
    (writer,) = found(policy)
    assert writer.remedy == f"setfacl --remove-all {policy}"


def _link_to_the_file(folder: Path, policy: Path) -> None:
    (folder / "policy.yaml").symlink_to(policy)


def _link_to_the_folder(folder: Path, policy: Path) -> None:
    (folder / "conf").symlink_to(os.path.relpath(policy.parent, folder))


@pytest.mark.parametrize(
    ("link", "name"),
    [(_link_to_the_file, "policy.yaml"), (_link_to_the_folder, "conf/policy.yaml")],
)
def test_links_are_looked_at_and_where_they_lead(
    tmp_path: Path, policy: Path, link: Callable[[Path, Path], None], name: str
) -> None:
    folder = tmp_path / "links"
    folder.mkdir()
    link(folder, policy)
    assert found(folder / name) == ()
    for path in (folder, policy, policy.parent):
        before = path.stat().st_mode
        path.chmod(before | 0o002)
        assert [writer.path for writer in found(folder / name)] == [path]
        path.chmod(before)


def test_dots_lead_through_the_folder_that_is_left_again(tmp_path: Path, policy: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    way = tmp_path / "open" / ".." / "etc" / "route-switcher" / "policy.yaml"
    assert [writer.path for writer in found(way)] == [tmp_path / "open"]


def test_links_in_a_circle_are_an_error_and_no_endless_way(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="Too many levels"):
        other_writers(tmp_path / "a")


def test_a_name_with_spaces_is_quoted_in_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "my policy.yaml"
    file.touch()
    file.chmod(0o666)
    mended(file)
