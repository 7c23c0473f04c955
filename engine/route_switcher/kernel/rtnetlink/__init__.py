"""The kernel's routes, links and addresses by netlink (rtnetlink(7))."""
