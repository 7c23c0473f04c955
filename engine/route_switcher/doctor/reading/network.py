"""Reads what the kernel says of the network."""

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.network import Network
from route_switcher.kernel.rtnetlink import link_states
from route_switcher.kernel.rtnetlink.framing import Discarded


async def network(policy: Policy) -> Network:
    """As it is now. Raises OSError and KernelError."""
    names = tuple(dict.fromkeys(uplink.interface for uplink in policy.uplinks))
    found = await link_states.read(names, policy.uplinks, Discarded())
    return Network({state.interface: state for state in found.states})
