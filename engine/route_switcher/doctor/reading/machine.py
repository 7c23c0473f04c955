"""Reads all that the checks judge."""

import os

import trio

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.ours import absent_routes, absent_rules
from route_switcher.doctor.reading.firewall import firewall
from route_switcher.doctor.reading.interfaces import interfaces
from route_switcher.doctor.reading.leases import leased_routers
from route_switcher.doctor.reading.network import network
from route_switcher.doctor.reading.resolvers import resolvers
from route_switcher.doctor.reading.settings import settings
from route_switcher.doctor.reading.writers import writers
from route_switcher.kernel.host import lock_name

_SETTLED = 1.0
"""Seconds in which an engine that runs puts back what somebody has just taken away."""


async def machine(policy: Policy) -> Machine:
    """This network namespace as it is now. To be called within `trio.run`.

    Raises OSError and KernelError where the kernel refuses to tell of the network: without that
    there is nothing to say.
    """
    read = await network(policy)
    runs = _engine_runs()
    if runs and (absent_routes(read, policy) or absent_rules(read, policy)):
        await trio.sleep(_SETTLED)
        read = await network(policy)
    names = {link.own_name for link in read.links.values()}
    names |= {address.interface for address in read.addresses} - set(read.links)
    return Machine(
        network=read,
        settings=settings(names),
        leases=leased_routers(),
        engine_runs=runs,
        interfaces=await interfaces(),
        firewall=firewall(),
        resolvers=await resolvers(),
        writers=writers(),
    )


def _engine_runs() -> bool:
    """Who is not root cannot always tell whether it may be an engine that holds the name."""
    holder = lock_name.holder()
    return holder is not None and (holder.counts or os.geteuid() != 0)
