"""Reads all that the checks judge."""

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.reading.leases import leased_routers
from route_switcher.doctor.reading.network import network
from route_switcher.doctor.reading.settings import settings
from route_switcher.kernel.host import lock_name


async def machine(policy: Policy) -> Machine:
    """This network namespace as it is now. To be called within `trio.run`.

    Raises OSError and KernelError where the kernel refuses to tell of the network: without that
    there is nothing to say.
    """
    read = await network(policy)
    interfaces = {link.own_name for link in read.links.values()}
    interfaces |= {address.interface for address in read.addresses} - set(read.links)
    holder = lock_name.holder()
    return Machine(
        network=read,
        settings=settings(interfaces),
        leases=leased_routers(),
        engine_runs=holder is not None and holder.counts,
    )
