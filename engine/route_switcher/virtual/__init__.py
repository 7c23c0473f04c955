"""The core in virtual time: one engine, an ideal kernel, rounds on their schedule, an internet."""
