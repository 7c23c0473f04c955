"""A history as JSON has it: `schemas/history.schema.json` describes it."""

from datetime import datetime

from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.past.account import Account
from route_switcher.past.history import History
from route_switcher.past.outages import Outage
from route_switcher.past.switches import Switch

VERSION = 1
"""Of the document. A later one may have more keys; whatever else changes is another version."""


def history_document(history: History, uplink: str | None = None) -> dict[str, object]:
    """All of it, or what is about the uplink of that name. Times are local, durations seconds."""
    account = history.account
    return {
        "version": VERSION,
        "since": stamp(account.since),
        "until": stamp(account.until),
        "families": [_family(family, account) for family in account.families],
        "switches": [_switch(each, account) for each in history.switches if is_about(each, uplink)],
        "outages": [
            _outage(each) for each in account.outages if uplink is None or uplink in each.uplinks
        ],
        "uplinks": [
            _uplink(each, history) for each in account.uplinks if uplink in (None, each.name)
        ],
        "unwatched": [
            {
                "begins": stamp(gap.begins),
                "ends": stamp(gap.ends),
                "seconds": _seconds(gap.ends - gap.begins),
                "reason": gap.reason,
            }
            for gap in account.gaps
        ],
        "damaged_bytes": history.damaged,
    }


def is_about(switch: Switch, uplink: str | None) -> bool:
    """Whether it is a switch to this uplink or away from it; None: to any."""
    return uplink is None or uplink in (switch.decision.previous, switch.decision.selected)


def stamp(at: float) -> str:
    """To the millisecond, with the offset of the zone."""
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="milliseconds")


def _family(family: Family, account: Account) -> dict[str, object]:
    spans = [active for active in account.actives if active.family is family]
    last = spans[-1] if spans and spans[-1].then is None else None
    return {
        "family": str(family),
        "active": None if last is None else last.uplink,
        "since": None if last is None or last.begins <= account.since else stamp(last.begins),
    }


def _switch(switch: Switch, account: Account) -> dict[str, object]:
    decision = switch.decision
    return {
        "at": stamp(switch.decided),
        "family": str(decision.family),
        "previous": decision.previous,
        "selected": decision.selected,
        "cause": decision.cause.name.lower(),
        "why": decision.cause.value,
        "drill": account.drill(switch.decided, decision.family),
        "rules": list(decision.rules),
        "evidence": list(decision.evidence),
        "lost": _stamp(switch.lost),
        "detected": _stamp(switch.detected),
        "acted": _stamp(switch.acted),
        "answered": _stamp(switch.answered),
    }


def _outage(outage: Outage) -> dict[str, object]:
    return {
        "begins": stamp(outage.begins),
        "ends": stamp(outage.ends),
        "seconds": _seconds(outage.seconds),
        "lasting": outage.lasting,
        "family": str(outage.family),
        "uplinks": list(outage.uplinks),
        "reason": outage.reason,
        "apart": outage.apart,
    }


def _uplink(uplink: UplinkId, history: History) -> dict[str, object]:
    account, sums = history.account, history.figures(uplink)
    return {
        "uplink": uplink.name,
        "family": str(uplink.family),
        "active_seconds": _seconds(account.active_seconds(uplink)),
        "watched_seconds": _seconds(account.watched(uplink)),
        "without_service_seconds": _seconds(account.without_service(uplink)),
        "availability": account.availability(uplink),
        "failures": history.failures(uplink),
        "rounds": sums.known,
        "rounds_failed": sums.failed,
        "rounds_unknown": sums.unknown,
        "loss": sums.loss,
        "rtt_median_seconds": _digits(sums.quantile(0.5)),
        "rtt_p95_seconds": _digits(sums.quantile(0.95)),
    }


def _stamp(at: float | None) -> str | None:
    return None if at is None else stamp(at)


def _seconds(value: float) -> float:
    return round(value, 3)


def _digits(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")
