"""What is known of each uplink: rounds, windows, rules, and the uplink's state."""
