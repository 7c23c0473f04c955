"""Runs the programs of hooks, tells them what happened, and keeps what was delivered."""
