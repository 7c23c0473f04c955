"""What Prometheus is told of the running engine: `catalogue` says which metrics there are, `tally`
counts what happens, `reading` makes their values, `exposition` writes them as text, and `server`
gives that to those who ask by HTTP, on a socket that `listening` keeps.
"""
