"""Reads the packet filter: by nft, and by iptables where that has written it.

Nothing is loaded for it: iptables-legacy is asked only where the kernel has its tables, and
iptables-nft only where nft shows tables of it, or is missing.
"""

from pathlib import Path

from route_switcher.doctor.firewall.iptables_save import iptables_chains
from route_switcher.doctor.firewall.nft_json import (
    WRITER,
    Devices,
    NotUnderstood,
    nft_devices,
    nft_rules,
)
from route_switcher.doctor.firewall.ruleset import Chain, Firewall, Hook
from route_switcher.doctor.reading.programs import installed, said
from route_switcher.doctor.unread import Unread

_LEGACY_TABLES = {
    "ip": Path("/proc/self/net/ip_tables_names"),
    "ip6": Path("/proc/self/net/ip6_tables_names"),
}
_PROGRAM = {"ip": "iptables", "ip6": "ip6tables"}


def firewall() -> Firewall | Unread:
    """All chains of this network namespace."""
    chains: list[Chain] = []
    by_iptables = {"ip", "ip6"}
    if installed("nft"):
        text = said("nft", "-j", "list", "ruleset")
        if isinstance(text, Unread):
            return text
        try:
            found = nft_rules(text, _devices(text))
        except NotUnderstood as error:
            return Unread(f"what nft prints is not understood: {error}")
        chains += found.chains
        by_iptables &= found.by_iptables
    elif not installed("iptables-nft-save") and not any(map(_legacy, _LEGACY_TABLES)):
        return Unread("nft is not installed")
    for family in ("ip", "ip6"):
        variants = ["nft"] * (family in by_iptables) + ["legacy"] * _legacy(family)
        for variant in variants:
            program = f"{_PROGRAM[family]}-{variant}"
            text = said(f"{program}-save")
            if isinstance(text, Unread):
                return text
            told = iptables_chains(text, program, family)
            if variant == "nft":
                again = {chain.id._replace(writer=WRITER) for chain in told}
                chains = [chain for chain in chains if chain.id not in again]
            chains += told
    return Firewall({chain.id: chain for chain in chains})


def _devices(text: str) -> Devices:
    if not any(f'"{hook.value}"' in text for hook in (Hook.INGRESS, Hook.EGRESS)):
        return {}
    told = said("nft", "list", "chains")
    return {} if isinstance(told, Unread) else nft_devices(told)


def _legacy(family: str) -> bool:
    """Whether the kernel has tables of iptables-legacy; only root may read that."""
    try:
        return bool(_LEGACY_TABLES[family].read_text().strip())
    except OSError:
        return False
