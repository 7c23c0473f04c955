"""The checks: one file for each group. See `route_switcher.doctor` for how to add one."""
