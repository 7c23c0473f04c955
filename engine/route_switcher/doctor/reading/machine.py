"""Reads all that the checks judge."""

import os
from pathlib import Path

import trio

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.ours import absent_routes, absent_rules
from route_switcher.doctor.reading.access import access
from route_switcher.doctor.reading.connections import connections
from route_switcher.doctor.reading.engine import engine
from route_switcher.doctor.reading.firewall import firewall
from route_switcher.doctor.reading.interfaces import interfaces
from route_switcher.doctor.reading.leases import leased_routers
from route_switcher.doctor.reading.network import network
from route_switcher.doctor.reading.resolvers import resolvers
from route_switcher.doctor.reading.settings import settings
from route_switcher.doctor.reading.writers import writers

_SETTLED = 1.0
"""Seconds in which an engine that runs puts back what somebody has just taken away."""


async def machine(policy: Policy, file: Path | None) -> Machine:
    """This network namespace as it is now; `file` is that of the policy, None: it comes with the
    program. To be called within `trio.run`.

    Raises OSError and KernelError where the kernel refuses to tell of the network: without that
    there is nothing to say.
    """
    read = await network(policy)
    found = engine()
    if found.runs and (absent_routes(read, policy) or absent_rules(read, policy)):
        await trio.sleep(_SETTLED)
        read = await network(policy)
    names = {link.own_name for link in read.links.values()}
    names |= {address.interface for address in read.addresses} - set(read.links)
    return Machine(
        network=read,
        settings=settings(names),
        leases=leased_routers(),
        engine=found,
        interfaces=await interfaces(),
        firewall=firewall(),
        connections=connections(),
        resolvers=await resolvers(),
        writers=writers(),
        access=access(file),
        kernel=f"{os.uname().sysname} {os.uname().release}",
    )
