"""The next hop of each uplink: written in the policy, learned from the routes of others, or none.

Theory of operation
===================

There is one `HopInUse` for each uplink in a family. Two things have a memory: which next hop is in
use, and since when something is absent. It is told of others' default routes and of the link, and
judges both together.

1. Which next hop is in use
---------------------------

    gateway: ADDRESS   that address, always
    gateway: none      the device alone, always
    gateway: auto      learned; before any was, the one of a route of ours that is found at the
                       start ("from before the restart")

`choice` says which of those that others tell of can be used: of this interface and family, while
there is an address of the family; not by 169.254.0.0/16; without a gateway only where the link has
but one other end. The best one has the highest router preference (RFC 4191), then the lowest
metric.

    told of                              in use
    the same, perhaps among others       the same: nothing changes, nothing is said
    others only                          the best of them, at once. The new route is added before
                                         the old one is deleted. Health, windows and name stay
    none                                 the same, until it is gone (see 2)

2. What is absent
-----------------

    present --- no next hop, or no address ---> absent --- 1 s (`ABSENCE`) ---> gone
       ^                                          |                              |
       +------------- it is back ----------------+------------------------------+

* Absent: rounds say nothing (unknown), and traffic is not moved here. Clients that renew a lease
  may delete all and add it again.
* Gone: the rule about the next hop fails (`Policy.next_hop_rules`), whatever other rules say.
  Traffic leaves without a newer answer of another uplink, as from a lost link.
* While the link is down or missing nothing is absent: that is the business of the rule about the
  link. Without a carrier it can be.
* Gone ends the use of a learned next hop: of IPv6 always, of IPv4 with the address. An IPv4 lease
  that names no router any more keeps the old route, so that probes can go on.
* The kernel drops IPv4 routes with a link that is set down, and the address stays. Then nobody
  tells of the next hop, and it holds all the same, as does one from before the restart: until
  another is told of, or no address is left of those that it came with.
* Rounds that were sent before a change, or before the end of an absence, say nothing.
* An uplink that has had no next hop since the engine started is unknown, not failed, and need not
  prove itself when it gets one. If it is one of several families of an uplink, it is in no
  selection until then (`UplinkHealth.dormant`).

3. Several routers
------------------

The one in use stays while it is told of and the uplink works. When the uplink has failed, the
traffic moves as always. Then the next router is tried, and if it answers, the uplink recovers by
it. Where no other uplink can take the traffic, it is tried at once.

    failed, and a round failed through the one in use --- pause over ---> the next one is in use

The pause is 5 s, doubled with each try up to 60 s. A good round ends it. A person is told of each
router once, until a round is good.
"""
