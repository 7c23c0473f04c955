"""The choice of the active uplink of each family.

Theory of operation
===================

There is one `FamilySelection` for each address family. Its `decide` is called after each event that
may change something, and at its `deadline`. It lets pauses and overrides end, then asks `select`, a
pure function, which uplink should be active. Five things have a memory: the start, the active
uplink, the wait while all are down, the limit on voluntary moves, and the override.

1. The start of a family (`FamilySelection.start`, `_first_selection`)
----------------------------------------------------------------------

    what the routing table has at the start         case
    a route of ours that made an uplink active      (a) restart: that uplink is active at once
    otherwise another default route (a way out)     (b) it carries the traffic meanwhile
    otherwise                                       (c) nothing carries traffic

    start --(a)--> settled: current = that uplink; the others must prove themselves
      |
      +--(b)--> waiting ---- first selection ----> settled
      +--(c)--> waiting ---- first selection ----> settled

While it waits, each `decide` asks these questions in this order, and the first yes settles:

    1. Is there an override, forced or for a healthy uplink?
       Its uplink is active.
    2. In case (c), or where the route found in (b) goes by an uplink's interface that has no link:
       is any uplink usable (link, address, next hop)?
       The most preferred usable one that is not failed is active; if all are, the most preferred.
    3. In order of preference: is an uplink eligible (see 2)?
       It is active. But in (b), until the patience is over, a usable uplink of which no round is
       known yet is waited for before a less preferred one is looked at.

* The patience is the longest `longest_break` of all probes, from the start on. `wake` is its end.
* At `wake`, if nothing is settled, one error says that no uplink answers. Each uplink with a link
  is asked at once, and then every second while it does not answer. A later yes still settles.
* After (a) all other uplinks must prove themselves (REQUIRE_RECOVERY). After (b) and (c) those that
  were passed over must: the more preferred ones, and the less preferred of which a round is known.
  It matters only to rules that are unknown. After an override nobody must.

Departing: where a reload removes the active uplink, its route stays (`departing`; `current` is
None) until another uplink is eligible, or a reload brings that very uplink back.

2. Moves (`decide`, `select`, `eligibility`)
--------------------------------------------

Each uplink has a class; 5 is the best. Traffic moves to an eligible uplink of a better class than
the active one's. If both are of class 5, it moves to the more preferred. Among eligible uplinks of
one class, one whose latest round was good comes first, then the order of preference decides.

    class                      another uplink           the active uplink
    healthy                    5                        5, also while it is unknown
    healthy, but damped        4                        4
    recovering                 3                        3
    unknown                    2                        -
    failed, not silent         1                        1
    failed, silent             0                        0
    its route is refused       not eligible             -1
    departing                  -                        -2

Another uplink is eligible if it is usable, the kernel does not refuse its routes, and

    the active uplink ...                 the other one ...
    is failed, and has no link            is not failed, or it answers; it is asked after the move
    is failed otherwise                   has a route, and has answered since the trouble began
    is not failed, or its route is        has a route, and answers
    refused, or there is none

(`eligibility`; `core.health` says under "Confirmation" what it means to answer.)

Families that move together (`families_move: together`, `moving_together`): there still is a
selection for each family, with its own routes and its own first selection. But each sees an uplink
as the worst of its families that have had a next hop: the lowest class, and eligible only if it is
in all of them. So they decide alike, at the same event. Of the active uplink, a family of which
nothing is known says nothing. An order is refused if any of its families is not healthy.

3. All down (`all_down`)
------------------------

It begins when the active uplink has failed and traffic stays on it, so also in the moments until
another has answered.

    begins          every uplink with a link, the active one too, is asked at once
    every second    those that have not answered since the trouble began are asked again
    told            one error for each trouble, once no other uplink could be moved to, even by an
                    answer from before the trouble. Where a forced override keeps the traffic, an
                    error at once instead, and again after pauses from 1 minute, doubled, to 1 hour
    ends            traffic moves, or the active uplink is not failed any more, or its route is
                    refused, or it leaves the policy

Refusing (`refusing`, if the policy says `when_all_down: unreachable`):

    begins   the active uplink is failed, or none could be selected in the first wait, and surely no
             probe of any uplink gets an answer (silent); not while a forced override keeps the
             traffic. After a restart: if the route that refuses all stands first
    ends     the latest round of any uplink is good; or a reload says `stay`

4. What is delayed, and what never (`switch_limiter`, and damping in `core.health`)
-----------------------------------------------------------------------------------

    cause of a move                                     the limiter    if the new uplink is damped
    PREFERENCE: healthy and preferred                   delays it      it is not made
    STEADIER: the active one is damped                  delays it      it is not made
    BETTER: healthy instead of recovering               delays it      only the class is lower
    RELOAD: a reload changed the order of preference    never          it is not made
    FAILOVER, FIRST_ANSWER, REFUSED, REMOVED            never          only the class is lower
    OPERATOR, START, RESTART, UNDONE                    never          no matter

The limiter remembers when traffic moved last, and the latest switches of any cause (the first
selection is none). A voluntary move waits until `min_stay` is over, and, where `switches_per_hour`
switches were made, until the oldest of these is an hour ago. A move that waits is told once for
each end of the wait. It is not kept: `select` is asked again then, and may say otherwise.

With `fail_back: manual` a PREFERENCE move waits without an end if its uplink has failed since the
engine knows it, or if traffic had left it before a restart. `Release`, or the end of an override,
lets it be made. That counts only for what can be selected then: a release while the preferred
uplink is still failed does not let the traffic return later.

An uplink that had no route since the kernel refused it counts as recovering for its stable time
afterwards, though it is healthy (see `core.routing`).

5. The operator's override (`set_override`, `select`)
-----------------------------------------------------

    Switch --+-- refused   the kernel refuses the uplink's routes, or the uplink is not healthy and
             |             the order is not forced; an override that was set before stays
             +-- set       it takes the place of the one before; one that was kept over a restart
             |             is not refused
                  |
                  +--> holds  <--> idle
                  v
                ended      its time is over; or Release; or a reload removes the uplink

* It holds if the uplink is active and not failed, or eligible and healthy. A forced one holds in
  any state. Neither holds while the kernel refuses the uplink's routes. Where it holds, its uplink
  is active, by a move that nothing delays (OPERATOR).
* While it is idle, the selection goes on as if there were none.

A drill (`drills`) is an override that knows where the traffic was before. All families of its
uplink take it, or none does. It ends early where traffic leaves its uplink. When it has ended,
nothing delays the move back, unless the uplink to return to has failed since.

`probing_speeds` and `returning` change no selection. They say how fast rounds are sent, and when
one is sent at once.
"""
