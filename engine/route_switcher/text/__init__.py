"""Text that several parts of the product write: numbers, durations, lists."""
