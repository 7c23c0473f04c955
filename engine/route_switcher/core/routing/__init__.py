"""The routes that there should be, what the kernel has, and how to get from one to the other.

Theory of operation
===================

`plan` is a pure function: from how the uplinks stand (`Standing`), which one is active, and what
the kernel refuses, it makes the desired routes. Three other things have a memory, or an order that
matters.

A policy may name further prefixes (`also`). Each is planned like the default route, with the same
uplinks and for itself: a foreign route at its key concerns no other. Where all that nobody carries
is to be refused (`when_all_down`), `dead_ends_of_ours` has the routes for that.

1. The life of a refused route (`refusals`, for one family)
-----------------------------------------------------------

    Refused ---> refused ---- pause over, or a reason (below) ---> may be asked for
                  ^ |                                                 |          |
                  | +---- a reload ---> forgotten <--- it is there ---+          |
                  |                         ^                                    |
                  |                         +--- it is there (while refused)     |
                  +---------- Refused again: the next pause is doubled ----------+

    pause       30 s; 10 s where nothing leads through the uplink; doubled by each refusal of this
                route, up to 300 s
    held        another route stands at its metric. When one comes, the pause begins again. When the
                last one goes, the pause is 5 s (`FREE`)
    reasons     * the link or an address of its interface changed, or a gateway was found to be on
                  the link: at once, unless it is held
                * a foreign route that leads another way precedes the active one, and this route of
                  the active uplink was held, is free, and has a lower metric: at once
    reload      forgets it, except where a foreign route holds the metric, and except the routes of
                a departing uplink

* While a route is refused, the plan asks for another of the same uplink, one demotion (1000)
  higher; it tries three routes for each uplink (`plan._choices`).
* An uplink cannot be active if its own route is refused, and that was never held or all demoted
  ones are refused too; and only if no foreign route leads the same way (`Admission.refused`).
  Traffic leaves such an uplink for any eligible one, and never moves to it.
* A round that was sent while nothing led through its uplink stays failed if there was no link or
  address, is failed if a route was refused, and is otherwise unknown (`Admission.judge`).
* Proving: an uplink with a refused route is without a route if it cannot be active or nothing leads
  through it. When that ends, and it is not the active one, it counts as recovering for its stable
  time, even if it is healthy.
* A refused *deletion*: the plan leaves the route alone. It is asked for again after 10 s, doubled
  up to 300 s. It is forgotten when the route is gone, and by a reload.

2. Ownership: which routes of ours should be there (`ownership`)
----------------------------------------------------------------

A route is ours if it carries our protocol number. Ours are expected once the kernel has taken them.

    event            expected                                  says
    Start, Reload    what is there of ours                     -
    Applied          plus what was added, less what was        RouteLost, if what was added was
                     deleted or replaced                       expected: it had been taken away
    Routes           less what is not there (missing)          RouteLost for what is missing; and
                                                               Reconcile, if something is missing or
                                                               there is more of ours than expected

    missing --- not yet 5 times in the latest 0.5 s ---> Reconcile at once
       +------- otherwise -----------------------------> Reconcile when the first of the 5 is 0.5 s
                                                         ago, unless Applied comes before

The same holds for more than expected, counted apart, so that who adds routes as ours without end
does not keep the engine busy. Where a reconcile has left some that should go, because they were too
many (below), the next one is 0.1 s later (`REMOVAL_PAUSE`), or three times what that one took
(5 s at most). It is sooner if a route that is more than expected leads traffic astray
(`diff.lead_astray`): then only the 0.1 s and the limit above count.

What was lost within the minute before as well is lost again and again (`losses`): one notice tells
of all such routes, another of all such rules, and a reminder after 1, 2, 4 … minutes. Each single
loss, and what only puts it back, is then told at level debug. Foreign routes in the way
(`conflicts`) and traffic that goes astray (`ways`) are told by the same law, and their end when it
has lasted for a minute (`core/recurring`).

Rules are expected in their order: if one is missing, or the order is another, they are put right
under the same two limits.

3. Reconcile (`reconcile`, `diff`)
----------------------------------

Two generators that ask for one thing at a time. The daemon and the virtual world carry it out, and
send back what came of it.

    read the default routes
      v
    additions, from the lowest metric up: desired, possible, and not there
      v
    read again, if anything was to be added
      v
    deletions in the table of the traffic (below)
      v
    rules (`rule_plan`, `rule_list`), if any are there or should be: read; added after the routes
      |   that they lead to were seen; read again. After a refused one the rest is left as it is.
      |   Nothing is done while the active route is possible and was not seen
      v
    deletions in other tables: when no rule of ours leads all traffic there, and the uplink has a
      |   route in the table of the traffic
      v
    Reconciled: what was done, what was refused

In the table of the traffic go, first what stands before the active route, then what stands behind
it, each from the highest metric down, and 32 of a family for each destination at most: routes of
ours that are not desired, if

* it is a dead end, or of a prefix that the policy does not name; or
* the route that takes its place was seen; or
* the active route was seen, and this one does not stand behind it, or is of no uplink.

Nothing is deleted while the active route is possible and was not seen.

One refused action does not stop the others. The engine is told of all of them (`Refused`,
`Applied`). If the plan changed by that, `Convergence` begins once more, 5 times in a row at most.
It begins when the plan has changed, or when it is asked to (`Reconcile`).
"""
