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


OTHERWISE = {
    "64": "64MB",
    "0": "none",
    "off": "none",
    "false": "none",
    "64M": "64MB",
    "64mb": "64MB",
    "64 MB": "64MB",
    "64MiB": "64MB",
    "64 megabytes": "64MB",
    "1g": "1GB",
    "1.5GB": "1500MB",
    "500K": "1MB",
    "67108864": "68MB",
    "2TB": "2000GB",
}
"""Sizes as people write them, and as they are written here."""


@pytest.mark.parametrize("size", OTHERWISE)
def test_a_size_that_is_written_otherwise_is_told_as_it_must_be_written(size: str) -> None:
    (line,) = told(with_uplink(f"journal: {{size: {size}}}\n"))
    assert "is not a number of MB or GB, or none" in line
    assert line.endswith(f"| write {OTHERWISE[size]}")
    load_text(with_uplink(f"journal: {{size: {OTHERWISE[size]}}}\n"), "policy")


@pytest.mark.parametrize("size", ["0MB", "-1MB", "unlimited", "'64MB 1GB'", "9999999999GB"])
def test_anything_else_is_refused_with_what_to_write(size: str) -> None:
    (line,) = told(with_uplink(f"journal: {{size: {size}}}\n"))
    assert "is not a number of MB or GB, or none" in line
    assert "such as 500MB or 2GB, or none for no journal" in line or line.endswith("write none")


@pytest.mark.parametrize("size", [*OTHERWISE, "64MB", "2GB", "none"])
def test_a_size_without_its_key_is_told_with_it(size: str) -> None:
    (line,) = told(with_uplink(f"journal: {size}\n"))
    assert line.endswith(f"| write {{size: {OTHERWISE.get(size, size)}}}")


@pytest.mark.parametrize("journal", ["true", "{}", "[]", "[64MB]"])
def test_what_is_no_mapping_is_refused(journal: str) -> None:
    (line,) = told(with_uplink(f"journal: {journal}\n"))
    assert "write for example {size: 500MB}" in line
