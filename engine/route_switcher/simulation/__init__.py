"""Policies in virtual time: written scenarios, generated networks, and what came of them."""
