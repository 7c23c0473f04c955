"""Probes: what asks the internet through one uplink."""
