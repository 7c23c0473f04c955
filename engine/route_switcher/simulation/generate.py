"""Networks drawn at random, from a seed and the kinds of their lines."""

from collections.abc import Mapping

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.simulation.episodes import Flapping, RandomEpisodes, Union
from route_switcher.simulation.line_profiles import DEFAULT_KIND, KINDS, LineKind, TargetKind
from route_switcher.simulation.network import Brownout, Network, WanLine

_FLAP_DOWN, _FLAP_UP = 4.0, 8.0
"""Seconds that a flapping line is down and up, on average."""


def generate(
    policies: tuple[Policy, ...], kinds: Mapping[str, LineKind], targets: TargetKind, seed: int
) -> Network:
    """The network behind the uplinks of all `policies`; those not in `kinds` get `DEFAULT_KIND`.

    What befalls an uplink depends on its name, its kind and `seed` only. Uplinks that share an
    interface share the line of the first of them.
    """
    lines: dict[str, WanLine] = {}
    for policy in policies:
        by_interface: dict[str, WanLine] = {}
        for uplink in policy.uplinks:
            line = _line(f"{seed}/{uplink.name}", kinds.get(uplink.name, KINDS[DEFAULT_KIND]))
            line = by_interface.setdefault(uplink.interface, line)
            lines.setdefault(uplink.name, line)
    asked = {
        target
        for policy in policies
        for probe in policy.probes
        for family in policy.families
        for target in probe.targets_for(family)
        if not target.is_of_uplink
    }
    courses = {
        target: RandomEpisodes(f"{seed}/{target}/outages", targets.outages, targets.outage_length)
        for target in sorted(asked, key=str)
    }
    return Network(lines, courses, seed)


def _line(seed: str, kind: LineKind) -> WanLine:
    outages = RandomEpisodes(f"{seed}/outages", kind.outages, kind.outage_length)
    flaps = RandomEpisodes(f"{seed}/flaps", kind.flaps, kind.flap_length)
    return WanLine(
        latency=kind.latency,
        loss=kind.loss,
        dead=Union((outages, Flapping(f"{seed}/flapping", flaps, _FLAP_DOWN, _FLAP_UP))),
        unplugged=RandomEpisodes(f"{seed}/unplugs", kind.unplugs, kind.unplug_length),
        brown=RandomEpisodes(f"{seed}/brown-outs", kind.brownouts, kind.brownout_length),
        brownout=Brownout(kind.brownout_loss, kind.brownout_latency, kind.brownout_jitter),
    )
