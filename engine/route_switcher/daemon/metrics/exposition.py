"""Metrics as text, in the form 0.0.4 that Prometheus reads
(prometheus.io/docs/instrumenting/exposition_formats).

Pure: nothing here knows what is counted.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from itertools import islice
from math import inf, isinf, isnan
from typing import TypeAlias

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_AT_ONCE = 16
"""Values that are written in one piece: so many histograms take a quarter of a millisecond."""


class Kind(Enum):
    """What a metric is."""

    GAUGE = "gauge"
    """A value that goes up and down."""
    COUNTER = "counter"
    """A number that only grows, and begins again at 0 when the engine is started."""
    HISTOGRAM = "histogram"
    """How many values were at most so large, for some bounds."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, kind, meaning in a sentence, and the names of its labels."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


@dataclass(slots=True)
class Histogram:
    """Counts values by upper bounds, which rise."""

    bounds: tuple[float, ...]
    sum: float = 0.0
    counts: list[int] = field(init=False)
    """How many values each bound is the first for that is not below them; the last: how many are
    above all bounds."""

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self.counts)


Value: TypeAlias = float | Histogram
Values: TypeAlias = Mapping[tuple[str, ...], Value]
"""The values of one metric by its labels' values, in the order of the labels."""


def text_of(metric: Metric, values: Values) -> Iterator[str]:
    """All lines of a metric, each with its end, some at a time; none if it has no value."""
    series = iter(values.items())
    head = _head(metric)
    while batch := tuple(islice(series, _AT_ONCE)):
        yield head + "".join(_lines(metric, batch))
        head = ""


def _lines(metric: Metric, values: Iterable[tuple[tuple[str, ...], Value]]) -> Iterator[str]:
    name, names = metric.name, metric.labels
    for labels, value in values:
        if isinstance(value, Histogram):
            yield from _histogram(metric, labels, value)
        else:
            yield f"{name}{_braced(names, labels)} {_number(value)}\n"


def _histogram(metric: Metric, labels: tuple[str, ...], histogram: Histogram) -> Iterator[str]:
    name, below = metric.name, 0
    written = _braced(metric.labels, labels)
    for bound, count in zip((*histogram.bounds, inf), histogram.counts, strict=True):
        below += count
        upper = _braced((*metric.labels, "le"), (*labels, _number(bound)))
        yield f"{name}_bucket{upper} {below}\n"
    yield f"{name}_sum{written} {_number(histogram.sum)}\n{name}_count{written} {below}\n"


# What follows is the same in each text, and takes most of the time.


@lru_cache(maxsize=256)
def _head(metric: Metric) -> str:
    what = _escaped(metric.help, quotes=False)
    return f"# HELP {metric.name} {what}\n# TYPE {metric.name} {metric.kind.value}\n"


@lru_cache(maxsize=16_384)
def _braced(names: tuple[str, ...], labels: tuple[str, ...]) -> str:
    written = [f'{name}="{_escaped(label)}"' for name, label in zip(names, labels, strict=True)]
    return f"{{{','.join(written)}}}" if written else ""


def _escaped(text: str, *, quotes: bool = True) -> str:
    # Names of interfaces may be of other encodings than UTF-8.
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def _number(value: float) -> str:
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    whole = int(value)
    return str(whole) if whole == value and abs(whole) < 1 << 53 else repr(float(value))
