"""A row for each fault that `doctor` can find: how it comes about, and what is said of it."""

from dataclasses import dataclass

from doctor.box import POLICY


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault. The printed commands mend it; where none can, `mend` stands for what a person
    does."""

    fault: str
    """CHECK/FAULT."""
    plant: tuple[str, ...]
    """Commands for the shell. `$POLICY` is the policy."""
    subject: str
    says: str
    """A part of the sentence."""
    mend: tuple[str, ...] = ()
    policy: str = POLICY
    first: tuple[str, ...] = ()
    """What a person does before the printed commands, at the other end for instance."""
    mended: str | None = None
    """The policy that a person writes instead, where the fault is in that."""
    engine: bool = False
    """An engine runs before it is planted."""
    under: tuple[str, ...] = ()
    """Words of a command line that starts `doctor` in the place where the fault is."""
    name: str = ""
    """Where a fault has several rows."""

    def __str__(self) -> str:
        return f"{self.fault} {self.name}".strip()
