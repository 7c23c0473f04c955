"""The measurements of `make bench`, before any of them is made."""

from bench.one import MEASUREMENTS
from bench.run import _PHASES


def test_every_measurement_has_its_place_in_one_phase() -> None:
    placed = [name for lanes in _PHASES for lane in lanes for name in lane]
    assert sorted(placed) == sorted(MEASUREMENTS)
