"""Rows about time: a process that stands still, as in a suspend, and a wall clock that is set."""

from dataclasses import replace

from faults import acts_time as acts
from faults import clock
from faults.acts import comes, goes
from faults.policy import Settings
from faults.row import A_MOMENT, FAILED_OVER, Act, Row, Step

_PROVING, _PROVED_SOON = (Settings(stable=f"{each:g}s") for each in (acts.STABLE, acts.SOON))
_HOUR = 3600
_SINCE_1970 = -1_750_000_000
"""Seconds: a machine without a battery begins about there, until it is told the time."""


def _stays(act: Act, rounds: int = 20) -> Step:
    return Step(act, "stays", path=("eth0",), rounds=rounds, lost=A_MOMENT)


_AWAY = Step(
    comes("blackhole"),
    "moves to secondary",
    moves=("secondary",),
    taken="eth1",
    routes=FAILED_OVER,
    path=("eth0", "eth1"),
    lost=1500,
    within=1.0,
)
_BACK = Step(
    goes("blackhole"),
    "back",
    moves=("primary",),
    path=("eth1", "eth0"),
    lost=A_MOMENT,
)
_AFTER_ITS_TIME = replace(_BACK, then="back after the stable time")
_ORDERED = Step(
    acts.order(acts.stop(acts.WHILE)),
    "secondary, and back when the order has ended",
    moves=("secondary", "primary"),
    path=("eth0", "eth1", "eth0"),
    says=(("notice", "the order for secondary has ended"),),
    lost=A_MOMENT,
)


def _clock(row: Row) -> Row:
    """The engine has a wall clock of its own."""
    return replace(row, environment=clock.own_clock, missing=clock.MISSING)


ROWS_TIME = (
    Row(f"process stopped for {acts.LONG:g} s, and continued", _stays(acts.stop(acts.LONG), 15)),
    Row(f"process stopped ten times for {acts.SHORT:g} s", _stays(acts.stop_again_and_again)),
    Row(
        f"process stopped for {acts.WHILE:g} s; a blackhole came meanwhile",
        replace(
            _AWAY,
            act=acts.stop_and_cut,
            then="moves to secondary once it goes on",
            lost=1500,
        ),
        _BACK,
    ),
    Row(
        f"process stopped for {acts.WHILE:g} s while the line must be good for {acts.STABLE:g} s",
        _AWAY,
        replace(
            _BACK,
            act=acts.stop_while_recovering,
            then="back; the time that nobody saw does not count",
        ),
        settings=_PROVING,
    ),
    Row(f"process stopped past the end of an order for {acts.ORDERED:g} s", _ORDERED),
    _clock(
        Row(
            "wall clock stepped by an hour, and back by two",
            _stays(clock.set_clock(_HOUR)),
            _stays(clock.set_clock(-_HOUR)),
        )
    ),
    _clock(
        Row(
            "process stopped, and meanwhile the wall clock stepped by an hour",
            _stays(acts.suspend),
        )
    ),
    _clock(
        Row(
            "wall clock stepped by an hour at a blackhole, and back by two while recovering",
            replace(_AWAY, act=acts.both(clock.set_clock(_HOUR), comes("blackhole"))),
            replace(_AFTER_ITS_TIME, act=acts.until_healthy_again(clock.set_clock(-_HOUR))),
            settings=_PROVED_SOON,
        )
    ),
    _clock(
        Row(
            "wall clock stepped back by an hour at a blackhole, and ahead by two while recovering",
            replace(_AWAY, act=acts.both(clock.set_clock(-_HOUR), comes("blackhole"))),
            replace(_AFTER_ITS_TIME, act=acts.until_healthy_again(clock.set_clock(_HOUR))),
            settings=_PROVED_SOON,
        )
    ),
    _clock(
        Row(
            f"wall clock stepped by an hour during an order for {acts.ORDERED:g} s",
            replace(_ORDERED, act=acts.order(clock.set_clock(_HOUR))),
        )
    ),
    _clock(
        Row(
            "wall clock in 1970, then set; then a blackhole",
            replace(_AWAY, act=acts.both(clock.set_clock(0), comes("blackhole"))),
            _BACK,
            before=clock.set_clock(_SINCE_1970),
        )
    ),
)
