"""What a prober counts of the packets that it can make no use of."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Packets that were read and dropped, by cause, and what else went wrong in receiving."""

    malformed: int = 0
    """A wrong checksum among them."""
    foreign: int = 0
    """Answers to other programs: another identifier. The kernel keeps most of them out."""
    unasked: int = 0
    """Ours by identifier, but nobody waits: too late, or forged."""
    wrong_source: int = 0
    wrong_token: int = 0
    wrong_target: int = 0
    """Answers to somebody else, or about somebody else."""
    wrong_hops: int = 0
    """Echoes that have not come by exactly one router."""
    repeated: int = 0
    late: int = 0
    """Answers after the timeout, to a round that had not ended or was followed."""
    implausible_stamps: int = 0
    """Timestamps not believed: the wall clock was set. The packet counts as of its reading."""
    receive_errors: int = 0
    overruns: int = 0
    """How often the receive buffer was found to have been full."""
