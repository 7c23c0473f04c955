"""What the page about other writers shows is sound, and is what the tests run."""

import re

import pytest

from route_switcher.policy.load import load_text
from support import recipes
from support.recipes import PAGE, TOP

TITLES = recipes.titles()
RUN = {
    "": 1,
    "ifupdown with dhclient": 2,
    "udhcpc": 2,
    "dhcpcd": 1,
    "systemd-networkd": 3,
    "NetworkManager": 2,
    "IPv6 by router advertisements": 2,
    "Another program that deletes our routes": 0,
}
"""How many blocks of each section the tests of tests/route_writers use."""


def test_every_block_is_used() -> None:
    assert {title: len(recipes.blocks(title)) for title in ("", *TITLES)} == RUN
    assert PAGE.count("```") == 2 * sum(RUN.values())
    for title in TITLES:
        for block in recipes.blocks(title):
            assert block.path or block.kind in ("sh", "yaml")


@pytest.mark.parametrize("title", ["", "IPv6 by router advertisements"])
def test_its_policies_are_sound(title: str) -> None:
    assert load_text(recipes.policy(title), "page").placement.table == 115


def test_links_and_files_are_there() -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", PAGE):
        assert (TOP / "docs" / link).exists()
    for title in TITLES:
        for file in re.findall(r"(examples/\S+)", recipes.installing(title)):
            assert (TOP / file).is_file()
