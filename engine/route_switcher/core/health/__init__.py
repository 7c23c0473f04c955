"""What is known of each uplink: rounds, windows, rules, and the uplink's state.

Theory of operation
===================

Three small machines run for each uplink in a family. None reads a clock: a machine learns the time
only from an event, or when it is asked.

1. A rule on one uplink
-----------------------

The table is `rule_states.TRANSITIONS`; `rule_health` turns events into its signals. The moves:

    unknown --- good round ---> ok <------- recovered ------- recovering <---+
     |  |                       |                               ^   |        |
     |  |                condition holds                        |   |        |
     |  |                       v                               |   |        |
     |  +-- condition holds --> failed ------ good round -------+   |        |
     |                          ^                                   |        |
     |                          +--------- condition holds ---------+        |
     +----------------------- require recovery ------------------------------+

    event                       signal
    an unknown round            none
    a good round                CONDITION_HELD if the fail condition holds even so (loss over a
                                window); otherwise GOOD, and after it RECOVERED, if the rule is
                                recovering, good rounds have covered its stable time, and its
                                recover condition holds
    a failed round              CONDITION_HELD if the fail condition holds; otherwise
                                ROUND_FAILED, which changes no state
    the link changed            CONDITION_HELD if the fail condition holds
    the time of a `for` is up   CONDITION_HELD if the fail condition holds
    the selection doubts it     REQUIRE_RECOVERY (who is doubted: see `core.selection`)

* A failed rule gives no second CONDITION_HELD: the evidence of the first one stays.
* Time alone never makes a rule recover. A good round must come.
* The stable time starts again with a failed round (except one of a probe that the fail condition
  names, where the rule cannot fail now), with a good round on which the fail condition holds, and
  after `longest_break` seconds without a known round. In a rule that names the carrier it also
  starts again when the link is lost.
* After `longest_gap` seconds without a known round, a `for` that depends on rounds and the windows
  start again. The number of rounds in a row is kept.
* When its link is lost, a rule that names the carrier ignores good rounds, until one comes that was
  sent after the loss, and the link is back.
* All rules begin unknown at the start of a family. An uplink that a reload adds to a family begins
  recovering. A rule that a reload adds begins recovering if the uplink is failed or recovering,
  otherwise unknown.

The uplink's state is the worst of its rules (`states.worst`): failed, otherwise recovering,
otherwise unknown, otherwise healthy. It has no memory of its own.

2. Confirmation: can traffic move here now, or is an answer awaited?
--------------------------------------------------------------------

Asked of an uplink when the active one is in trouble (`UplinkHealth.why_not`). `latest_rounds` keeps
the latest known rounds of each probe:

    none, or good --- failed round ---> failed --- enough rounds and seconds, ---> failed,
          ^                               |        or 60 s                         confirmed
          +--------- good round ----------+-------------------------------------------+

    state of a probe                               for a move to this uplink
    none                                           awaited, until 60 s after the first known round
                                                   of any probe through the uplink
    failed                                         awaited while any rule may still fail
    failed, confirmed                              ignored
    good, sent since the trouble began, recent     it answers
    good, sent before the trouble began            awaited, until 60 s after that beginning
    good, older than `longest_gap`                 awaited for 60 s more, then ignored

Traffic can move here if no probe is awaited and at least one answers.

* `confirmation` computes the rounds and seconds: by then each rule that this probe alone can fail
  has failed. 60 s is `LONGEST_WAIT`.
* After the active uplink has failed for 60 s, good rounds are not awaited any more (`urgent`).
* What was sent before the uplink's link was lost does not answer.
* An uplink is silent if it has no link, or all its probes are failed and confirmed. That matters to
  the selection only if the uplink is failed.

3. Damping: the penalty of an uplink that flaps
-----------------------------------------------

    not damped --- a failure, and penalty > suppress ---> damped --+
        ^                                                 ^  |     | a failure: damped for longer
        |                                                 +--|-----+
        +--- the penalty is down to reuse, or max_hold ------+
             is over since the latest failure

A failure is the moment at which the *uplink* becomes failed (`UplinkHealth._changed`). It adds 1 to
the penalty, which halves in each half_life (`damping`). Damping changes no state. It only lowers
the class of the uplink while that is healthy (see `core.selection`).

`suspect_targets` comes before all of this: it changes what a round comes to before a rule sees it.
A target that is silent through every uplink that works leaves the quorum until it answers again.
"""
