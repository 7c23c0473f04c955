"""How the log tells of the giving of metrics."""

from route_switcher.daemon.report import say


def tell_of_metrics(level: int, text: str) -> None:
    """A line about where metrics are given."""
    say(level, "metrics", text)
