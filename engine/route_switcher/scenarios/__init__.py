"""Scenarios: a written course of events, and what must have been decided by when."""
