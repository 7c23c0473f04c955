"""The text is read by Prometheus's own parser, whatever names and values are in it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from route_switcher.daemon.metrics.exposition import Histogram, Kind, Metric, Values, text_of


def lines(metric: Metric, values: Values) -> str:
    return "".join(text_of(metric, values))


NAMES = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.floats() | st.integers(-(2**60), 2**60).map(float)


@given(st.dictionaries(st.tuples(NAMES, NAMES), NUMBERS, min_size=1, max_size=4), NAMES)
def test_what_is_written_is_what_is_read(values: dict[tuple[str, ...], float], help_: str) -> None:
    text = lines(Metric("some_metric", Kind.GAUGE, help_, ("one", "two")), values)
    (family,) = text_string_to_metric_families(text)
    assert (family.name, family.type) == ("some_metric", "gauge")
    read = {tuple(sample.labels.values()): sample.value for sample in family.samples}
    assert read.keys() == values.keys()
    for key, value in values.items():
        assert read[key] == value or (math.isnan(read[key]) and math.isnan(value))


@given(st.lists(st.floats(0, 10), max_size=30))
def test_a_histogram_counts_what_is_at_most_each_bound(observed: list[float]) -> None:
    histogram = Histogram((0.5, 1.0, 5.0))
    for value in observed:
        histogram.observe(value)
    text = lines(Metric("some_seconds", Kind.HISTOGRAM, "Some."), {(): histogram})
    (family,) = text_string_to_metric_families(text)
    for sample in family.samples:
        if sample.name == "some_seconds_bucket":
            bound = float(sample.labels["le"])
            assert sample.value == sum(value <= bound for value in observed)
    found = {sample.name: sample.value for sample in family.samples}
    assert found["some_seconds_count"] == len(observed) == histogram.count
    assert found["some_seconds_sum"] == pytest.approx(sum(observed))


def test_a_metric_without_values_is_left_out() -> None:
    assert lines(Metric("some_metric", Kind.GAUGE, "Some."), {}) == ""


def test_a_name_that_is_no_unicode_can_be_read_all_the_same() -> None:
    text = lines(Metric("some_metric", Kind.GAUGE, "Some.", ("name",)), {("eth\udce9",): 1})
    (family,) = text_string_to_metric_families(text.encode("utf-8").decode("utf-8"))
    assert family.samples[0].labels == {"name": "eth\\udce9"}


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (True, "1"), (2.0, "2"), (0.25, "0.25"), (1e-9, "1e-09"), (1e30, "1e+30")],
)
def test_numbers_are_short(value: float, written: str) -> None:
    assert lines(Metric("m", Kind.GAUGE, "Some."), {(): value}).endswith(f"m {written}\n")


def test_many_values_are_written_in_short_pieces() -> None:
    metric = Metric("some_seconds", Kind.HISTOGRAM, "Some.", ("name",))
    values: Values = {(f"n{number}",): Histogram((0.5, 1.0)) for number in range(1000)}
    pieces = list(text_of(metric, values))
    assert max(piece.count("\n") for piece in pieces) < 100
    (family,) = text_string_to_metric_families("".join(pieces))
    assert len(family.samples) == 5000
