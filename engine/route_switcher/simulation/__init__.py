"""A policy on a network that is drawn at random: what it does, and what users would have seen."""
