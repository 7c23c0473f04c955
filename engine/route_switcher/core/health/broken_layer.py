"""Which layer of an uplink is broken: the first one that is probed and does not work.

Probes ask for different things. That ping works and no connection is made says more than that a
probe failed: a person looks at another place then. What a probe says is of its check's layer, or of
an earlier one where it knows better: a page that is not fetched for want of a connection is a
matter of TCP.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from route_switcher.core.vocabulary.checks import Layer
from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.text.quantities import listed

_NAMES = {
    Layer.LINK: "link",
    Layer.GATEWAY: "gateway",
    Layer.FORWARDING: "forwarding",
    Layer.ICMP: "ping",
    Layer.DNS: "DNS",
    Layer.TCP: "TCP",
    Layer.TLS: "TLS",
    Layer.HTTP: "HTTP",
    Layer.FULL_SIZE: "full size",
    Layer.PROGRAM: "program",
}
"""What a person calls them."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the latest known round of one probe says."""

    layer: Layer
    """What its check is about."""
    failed_at: Layer | None = None
    """What does not work, by this round; None: it was good."""


def said_by(event: Round, layer: Layer) -> Said:
    """What a round of a check about `layer` says; it is good or failed."""
    if event.outcome is RoundOutcome.GOOD:
        return Said(layer)
    failing = [a.layer or layer for a in event.answers if a.rtt is None and a.asked]
    return Said(layer, min(failing, default=layer))


def broken_layer(said: Iterable[Said], *, connected: bool = True) -> Layer | None:
    """The first layer that is broken; None: none of those that are probed.

    `connected`: the link carries something.
    """
    if not connected:
        return Layer.LINK
    said = tuple(said)
    works = {each.layer for each in said if each.failed_at is None}
    # Where another target proves a layer, the probe that doubts it met its own target's trouble.
    broken = [
        each.layer if each.failed_at in works else each.failed_at
        for each in said
        if each.failed_at is not None
    ]
    return min(broken, default=None)


def describe_broken(said: Iterable[Said], *, connected: bool = True) -> str:
    """The same in words, and what works beside it; empty: nothing is broken, as far as is known."""
    said = tuple(said)
    layer = broken_layer(said, connected=connected)
    if layer is None:
        return ""
    works = sorted({each.layer for each in said if each.failed_at is None} - {layer})
    if layer is Layer.LINK or not works:
        return f"{_NAMES[layer]} fails"
    verb = "works" if len(works) == 1 else "work"
    return f"{_NAMES[layer]} fails, {listed([_NAMES[each] for each in works])} {verb}"
