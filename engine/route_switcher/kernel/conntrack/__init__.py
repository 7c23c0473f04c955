"""Ends connections that stick to an uplink that was left.

A connection whose source address was translated (NAT) keeps the address that it got when it began.
After a switch its packets leave through the new uplink with the address of the old one, and no
answer comes back; after a fail-back a long one stays on the costly line. Without its entry in the
connection tracking table the next packet is translated afresh, and fits its way again.

An entry is deleted if its source was translated (the source of its original direction is not the
destination of its replies), and its replies go to an address of the uplink that was left. So where
nothing is translated, nothing matches, and other uplinks' connections are never touched. Entries
with a mark (connmark) are left alone: somebody steers them by it.
"""
