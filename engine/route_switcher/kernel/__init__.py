"""The kernel's routing table, links and addresses over rtnetlink."""
