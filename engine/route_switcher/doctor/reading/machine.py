"""Reads all that the checks judge."""

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.reading.network import network


async def machine(policy: Policy) -> Machine:
    """This network namespace as it is now. To be called within `trio.run`.

    Raises OSError and KernelError where the kernel refuses to tell of the network: without that
    there is nothing to say.
    """
    return Machine(network=await network(policy))
