"""Route-Switcher: a policy engine that keeps a Linux box on a working internet uplink."""

__version__ = "0.1.0"
