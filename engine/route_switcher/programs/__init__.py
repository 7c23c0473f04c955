"""Programs of the administrator: each is run in a process of its own that ends all of it."""
