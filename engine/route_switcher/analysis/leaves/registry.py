"""The analysis of each leaf. A leaf that has none is an error for the type checker here."""

from typing import assert_never

from route_switcher.analysis.leaves.base import FailAnalysis, LeafAnalysis, RecoverAnalysis
from route_switcher.analysis.leaves.beyond import BeyondAnalysis
from route_switcher.analysis.leaves.carrier_down import CarrierDownAnalysis
from route_switcher.analysis.leaves.carrier_up import CarrierUpAnalysis
from route_switcher.analysis.leaves.consecutive_failures import ConsecutiveFailuresAnalysis
from route_switcher.analysis.leaves.consecutive_successes import ConsecutiveSuccessesAnalysis
from route_switcher.analysis.leaves.next_hop_absent import NextHopAbsentAnalysis
from route_switcher.analysis.leaves.within import WithinAnalysis
from route_switcher.core.vocabulary.conditions import (
    Beyond,
    CarrierDown,
    CarrierUp,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    FailLeaf,
    Leaf,
    NextHopAbsent,
    RecoverLeaf,
    Within,
)


def analysis_of(leaf: Leaf) -> LeafAnalysis:
    """What a leaf says of itself."""
    return fail_analysis(leaf) if isinstance(leaf, FailLeaf) else recover_analysis(leaf)


def fail_analysis(leaf: Leaf) -> FailAnalysis:
    """What a leaf of a fail condition means. Raises `TypeError` for another one."""
    if isinstance(leaf, RecoverLeaf):
        raise TypeError(f"not a fail condition: {leaf}")
    match leaf:
        case ConsecutiveFailures():
            return ConsecutiveFailuresAnalysis(leaf)
        case Beyond():
            return BeyondAnalysis(leaf)
        case CarrierDown():
            return CarrierDownAnalysis(leaf)
        case NextHopAbsent():
            return NextHopAbsentAnalysis(leaf)
        case _:
            assert_never(leaf)


def recover_analysis(leaf: Leaf) -> RecoverAnalysis:
    """What a leaf of a recover condition means. Raises `TypeError` for another one."""
    if isinstance(leaf, FailLeaf):
        raise TypeError(f"not a recover condition: {leaf}")
    match leaf:
        case ConsecutiveSuccesses():
            return ConsecutiveSuccessesAnalysis(leaf)
        case Within():
            return WithinAnalysis(leaf)
        case CarrierUp():
            return CarrierUpAnalysis(leaf)
        case _:
            assert_never(leaf)
