"""What happened, from a journal: how each line was, what users saw, and when nothing is known.

`accountant.account` reads the entries of a journal once, and gives an `Account`. Blocks that have
only good rounds are left out (`Journal.entries(calm=…)`) while nothing is wrong, and rounds that
are like the one before are only counted (`counts_only=…`), so that a month is read in seconds.

* `troubles`: a stretch of time in which a line was not well, with its reason, and whether it is the
  provider's; `line` finds them, from rounds, rules and links.
* `orders`: when an operator had the traffic elsewhere.
* `watch`: when an engine ran, and when none did.
* `selections`: which uplink was active when, and why it was.
* `outages`: what users saw: the active uplink was without service.

All times are seconds since 1970, UTC, as the journal gives them.
"""
