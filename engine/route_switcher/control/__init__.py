"""How a running engine is asked, and told what to do: the words that both sides share.

`protocol` and `client` need neither trio nor the core, so that a command answers at once.
"""
