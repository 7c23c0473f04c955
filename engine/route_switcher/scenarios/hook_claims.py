"""What a scenario expects of hooks: which were due, and what they were told.

A hook counts as run once, however many programs the policy has for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from route_switcher.core.vocabulary.hooks import HookKind
from route_switcher.core.vocabulary.moments import HookUplink, Moment
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import Span
from route_switcher.policy.yaml.reader import Path
from route_switcher.scenarios.names import NONE, Names
from route_switcher.scenarios.reasons import check_reason, reason_word
from route_switcher.text.durations import clock

_FAMILIES = {"ipv4": Family.IPV4, "ipv6": Family.IPV6}


@dataclass(frozen=True, slots=True)
class HookClaim:
    """One hook, as it is expected; None: anything will do."""

    kind: HookKind
    uplink: str | None = None
    previous: str | None = None
    reason: str | None = None
    family: Family | None = None

    def fits(self, moment: Moment) -> bool:
        """Whether a hook that was due is this one."""
        return (
            self.kind is moment.kind
            and self.family in (None, moment.family)
            and self.uplink in (None, _name(moment.uplink))
            and self.previous in (None, _name(moment.previous))
            and self.reason in (None, *_reasons(moment))
        )

    def __str__(self) -> str:
        family = None if self.family is None else str(self.family)
        return _words(self.kind, self.previous, self.uplink, self.reason, family)


@dataclass(frozen=True, slots=True)
class HooksAre:
    """These hooks were due last, or in a stretch of time these and no others."""

    span: Span
    hooks: tuple[HookClaim, ...]


def describe_claims(claims: Iterable[HookClaim]) -> str:
    """What is expected, in words."""
    return " and ".join(map(str, claims)) or "no hook"


def describe_moment(moment: Moment) -> str:
    """A hook that was due, in words."""
    uplink: str | None = _name(moment.uplink)
    previous: str | None = _name(moment.previous)
    if moment.kind is not HookKind.ON_SWITCH:
        previous = None
    if moment.kind in (HookKind.ON_ALL_DOWN, HookKind.ON_ALL_UP):
        uplink = None
    words = _words(moment.kind, previous, uplink, None, str(moment.family))
    return f"{words} at {clock(moment.at)}"


def unexpected(
    claims: Sequence[HookClaim], moments: Sequence[Moment], *, all_of_them: bool
) -> Moment | str:
    """What is not as expected: a hook that was due, or words; empty if all is. The order counts
    for hooks of one kind. Without `all_of_them`, only the latest of each kind are looked at."""
    if not all_of_them and not claims and moments:
        return moments[0]
    for kind in HookKind:
        wanted = [claim for claim in claims if claim.kind is kind]
        found = [moment for moment in moments if moment.kind is kind]
        latest = found if all_of_them else found[len(found) - len(wanted) :]
        if not all_of_them and len(found) < len(wanted):
            latest = found
        for claim, moment in zip(wanted, latest, strict=False):
            if not claim.fits(moment):
                return moment
        if len(latest) > len(wanted):
            return latest[len(wanted)]
        if len(latest) < len(wanted):
            return f"{wanted[len(latest)]} was not due"
    return ""


def read_hook_claims(findings: Findings, path: Path, names: Names) -> Iterator[HooksAre]:
    """What is expected of hooks at `path`; reports what is wrong with it."""
    if path not in findings.document.values or not findings.sound(path):
        return
    claims = [_read(findings, inner, names) for inner in findings.items(path)]
    if all(claim is not None for claim in claims):
        sound = tuple(claim for claim in claims if claim is not None)
        yield HooksAre(findings.document.values[path], sound)


def _read(findings: Findings, path: Path, names: Names) -> HookClaim | None:
    (of_kind,) = findings.entries(path)
    kind = HookKind(of_kind[-1])
    if kind not in names.hooks:
        findings.report(
            "unknown-hook",
            of_kind,
            f"the policy runs no program {kind.value}",
            f"write one in its 'hooks', or expect one of: {_listed(names)}",
            on_key=True,
        )
        return None
    said = {str(inner[-1]): inner for inner in findings.entries(of_kind)}
    values = {key: str(findings.get(inner)) for key, inner in said.items()}
    for key in ("uplink", "from", "to"):
        nobody = key == "from" and values.get(key) == NONE
        if key not in said or nobody:
            continue
        if not names.check_uplink(findings, said[key], values[key], on_key=False):
            return None
    if "reason" in said and not check_reason(findings, said["reason"], values["reason"], names):
        return None
    return HookClaim(
        kind,
        values.get("uplink", values.get("to")),
        values.get("from"),
        values.get("reason"),
        _FAMILIES.get(values.get("family", "")),
    )


def _listed(names: Names) -> str:
    return ", ".join(kind.value for kind in HookKind if kind in names.hooks) or "none"


def _name(uplink: HookUplink | None) -> str:
    return NONE if uplink is None else uplink.uplink.name


def _reasons(moment: Moment) -> tuple[str, ...]:
    cause = () if moment.cause is None else (reason_word(moment.cause),)
    return (*cause, *moment.rules)


def _words(
    kind: HookKind,
    previous: str | None,
    uplink: str | None,
    reason: str | None,
    family: str | None,
) -> str:
    switch = kind is HookKind.ON_SWITCH
    words = [kind.value]
    if previous is not None:
        words.append(f"from {previous}")
    if uplink is not None:
        words.append(f"to {uplink}" if switch else f"of {uplink}")
    if reason is not None:
        words.append(f"for {reason}")
    if family is not None:
        words.append(f"({family})")
    return " ".join(words)
