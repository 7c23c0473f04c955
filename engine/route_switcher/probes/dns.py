"""Asks resolvers through one uplink for a record, and looks at what they answer."""

import trio

from route_switcher.core.probing.round import Request, RequestFault
from route_switcher.core.vocabulary.checks import Check, DnsQuery
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.probes.dns_query import BadAnswer, ask_resolver
from route_switcher.probes.prober import Egress, ProberKind
from route_switcher.probes.separate_requests import SeparateRequests


class DnsProber(SeparateRequests):
    """Asks each target the same question, each time under another number from another port."""

    def __init__(self, egress: Egress, check: DnsQuery) -> None:
        super().__init__(egress)
        self._check = check

    async def _ask_one(self, request: Request, deadline: float) -> float | RequestFault | None:
        from route_switcher.probes import dns_answer

        question = dns_answer.question(self._check)
        try:
            answer = await ask_resolver(self._egress, request.target.address, question, deadline)
        except BadAnswer as error:
            return RequestFault(RoundOutcome.FAILED, str(error))
        except ConnectionRefusedError:
            return RequestFault(RoundOutcome.FAILED, "no resolver there (port closed)")
        if answer is None:
            return None
        took = trio.current_time() - request.sent_at
        if why := dns_answer.problem(self._check, answer):
            return RequestFault(RoundOutcome.FAILED, why)
        return took


def _open(egress: Egress, check: Check) -> DnsProber:
    assert isinstance(check, DnsQuery)
    return DnsProber(egress, check)


KIND = ProberKind(_open)
