"""The routes that there should be, what the kernel has, and how to get from one to the other."""
