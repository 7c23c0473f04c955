"""What follows when the traffic has moved, or an uplink has failed or recovered.

Theory of operation
===================

`AfterSwitch` hears every event of the engine and all that the engine says, and adds effects. It
decides nothing about routes.

1. The order after a switch (`confirmation`)
--------------------------------------------

    decided --> routes are read back --> the kernel was asked --+--> connections are ended --> hooks
                                                                `--> one round (`verification`)

* Read back: the active route was seen, no other route of ours stands before it, and the rules that
  lead to it were seen.
* Asked: the kernel said since then which way traffic would take. Nothing waits for that where
  nobody can be asked (a dry run, virtual time).
* After `LIMIT` seconds it goes on without either. The round is made when the kernel has said it.
* Connections (`connections`): those that stick to what was left. Hooks wait for that, but not
  long. It is asked for twice; the second time is dropped by another decision, which then asks for
  what is left to do.
* Another decision of the same family begins the wait again. What was decided before is not told of.

2. When which hook is due
-------------------------

    on_switch        after the order above. After a restart, or for a program that is new in the
                     policy: only if the program was last told of another uplink
    on_uplink_down   the uplink was not down, and is failed
    on_uplink_up     the uplink was down, and is healthy
    on_all_down      every uplink of the family is failed, or cannot be used and never could
    on_all_up        that has ended: one answers, or may

`troubles` remembers what is down. Its memory, and what `on_switch` was told last, are kept over a
restart (`Delivered`).

3. One run of a hook at a time (`hook_queue`)
---------------------------------------------

For each program and subject (the family; the uplink for `on_uplink_*`) there is one entry.

    idle --due--> running --well--> idle
                  running --due--> running, and the latest moment waits; one that waited is dropped
                  running --ended, and one waits--> running with that one, from its first attempt
                  running --failed--> pause --after PAUSE--> running, the next attempt
                  running --failed for the last time--> given up, which is told
                                                   `-> or stranded, if no uplink of any family works
                  stranded --one works--> running, from the first attempt
"""
