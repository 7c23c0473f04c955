"""The address of a name, asked for through one egress."""

from functools import partial
from ipaddress import ip_address

import trio

from route_switcher.core.probing.round import RequestFault
from route_switcher.core.vocabulary.checks import Layer
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.probes.dns_query import UDP_SIZE, BadAnswer, ask_resolver
from route_switcher.probes.prober import Egress
from route_switcher.probes.reasons import fault_of
from route_switcher.probes.resolvers import RESOLV_CONF, resolvers_for, why_none
from route_switcher.thread_work import without_signals

PATIENCE = 2.0
"""Seconds that each resolver may take."""

MOST_ADDRESSES = 16
"""How many addresses of a name are kept at most."""

_reading = trio.CapacityLimiter(1)
"""One that hangs keeps its token, so that threads do not pile up."""

Found = tuple[tuple[str, ...], float]
"""The addresses of a name, in the order of the answer, and for how many seconds they hold."""


async def look_up(egress: Egress, target: Target) -> Found | RequestFault:
    """The addresses of `target` by the first resolver that answers, or why there is none.

    That no resolver answers says something of the uplink; what a resolver answers says nothing.
    """
    resolvers = await _resolvers(target, egress.family)
    if isinstance(resolvers, RequestFault):
        return resolvers
    fault = _unknown("")
    for resolver in resolvers:
        try:
            came = await _ask(egress, target.name, resolver)
        except OSError as error:
            came = fault_of(error)
        if not isinstance(came, RequestFault):
            return came
        words = f"{target} was not looked up: {resolver}: {came.words}"
        fault = RequestFault(came.outcome, words, Layer.DNS)
        if came.outcome is RoundOutcome.UNKNOWN:
            break  # it has answered
    return fault


async def _resolvers(target: Target, family: Family) -> tuple[str, ...] | RequestFault:
    """Whom to ask. The file system of /etc/resolv.conf may hang, so a thread reads it."""

    def read() -> tuple[tuple[str, ...], str]:
        found = resolvers_for(target, family)
        return found, "" if found else why_none(target, family)

    if target.resolvers:
        found, why = read()
    else:
        try:
            with trio.fail_after(PATIENCE):
                found, why = await trio.to_thread.run_sync(
                    partial(without_signals, read), abandon_on_cancel=True, limiter=_reading
                )
        except trio.TooSlowError:
            return _unknown(f"{RESOLV_CONF} could not be read within {PATIENCE:g} s")
        except RuntimeError as error:  # no thread (threading)
            return _unknown(f"{RESOLV_CONF} could not be read: {error}")
    return found or _unknown(why)


def _unknown(words: str) -> RequestFault:
    return RequestFault(RoundOutcome.UNKNOWN, words, Layer.DNS)


async def _ask(egress: Egress, name: str, resolver: str) -> Found | RequestFault:
    import dns.exception
    import dns.message
    import dns.rcode
    import dns.rdatatype

    kind = dns.rdatatype.A if egress.family is Family.IPV4 else dns.rdatatype.AAAA
    question = dns.message.make_query(name, kind, use_edns=0, payload=UDP_SIZE)
    try:
        answer = await ask_resolver(egress, resolver, question, trio.current_time() + PATIENCE)
        if answer is None:
            return RequestFault(RoundOutcome.FAILED, f"no answer within {PATIENCE:g} s")
        if answer.rcode() != dns.rcode.NOERROR:
            return _unknown(f"it says {dns.rcode.to_text(answer.rcode())}")
        chain = answer.resolve_chaining()
    except BadAnswer as error:
        return _unknown(str(error))
    except (dns.exception.DNSException, NotImplementedError, ValueError):
        return _unknown("an answer that cannot be understood")
    found = [] if chain.answer is None else [str(record) for record in chain.answer]
    usable = tuple(a for a in found if _is_of_a_host(ip_address(a)))[:MOST_ADDRESSES]
    if not usable:
        which = "no address that can be asked" if found else f"no {egress.family} address"
        return _unknown(f"it says that there is {which}")
    return usable, float(chain.minimum_ttl)


def _is_of_a_host(address: Address) -> bool:
    """Whether it is a single host elsewhere."""
    mapped = getattr(address, "ipv4_mapped", None)
    return not (
        address.is_loopback or address.is_unspecified or address.is_multicast or mapped is not None
    )
