"""Writes the engine's journal (`route_switcher.journal`), beside the engine.

`recorder` is the observer: it puts what happens into a queue with a bound. `standing` is what it
keeps in mind for the beginning of a file. `writing` is the thread that makes blocks of it, and
`files` are the files, which hold to the bound of the policy.
"""
