"""A row about traffic that is refused while no uplink answers."""

from faults import acts
from faults.bench import Bench, wait_until
from faults.policy import Settings
from faults.row import A_MOMENT, Row, Step
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER
from support.refused_senders import REFUSED, error_at
from support.tables import route_taken


def _cut_all(bench: Bench) -> None:
    """Programs here get an error then, and need not wait. The client's stream takes all the errors
    that the kernel sends there in a second: `test_refusing_traffic` asks about those."""
    acts.cut("primary", "secondary")(bench)
    wait_until(lambda: route_taken(bench.lab) is None, "traffic to be refused")
    assert error_at(bench.lab, ROUTER, Family.IPV4) in REFUSED


ROWS_REFUSING = (
    Row(
        "all lines cut, `when_all_down: unreachable`",
        Step(
            _cut_all,
            "stays, and senders get an error at once",
            taken=None,
            routes=frozenset({("eth0", 10), ("eth1", 1020)}),
            says=(("notice", "traffic is refused as unreachable"),),
            flows=False,
        ),
        # The one that answers first is used, until the preferred one is stable.
        Step(acts.cut(), "primary in the end", moves=None, lost=A_MOMENT + 300),
        settings=Settings(refuse=True),
    ),
)
