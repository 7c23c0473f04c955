"""The words of the core: what the policy says, what the core is told, and what it says."""
