"""The report for programs: times as ISO 8601 with their offset, lengths in seconds."""

from collections.abc import Sequence

from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.journal.summary import Sums
from route_switcher.past.account import Account
from route_switcher.past.troubles import Trouble
from route_switcher.reporting.clock import iso
from route_switcher.reporting.lists import moves_of, outages_of


def as_data(account: Account, only: Sequence[UplinkId]) -> dict[str, object]:
    """All of it, about these uplinks. `schemas/report.schema.json` describes it."""
    return {
        "version": 1,
        "since": iso(account.since),
        "until": iso(account.until),
        "seconds": _seconds(account.seconds),
        "uplinks": [_uplink(account, its) for its in only],
        "outages": [
            {
                **_span(outage.begins, outage.ends),
                "family": str(outage.family),
                "uplinks": list(outage.uplinks),
                "reason": outage.reason,
                "apart": outage.apart or None,
                "then": None if outage.then is None else outage.then.selected,
                "lasting": outage.lasting,
            }
            for outage in outages_of(account, only)
        ],
        "switches": [
            {
                "at": iso(move.at),
                "family": str(move.decision.family),
                "from": move.decision.previous,
                "to": move.decision.selected,
                "cause": move.decision.cause.value,
                "drill": account.drill(move.at, move.decision.family),
                "rules": list(move.decision.rules),
                "evidence": list(move.decision.evidence),
            }
            for move in moves_of(account, only)
        ],
        "gaps": [{**_span(gap.begins, gap.ends), "reason": gap.reason} for gap in account.gaps],
    }


def _uplink(account: Account, its: UplinkId) -> dict[str, object]:
    availability = account.availability(its)
    return {
        "uplink": its.name,
        "family": str(its.family),
        "watched_seconds": _seconds(account.watched(its)),
        "without_service_seconds": _seconds(account.without_service(its)),
        "availability": None if availability is None else round(availability, 6),
        "active_seconds": _seconds(account.active_seconds(its)),
        "probes": [
            _probe(probe, sums) for (other, probe), sums in account.sums.items() if other == its
        ],
        "troubles": [_trouble(trouble) for trouble in account.troubles_of(its)],
    }


def _probe(probe: str, sums: Sums) -> dict[str, object]:
    median, most = sums.quantile(0.5), sums.quantile(0.95)
    return {
        "probe": probe,
        "rounds": {"good": sums.good, "failed": sums.failed, "unknown": sums.unknown},
        "loss": None if sums.loss is None else round(sums.loss, 6),
        "rtt_median_seconds": None if median is None else round(median, 6),
        "rtt_95_seconds": None if most is None else round(most, 6),
    }


def _trouble(trouble: Trouble) -> dict[str, object]:
    return {
        **_span(trouble.begins, trouble.ends),
        "kind": trouble.kind.value,
        "counts": trouble.counts,
        "reason": trouble.reason,
        "apart": trouble.apart or None,
        "probes": [
            {"probe": seen.probe, "failed_rounds": seen.rounds, "reason": seen.reason}
            for seen in trouble.seen_by
        ],
        "lasting": trouble.lasting,
    }


def _span(begins: float, ends: float) -> dict[str, object]:
    return {"begin": iso(begins), "end": iso(ends), "seconds": _seconds(ends - begins)}


def _seconds(value: float) -> float:
    return round(value, 3)
