"""Rows about floods of forged answers: they cost little, and deceive nobody."""

from dataclasses import replace

from faults import acts
from faults.acts import comes, goes
from faults.row import FAILED_OVER, Row, Step

# A busy machine drops packets of the stream before it has looked whose they are: so no packet is
# counted here.
_AWAY = Step(
    comes("blackhole"),
    "moves to secondary",
    moves=("secondary",),
    taken="eth1",
    routes=FAILED_OVER,
    within=1.0,
)
_BACK = Step(goes("blackhole"), "back", moves=("primary",))

_FLOODED = Row(
    f"{acts.FLOODED:,} forged echo replies a second",
    Step(acts.flood(), "stays", path=("eth0",), rounds=20),
    Step(acts.end_flood, "stays", path=("eth0",)),
    alone=True,
)
_CUT = replace(_FLOODED, fault=_AWAY, mended=_BACK)

ROWS_FLOODED = (
    _FLOODED,
    replace(_CUT, name="the same while the line is cut", before=acts.flood()),
    replace(
        _CUT,
        name="cut; replies are forged by one who saw one of our requests",
        before=acts.flood(watching="once"),
    ),
    replace(
        _CUT,
        name="cut; forged replies come in on the standby's line",
        before=acts.flood(uplink=1),
    ),
)
