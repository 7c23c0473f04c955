"""What a stream of packets says for certain, however late this machine sent them."""

from itertools import groupby

from route_switcher.lab.stream import PacketStream


def stamps(stream: PacketStream) -> list[float]:
    """When each packet was sent, by `time.monotonic`: not before this, and before the next one."""
    return list(stream._sent_at[: stream._sent])


def noticed(stream: PacketStream) -> float:
    """Seconds for which packets were lost for certain, one after the other: the longest time. To be
    asked when the stream has stopped."""
    sent = stamps(stream)
    longest = 0.0
    for lost, group in groupby(range(len(sent)), lambda number: not stream._returned_at[number]):
        numbers = list(group)
        if lost and len(numbers) > 1:
            longest = max(longest, sent[numbers[-1]] - sent[numbers[1]])
    return longest
