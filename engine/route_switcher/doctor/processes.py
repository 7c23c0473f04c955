"""The programs that run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Process:
    """A program that runs in this network namespace."""

    pid: int
    name: str
    """As the kernel has it (proc_pid_comm(5)): at most 15 bytes."""
    words: tuple[str, ...]
    """Its command line, or the beginning of a long one."""
    user: int

    @property
    def program(self) -> str:
        """What it was started as, without the folder; else its name."""
        return self.words[0].rpartition("/")[2] if self.words else self.name


@dataclass(frozen=True, slots=True)
class Processes:
    """Those of this network namespace."""

    seen: tuple[Process, ...]
    hidden: int = 0
    """How many there are of which we may not know whether they are of this namespace."""

    def named(self, *names: str) -> tuple[Process, ...]:
        """Those that have one of these names, or were started under one."""
        return tuple(p for p in self.seen if p.name in names or p.program in names)
