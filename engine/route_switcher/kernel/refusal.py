"""Why the kernel refused a route, by its errno.

The errno does not tell: one and the same comes for a link that is down and for a gateway that is
elsewhere. The state of the link does.
"""

import errno
import os

from route_switcher.core.routing.refusal_reasons import gateway_elsewhere, link_trouble
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.routes import Route

_UNREACHABLE = frozenset((errno.ENETUNREACH, errno.EHOSTUNREACH))


def refusal(route: Route, link: LinkState, code: int, text: str) -> str:
    """Why `route` was refused with the errno `code`; `text` is what the kernel said to it."""
    words = text or os.strerror(code)
    if code == errno.EPERM:
        return "changing routes is not permitted: CAP_NET_ADMIN is missing"
    if not route.interface:
        return f"kernel: {words}"
    cause = link_trouble(route, link)
    remedy = ""
    if cause is None and code in _UNREACHABLE:
        cause = gateway_elsewhere(route)
        remedy = "; where the provider has it so, write 'onlink: true' for the uplink"
    if cause is None and code == errno.EINVAL:
        cause = f"gateway {route.gateway} cannot be used on {route.interface}"
    return f"{cause} (kernel: {words}){remedy}" if cause else f"kernel: {words}"


def rule_refusal(code: int, text: str) -> str:
    """Why a rule was refused with the errno `code`; `text` is what was said to it."""
    if code == errno.EPERM:
        return "changing routing rules is not permitted: CAP_NET_ADMIN is missing"
    if code in (errno.EOPNOTSUPP, errno.EAFNOSUPPORT):
        return "this kernel has no routing rules (CONFIG_IP_MULTIPLE_TABLES)"
    return f"kernel: {text or os.strerror(code)}"
