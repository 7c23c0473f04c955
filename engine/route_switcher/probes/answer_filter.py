"""A packet filter that lets only answers to our own requests into the raw socket.

A raw socket gets every echo reply that comes in on its interface: those to other programs, and
those that anybody forges. Read one by one, 50,000 a second take all our time, and more than that
fill the receive buffer, so that true answers are lost. So the kernel drops every reply that does
not carry the mark of the socket. Nobody guesses a mark: only who sees our requests knows it, and he
could answer them anyway.
"""

import secrets
import socket
from typing import NamedTuple, Self

from route_switcher import packet_filter
from route_switcher.core.vocabulary.checks import TOKEN_SIZE
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.packet_filter import (
    JUMP_IF_EQUAL,
    LOAD_HALF_AFTER_X,
    LOAD_LENGTH,
    LOAD_WORD_AFTER_X,
    RETURN,
    SET_X,
    SET_X_TO_IPV4_HEADER,
    SUBTRACT_X,
    Instruction,
)

KEY_SIZE = 4
_ICMP_HEADER = 8
_IDENTIFIER_OFFSET = 4


class Mark(NamedTuple):
    """What all requests of one socket, and so their answers, have in common."""

    identifier: int
    """The identifier of the echo (RFC 792, RFC 4443)."""
    key: bytes
    """The first `KEY_SIZE` bytes of every token: an identifier alone can be guessed."""

    @classmethod
    def drawn(cls) -> Self:
        """A mark that nobody can guess."""
        return cls(secrets.randbits(16), secrets.token_bytes(KEY_SIZE))


def program(family: Family, mark: Mark, size: int = TOKEN_SIZE) -> tuple[Instruction, ...]:
    """Keep a packet if it is as long as an answer that carries `size` bytes, and has `mark`.

    A raw IPv4 socket gets the IPv4 header too; a raw IPv6 socket gets ICMPv6 alone. The length is
    looked at because the kernel charges a large packet to the receive buffer as what it is.
    """
    is_v4 = family is Family.IPV4
    return (
        (SET_X_TO_IPV4_HEADER if is_v4 else SET_X, 0, 0, 0),
        (LOAD_LENGTH, 0, 0, 0),
        (SUBTRACT_X, 0, 0, 0),
        (JUMP_IF_EQUAL, 0, 5, _ICMP_HEADER + size),
        (LOAD_HALF_AFTER_X, 0, 0, _IDENTIFIER_OFFSET),
        (JUMP_IF_EQUAL, 0, 3, mark.identifier),
        (LOAD_WORD_AFTER_X, 0, 0, _ICMP_HEADER),
        (JUMP_IF_EQUAL, 0, 1, int.from_bytes(mark.key)),
        (RETURN, 0, 0, packet_filter.WHOLE),
        (RETURN, 0, 0, packet_filter.NOTHING),
    )


def attach(sock: socket.socket, family: Family, mark: Mark, size: int = TOKEN_SIZE) -> bool:
    """Let only answers of `size` that have `mark` into `sock`; whether the kernel took the
    filter."""
    return packet_filter.attach(sock, program(family, mark, size))
