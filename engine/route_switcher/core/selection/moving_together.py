"""An uplink whose families move together is as good as the worst of them."""

from collections.abc import Sequence
from dataclasses import replace

from route_switcher.core.selection.select import Candidate, class_of
from route_switcher.core.vocabulary.states import UplinkState


def worst_of(own: Candidate, others: Sequence[Candidate], *, current: bool) -> Candidate:
    """What the selection of one family sees of an uplink, from what each of its families says.

    `current`: it is the active uplink. Then a family of which nothing is known says nothing.
    """
    every = [own, *others]
    known = [each for each in every if each.state is not UplinkState.UNKNOWN]
    worst = min(known if current and known else every, key=class_of)
    return replace(
        worst,
        eligible=all(each.eligible for each in every),
        refused=any(each.refused for each in every),
        damped=any(each.damped for each in every),
        silent=any(each.silent and each.state is UplinkState.FAILED for each in every),
        answers=all(each.answers for each in every),
        ever_failed=any(each.ever_failed for each in every),
    )
