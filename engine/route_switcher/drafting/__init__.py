"""A first policy for a machine: what can be taken for an uplink, and what was assumed."""
