"""Which next hop each uplink uses: written in the policy, or learned from the routes of others."""
