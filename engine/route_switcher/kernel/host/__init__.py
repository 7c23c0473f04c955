"""What the engine reads or sets on the host beside routes: sysctls, capabilities, its lock."""
