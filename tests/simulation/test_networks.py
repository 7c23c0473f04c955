"""Networks: written or drawn, they say the same to everybody, whenever they are asked."""

from collections.abc import Iterable
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.vocabulary.probes import Target
from route_switcher.policy.load import load
from route_switcher.simulation.episodes import (
    Episode,
    EpisodeReader,
    Flapping,
    RandomEpisodes,
    Union,
)
from route_switcher.simulation.generate import generate
from route_switcher.simulation.line_profiles import KINDS, LineKind, TargetKind, describe
from route_switcher.simulation.losses import SLOT, Chance, Losses
from route_switcher.simulation.network import Brownout, LineCondition, Network, Passage, WanLine
from route_switcher.simulation.profile_notation import (
    NotUnderstoodError,
    parse_line,
    parse_span,
    parse_targets,
)
from route_switcher.text.durations import MONTH
from support.keys import v4
from support.pinging import target

TARGET, OTHER = target("203.0.113.1"), target("203.0.113.2")
RTT = 0.02
DAY = 86_400.0


def _until(course: Iterable[Episode], end: float) -> list[Episode]:
    found = []
    for stretch in course:
        if stretch.begins >= end:
            break
        found.append(stretch)
    return found


def _passage(line: WanLine, targets: dict[Target, Iterable[Episode]] | None = None) -> Passage:
    return Passage(Network({"primary": line}, targets or {}), [v4("primary")])


# Courses.


def test_a_drawn_course_has_its_rate_and_its_mean_length() -> None:
    stretches = _until(RandomEpisodes("seed", 1 / 1000, 50.0), 2_000_000)
    assert len(stretches) == pytest.approx(2_000_000 / 1050, rel=0.1)
    mean = sum(s.ends - s.begins for s in stretches) / len(stretches)
    assert mean == pytest.approx(50.0, rel=0.1)
    assert all(0.5 <= s.severity <= 1.5 for s in stretches)


def test_a_course_says_the_same_each_time_and_another_seed_something_else() -> None:
    course = RandomEpisodes("seed", 0.01, 5.0)
    assert list(islice(course, 50)) == list(islice(course, 50))
    assert list(islice(course, 50)) != list(islice(RandomEpisodes("other", 0.01, 5.0), 50))


def test_nothing_befalls_a_line_at_rate_zero() -> None:
    assert list(RandomEpisodes("seed", 0.0, 5.0)) == []


def test_stretches_of_flapping_lie_within_their_series() -> None:
    series = (Episode(100.0, 160.0), Episode(500.0, 520.0))
    stretches = list(Flapping("seed", series, 2.0, 3.0))
    assert len(stretches) > 5
    assert all(any(w.begins <= s.begins < s.ends <= w.ends for w in series) for s in stretches)


@given(st.lists(st.lists(st.integers(0, 60), max_size=8), max_size=3))
def test_a_union_covers_what_its_courses_cover(seeds: list[list[int]]) -> None:
    courses = []
    for starts in seeds:
        edges = sorted(set(starts))
        courses.append([Episode(a, b) for a, b in pairwise(edges)][::2])
    union = list(Union(tuple(courses)))
    assert all(a.ends < b.begins for a, b in pairwise(union))
    for time in range(61):
        covered = any(s.covers(time) for course in courses for s in course)
        assert any(s.covers(time) for s in union) == covered


@given(st.lists(st.floats(0, 500), min_size=1, max_size=30))
def test_a_reader_says_what_the_course_has(times: list[float]) -> None:
    course = list(islice(RandomEpisodes("seed", 1 / 20, 10.0), 100))
    reader = EpisodeReader(course)
    for time in sorted(times):
        assert reader.at(time) == next((s for s in course if s.covers(time)), None)
        changes = (t for s in course for t in (s.begins, s.ends) if t > time)
        assert reader.next_change(time) == min(changes)


def test_a_reader_may_be_asked_a_little_back() -> None:
    reader = EpisodeReader([Episode(10.0, 11.0), Episode(50.0, 51.0)])
    assert reader.at(50.5) is not None
    assert reader.at(10.5) is not None


# Single losses.


def test_as_large_a_share_is_lost_as_was_asked_for() -> None:
    losses = Losses("seed", 0.05)
    lost = sum(losses.lost(number * 1_000_000_000) for number in range(40_000))
    assert lost == pytest.approx(2000, rel=0.1)


@pytest.mark.parametrize(("share", "expected"), [(0.0, False), (1.0, True)])
def test_nothing_and_everything_may_be_lost(share: float, expected: bool) -> None:
    losses = Losses("seed", share)
    assert all(losses.lost(n * SLOT) is expected for n in range(100))


@given(
    st.integers(0, 10**10), st.sampled_from([300_000_000, 10**9, 30 * 10**9]), st.integers(0, 999)
)
def test_the_next_lost_packet_is_found_without_sending_any(
    due: int, interval: int, seed: int
) -> None:
    before = due + 200 * 10**9
    found = Losses(f"{seed}", 0.01).first_lost(due, interval, before)
    losses = Losses(f"{seed}", 0.01)
    sent = range(due, before, interval)
    assert found == next((time for time in sent if losses.lost(time)), before)


def test_chances_are_spread_evenly() -> None:
    chance = Chance("seed")
    numbers = [chance.at(n * SLOT) for n in range(10_000)]
    assert sum(numbers) / len(numbers) == pytest.approx(0.5, abs=0.02)
    assert sum(n < 0.1 for n in numbers) == pytest.approx(1000, rel=0.15)


# What becomes of packets.


