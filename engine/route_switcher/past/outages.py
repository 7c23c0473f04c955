"""What users saw: the uplink that carried the traffic was without service."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.past.selections import Active
from route_switcher.past.troubles import Kind, Trouble


@dataclass(frozen=True, slots=True)
class Outage:
    """Users of `family` saw no service from `begins` to `ends`.

    `uplinks` carried the traffic meanwhile, in that order. `then` is the decision that ended it;
    None: the line came back, or it was still so at the end. `apart` says why no provider is to be
    asked: an order had the traffic there, or the interface was down on this machine.
    """

    family: Family
    begins: float
    ends: float
    uplinks: tuple[str, ...]
    reason: str
    then: Decision | None = None
    apart: str = ""
    lasting: bool = False

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.ends - self.begins


def outages(actives: Sequence[Active], troubles: Iterable[Trouble]) -> list[Outage]:
    """All of them, in order."""
    of_uplink: dict[UplinkId, list[Trouble]] = {}
    for trouble in troubles:
        if trouble.kind is Kind.NO_SERVICE:
            of_uplink.setdefault(trouble.uplink, []).append(trouble)
    found = [
        outage
        for active in actives
        for outage in _within(active, of_uplink.get(UplinkId(active.uplink, active.family), []))
    ]
    found.sort(key=lambda outage: (outage.family.value, outage.begins))
    return list(_joined(found))


def _within(active: Active, troubles: Iterable[Trouble]) -> Iterator[Outage]:
    for trouble in troubles:
        begins, ends = max(active.begins, trouble.begins), min(active.ends, trouble.ends)
        if begins < ends:
            yield Outage(
                active.family,
                begins,
                ends,
                (active.uplink,),
                trouble.reason,
                active.then if active.ends <= trouble.ends else None,
                active.order or trouble.apart,
                trouble.lasting and active.ends >= trouble.ends,
            )


def _joined(found: Iterable[Outage]) -> Iterator[Outage]:
    """What goes on behind another uplink, or for another reason, is one outage."""
    last: Outage | None = None
    for outage in found:
        goes_on = (
            last is not None
            and last.family is outage.family
            and outage.begins <= last.ends
            and bool(outage.apart) == bool(last.apart)
        )
        if last is not None and goes_on:
            uplinks = tuple(dict.fromkeys((*last.uplinks, *outage.uplinks)))
            last = replace(
                last,
                ends=max(last.ends, outage.ends),
                uplinks=uplinks,
                then=outage.then,
                lasting=outage.lasting,
            )
            continue
        if last is not None:
            yield last
        last = outage
    if last is not None:
        yield last
