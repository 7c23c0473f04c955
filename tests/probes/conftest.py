"""What the tests of probes have in common."""

from typing import Any

import pytest

from route_switcher.core.probing.round import RoundTally

_PATIENCE = 60.0


@pytest.fixture
def however_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A round that got no answer has failed, though this machine stood still meanwhile for longer
    than the timeout: a busy one does, now and then, for longer than the short ones of tests."""
    delay = RoundTally._delay

    def only_long_ones(tally: RoundTally[Any], now: float) -> float:
        return delay(tally, now) - _PATIENCE

    monkeypatch.setattr(RoundTally, "_delay", only_long_ones)
