"""Are names still resolved when a line is dead?"""

import shlex
from collections.abc import Iterator

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.resolvers import Resolvers
from route_switcher.doctor.unread import Unread
from route_switcher.text.quantities import listed

_NAME = "resolvers"
_ONE_LINE = Fault(_NAME, "one-line", Verdict.WARN)

_SUBJECT = "names"
_ANYWHERE = "9.9.9.9"
"""A public name server that is reached by any line."""


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    told = machine.resolvers
    if isinstance(told, Unread):
        yield skipped(_NAME, _SUBJECT, told.reason)
        return
    uplinks = {machine.network.links[u.interface].own_name: u.name for u in policy.uplinks}
    lines = {server.only_by for server in told.servers}
    servers = listed([str(server.address) for server in told.servers])
    (line, *others) = lines
    if others or line not in uplinks or len(set(uplinks.values())) < 2:
        yield passed(_NAME, _SUBJECT, f"{servers} ({told.file}) depend on no single line")
        return
    text = (
        f"{told.file} names {servers}, which only {uplinks[line]} ({line}) leads to: while that is "
        "dead no name is resolved"
    )
    yield _ONE_LINE.found(_SUBJECT, text, *_remedies(told))


def _remedies(told: Resolvers) -> Iterator[str]:
    if told.by_resolved:
        folder = "/etc/systemd/resolved.conf.d"
        yield f"mkdir -p {folder}"
        yield f"printf '[Resolve]\\nDNS={_ANYWHERE}\\n' >{folder}/route-switcher.conf"
        yield "systemctl restart systemd-resolved"
    else:
        # It comes first: the others would be asked in vain, and the C library asks three only.
        file = shlex.quote(told.file)
        yield f"""printf 'nameserver {_ANYWHERE}\\n%s\\n' "$(cat {file})" >{file}"""


CHECK = Check(_NAME, _judge, (_ONE_LINE,))
