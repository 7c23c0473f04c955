"""The key `journal`: how much the engine remembers."""

import pytest

from route_switcher.policy.load import load_text
from support.told import told, with_uplink

SIZES = {"64MB": 64_000_000, "1MB": 1_000_000, "2GB": 2_000_000_000, "none": 0}


@pytest.mark.parametrize("size", SIZES)
def test_a_size_is_a_number_and_its_unit(size: str) -> None:
    policy = load_text(with_uplink(f"journal: {{size: {size}}}\n"), "policy")
    assert policy.journal.size == SIZES[size]


def test_without_the_key_it_has_64_megabytes() -> None:
    assert load_text(with_uplink(""), "policy").journal.size == 64_000_000


@pytest.mark.parametrize("size", ["64", "0", "64M", "64mb", "64 MB", "0MB", "-1MB", "off", "1.5GB"])
def test_anything_else_is_refused_with_what_to_write(size: str) -> None:
    (line,) = told(with_uplink(f"journal: {{size: {size}}}\n"))
    assert "is not a number of MB or GB, or none" in line
    assert "such as 500MB or 2GB, or none for no journal" in line


@pytest.mark.parametrize("journal", ["off", "none", "64MB", "{}", "[]"])
def test_what_is_no_mapping_is_refused(journal: str) -> None:
    (line,) = told(with_uplink(f"journal: {journal}\n"))
    assert "write for example {size: 500MB}" in line
