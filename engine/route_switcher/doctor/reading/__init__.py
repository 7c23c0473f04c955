"""Looks at the machine for the checks, and changes nothing on it."""
