"""Which rounds are sent through each uplink, and when."""
