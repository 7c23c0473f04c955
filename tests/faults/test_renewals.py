"""Fifty renewals, each with another router, under a stream and looks at the table every
millisecond. A row of the table of faults has a few."""

from pathlib import Path

import pytest

from faults.acts_next_hops import leased, renew
from faults.bench import bench
from faults.lines import LEASED
from faults.policy import Settings
from faults.row import A_MOMENT
from route_switcher.core.vocabulary.policy import MAIN_TABLE, OWN_TABLE
from support.table_poll import TablePoll

pytestmark = [pytest.mark.kernel, pytest.mark.slow]

RENEWALS = 50


def test_no_renewal_costs_a_packet_or_a_failover(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with bench(tmp_path, Settings(lines=LEASED)) as running:
        since, index = running.engine.now, leased(running).line.index
        with TablePoll(running.lab) as poll:
            for number in range(RENEWALS):
                renew((number + 1) % 2)(running)
        assert running.moves(since) == ()
        running.stream.stop()
        outage = running.stream.outage()
    theirs, ours = (sorted(poll.gaps(t, index)) for t in (MAIN_TABLE, OWN_TABLE))
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{RENEWALS} renewals, {len(poll.looks):,} looks: {outage.lost} of {outage.sent:,}"
            f" packets lost; the client's own route was away {len(theirs)} times, at most"
            f" {1000 * max(theirs, default=0.0):.1f} ms; ours {len(ours)} times"
        )
    assert poll.lacking(OWN_TABLE) == 0
    assert ours == []
    assert outage.lost <= A_MOMENT