def test_nothing_comes_back_that_is_under_way_when_a_line_goes_dead() -> None:
    passage = _passage(WanLine(RTT, dead=(Episode(10.0, 20.0),)))
    answers = [passage.answer(v4("primary"), "p", TARGET, at) for at in (9.97, 9.99, 19.99, 20.0)]
    assert answers == [RTT, None, None, RTT]


def test_an_unplugged_line_is_dead() -> None:
    passage = _passage(WanLine(RTT, unplugged=(Episode(10.0, 20.0),)))
    assert passage.answer(v4("primary"), "p", TARGET, 15.0) is None
    assert passage.lines[v4("primary")].condition(15.0) is LineCondition.DEAD


def test_a_target_that_is_gone_does_not_take_others_with_it() -> None:
    passage = _passage(WanLine(RTT), {TARGET: (Episode(10.0, 20.0),)})
    assert passage.answer(v4("primary"), "p", TARGET, 15.0) is None
    assert passage.answer(v4("primary"), "p", OTHER, 15.0) == RTT


def test_a_brown_out_loses_and_delays_by_its_severity() -> None:
    brownout = Brownout(loss=0.2, latency=0.1, jitter=0.03)
    passage = _passage(WanLine(RTT, brown=(Episode(0.0, 5000.0, 1.5),), brownout=brownout))
    answers = [passage.answer(v4("primary"), "p", TARGET, float(at)) for at in range(5000)]
    rtts = [rtt for rtt in answers if rtt is not None]
    assert 1 - len(rtts) / 5000 == pytest.approx(0.3, abs=0.02)
    assert min(rtts) == pytest.approx(RTT + 0.15, abs=0.01)
    steps = [abs(a - b) for a, b in pairwise(rtts)]
    assert sum(steps) / len(steps) == pytest.approx(1.5 * 0.03, rel=0.1)


def test_policies_that_ask_at_the_same_time_lose_the_same() -> None:
    line = WanLine(RTT, loss=0.05)
    slow, fast = _passage(line), _passage(line)
    found = {t: fast.answer(v4("primary"), "p", TARGET, t / 4) for t in range(4000)}
    for at in range(1000):
        assert slow.answer(v4("primary"), "p", TARGET, float(at)) == found[4 * at]


def test_what_is_sent_is_counted_and_what_comes_back() -> None:
    passage = _passage(WanLine(RTT, dead=(Episode(5.0, 6.0),)))
    passage.answer(v4("primary"), "p", TARGET, 1.0)
    passage.answer(v4("primary"), "p", OTHER, 1.0)
    passage.answer(v4("primary"), "p", TARGET, 5.5)
    assert passage.asked == {(v4("primary"), "p"): 3}
    assert passage.answered == {(v4("primary"), "p"): 2}


# Generated ones.


def test_the_network_does_not_depend_on_the_policy() -> None:
    dual = load("dual-wan")
    alone = generate((dual,), {}, TargetKind(), 7)
    beside = generate((load("dual-stack"), dual), {}, TargetKind(), 7)
    assert alone.lines["primary"] == beside.lines["primary"]


def test_the_seed_and_the_name_change_the_network() -> None:
    dual = load("dual-wan")
    one, other = (generate((dual,), {}, TargetKind(), seed) for seed in (1, 2))
    assert one.lines["primary"] != other.lines["primary"]
    assert one.lines["primary"] != one.lines["secondary"]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_says_what_goes_wrong(name: str) -> None:
    assert "there and back" in describe(KINDS[name])


def test_a_line_is_a_kind_with_changes() -> None:
    name, kind = parse_line("lte=fibre,outages=4/month,outage_length=5m,loss=0.5%,latency=80ms")
    assert name == "lte"
    assert kind.outages == pytest.approx(4 / MONTH)
    assert (kind.outage_length, kind.loss, kind.latency) == (300.0, 0.005, 0.08)
    assert kind.brownouts == KINDS["fibre"].brownouts
    assert parse_line("lte=loss=1%") == ("lte", LineKind(**_of(KINDS["dsl"]) | {"loss": 0.01}))


def _of(kind: LineKind) -> dict[str, float]:
    return {name: getattr(kind, name) for name in LineKind.__slots__}


def test_targets_have_outages_of_their_own() -> None:
    kind = parse_targets("outages=2/week,outage_length=1h")
    assert kind == TargetKind(2 / (7 * DAY), 3600.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("primary", "UPLINK=KIND"),
        ("=dsl", "UPLINK=KIND"),
        ("primary=fiber", "did you mean 'fibre'"),
        ("primary=dsl,outage=4/month", "did you mean 'outages'"),
        ("primary=dsl,outages=4", "as in 4/month"),
        ("primary=dsl,outages=4/fortnight", "as in 4/month"),
        ("primary=dsl,loss=101%", "0% to 100%"),
        ("primary=dsl,loss=0.1", "as in 0.5%"),
        ("primary=dsl,outage_length=0s", "above 0"),
        ("primary=dsl,latency=fast", "as in 80ms"),
        ("primary=dsl,", "there is no key ''"),
    ],
)
def test_what_is_not_understood_says_what_to_write(text: str, said: str) -> None:
    with pytest.raises(NotUnderstoodError, match=said):
        parse_line(text)


@pytest.mark.parametrize(("text", "seconds"), [("30d", 30 * DAY), ("2w", 14 * DAY), ("90s", 90.0)])
def test_long_spans_may_be_written_in_days_and_weeks(text: str, seconds: float) -> None:
    assert parse_span(text) == seconds
