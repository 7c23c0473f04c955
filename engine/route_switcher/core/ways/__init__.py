"""The ways that packets take: what the kernel would do with them, and what the plan means.

Theory of operation
===================

Default routes of a table are not all that decides a packet's way. Rules choose the table, routes
to a host or a network come before the default, a filter may drop what comes back. So the kernel is
asked (RTM_GETROUTE), and its answers are compared with the plan.

1. What is asked (`questions`)
------------------------------

    question                    for                                     what it decides
    a bound probe               each uplink, each of its targets        whether the rounds count
    the same, with redirects    each uplink with a gateway              whether the rounds count
    the answer to it            each IPv4 uplink, one target            whether the rounds count
    own traffic, own connection each target                             where the traffic goes
    forwarded traffic           each target, each network that is       where the traffic goes
                                forwarded and is of no uplink

A target by name is asked about at the address that it had in the latest round through that uplink
(`named_addresses`); a new address is asked about at once (`AskWays`).

2. What an answer means (`comparison`)
--------------------------------------

    the kernel would send the packet ...                     a probe's       the traffic's
    through the interface and gateway that are meant         right           right
    to a neighbour, in a network of that interface           right           (says nothing)
    by the right gateway, but a default route of a table     right           wrong
    that is not the plan's
    through another gateway on the right interface           wrong           wrong
    through another uplink of the policy                     wrong           wrong
    from an address of another uplink                        wrong           right
    nowhere (an error)                                       wrong           wrong
    through an interface that is no uplink (a VPN)           wrong           elsewhere: told once

A probe through the right gateway says the truth about its uplink, whichever table led it there.
Traffic by a table that is not ours will not follow the next switch.

3. What follows (`probe_ways`, `traffic_ways`)
----------------------------------------------

* A target whose way is wrong is not asked through that uplink (`LeaveOut`), and counts as one that
  could not be asked: the round is unknown if too few are left. A round under way that has asked it
  is unknown. A person is told once, with what stands in between and a command that removes it
  (`obstacles`), and once when the way is right again.
* Where the traffic goes another way than the selection, that is a warning at once, and again after
  pauses from 1 minute, doubled, to 1 hour. Until it is right again, decisions and what is said
  while all is down say so too. After each switch the next answers confirm it, or contradict.
* The traffic is judged only while the plan's route was seen in the table and its link is
  connected: otherwise there is nothing that the answer could be held against.
* A rule for some sources only is somebody's intention. What it leads elsewhere is told at info.

The driver asks after each change of ours, on news of the kernel, and once a minute; `Ways` brings
the answers. Virtual time asks nothing: its kernel does what the plan says.
"""
