"""The forms of rtnetlink messages, and the bytes they become; the only file that knows pyroute2.

Its own message classes decode more than they are asked for, loop for ever over some malformed
input, and log tracebacks; so the few attributes that matter are declared here, on its documented
base classes, and every value is checked.

To import pyroute2 as a whole takes 190 ms and 11 MB, for it imports all of its parts. The base
classes take 3 ms and 0.3 MB.

Numbers are those of linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h and linux/netlink.h.
"""

import logging
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from typing import Any

from route_switcher.kernel.rtnetlink.framing import HEADER, Message


@contextmanager
def _only_parts_of(package: str) -> Iterator[None]:
    """Meanwhile parts of a package are imported without what the package itself would import."""
    spec = None if package in sys.modules else find_spec(package)
    if spec is None:
        yield
        return
    sys.modules[package] = module_from_spec(spec)
    try:
        yield
    finally:
        del sys.modules[package]


with _only_parts_of("pyroute2"):
    from pyroute2.netlink import nlmsg  # type: ignore[import-untyped]
    from pyroute2.netlink.exceptions import (  # type: ignore[import-untyped]
        NetlinkDecodeError,
    )

# It would write the traceback of every malformed attribute into our log; here they are counted.
logging.getLogger("pyroute2.netlink").setLevel(logging.CRITICAL)

_NLM_F_REQUEST = 0x1


class MalformedMessageError(Exception):
    """A message that does not have the form of its type."""


class RouteMessage(nlmsg):  # type: ignore[misc]
    fields = (
        ("family", "B"),
        ("dst_len", "B"),
        ("src_len", "B"),
        ("tos", "B"),
        ("table", "B"),
        ("proto", "B"),
        ("scope", "B"),
        ("type", "B"),
        ("flags", "I"),
    )
    nla_map = (
        (4, "RTA_OIF", "uint32"),
        (5, "RTA_GATEWAY", "cdata"),
        (6, "RTA_PRIORITY", "uint32"),
        (1, "RTA_DST", "cdata"),
        (7, "RTA_PREFSRC", "cdata"),
        (8, "RTA_METRICS", "cdata"),
        (15, "RTA_TABLE", "uint32"),
        (18, "RTA_VIA", "cdata"),
    )


class AddressMessage(nlmsg):  # type: ignore[misc]
    fields = (("family", "B"), ("prefixlen", "B"), ("flags", "B"), ("scope", "B"), ("index", "I"))
    nla_map = (
        (1, "IFA_ADDRESS", "cdata"),
        (2, "IFA_LOCAL", "cdata"),
        (8, "IFA_FLAGS", "uint32"),
    )


class ErrorMessage(nlmsg):  # type: ignore[misc]
    """Of the request that it answers only the header follows: NETLINK_CAP_ACK cuts off the rest."""

    fields = (("error", "i"), ("request", "16s"))
    nla_map = ((1, "NLMSGERR_ATTR_MSG", "cdata"),)


class DoneMessage(nlmsg):  # type: ignore[misc]
    fields = (("error", "i"),)
    nla_map = ((1, "NLMSGERR_ATTR_MSG", "cdata"),)


def encoded(message: Any, kind: int, flags: int, sequence: int) -> bytes:
    """The bytes of a request of this `kind`."""
    message["header"]["type"] = kind
    message["header"]["flags"] = _NLM_F_REQUEST | flags
    message["header"]["sequence_number"] = sequence
    message.encode()
    return bytes(message.data)


def decoded(form: Any, message: Message) -> Any:
    """The fields and attributes of `message` read as `form`. Raises MalformedMessageError."""
    smallest = HEADER.size + sum(struct.calcsize(code) for _, code in form.fields)
    if len(message.data) < smallest:
        raise MalformedMessageError(f"{len(message.data)} bytes, {smallest} at least")
    decoded = form(message.data)
    try:
        decoded.decode()
    except (NetlinkDecodeError, struct.error) as error:
        raise MalformedMessageError(str(error)) from error
    return decoded
