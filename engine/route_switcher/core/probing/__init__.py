"""Which rounds are sent through each uplink, and when.

Theory of operation
===================

What a round does, from before it is sent to the last late answer:

    due ---> open ---> ended ---> told ---> followed ---> over
              |                              (open or listening)
              +--> overtaken: a newer round was good; it is never told

    due         by the pace, or because somebody asks at once           `schedule`, `pace`
    open        requests are sent, answers come                         `round`
    ended       no answer can change its outcome, or all had their      `round`
                timeout
    told        in the order of sending: after every older open round   `open_rounds`
    followed    what it did not wait for, and late answers              `followed_rounds`

The states of a followed round, and what makes a round due, stand at the heads of those files.
`probing` begins and ends the rounds of an uplink when the policy changes. None of this sends
anything: `daemon` with `probes`, and `virtual`, drive it.
"""
