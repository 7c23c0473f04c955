"""The choice of the active uplink of each family."""
