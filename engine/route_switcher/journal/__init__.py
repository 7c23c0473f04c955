"""The engine's journal: what the core was told and what it said, in files, to be read and replayed.

Its format stands in docs/journal.md. This package makes bytes of records and records of bytes; what
writes the files is an observer of the daemon (`daemon/recording/`). It imports no trio.

Reading:

* `folder.places()`: where a journal may lie; `folder.found()`: the one that is there.
* `reading.Journal(folder).entries(since, until)`: every record of a time, as `Entry`: `wall` is its
  time (seconds since 1970, UTC), `session` is the run of the engine, `record` is what happened.
  With `noteworthy=True` blocks that have nothing but rounds are left out: that is quick.
  `Journal(folder).rounds(spans)`: only rounds, of several times.
* `entry.record` is an event of the core (`core/vocabulary/events.py`), an output of the core
  (`core/vocabulary/outputs.py`), or one of `records.py`: `Began`, `Standing`, `Reloaded` (in place
  of the event `Reload`: it has the digest of the policy's text), `PolicyText`, `Lost`, `Unread`,
  `LeftOut`, `Summary`, `Ended`. Times in events and outputs are of the engine's clock:
  `entry.wall_of(at)` gives the time of day of any, such as `Decision.since`.
* `replay.replay(entries, policy_of)`: drives the core with the events, and gives what it says now
  beside what it said then.

What is damaged is left out and counted (`Journal.damaged`). A journal of a later minor version is
read, and what is unknown in it is left out. A later major one raises `LaterVersion`.
"""
