"""The control socket of a running engine: who asks, what is answered, and what is kept.

All of it is one observer (`observer.Control`). Whatever a client does costs the loop at most a
quarter of its time, and a bounded number of connections, bytes and seconds.
"""
