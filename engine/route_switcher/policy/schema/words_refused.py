"""Keys of other programs that nothing can say where they stand, and why.

A probe is switched off by a comment, and a rule does not say where the traffic goes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from route_switcher.policy.schema.words_in_place import is_place


@dataclass(frozen=True, slots=True)
class _Refused:
    words: str
    hint: str
    key: str | None = None
    """The key that says it here."""


_ARGUMENTS = "arguments stand in the list of 'run', behind the program: [PROGRAM, ARGUMENT]"
_TRUSTED = "certificates are always checked, by the issuers that this machine trusts"
_ONE_PLACE = "the socket has one place and mode: write the group that may use it ('group')"
_GATEWAY_ONLY = "this type of probe asks the gateway of each uplink: it has no targets"
_NO_SETUP = (
    "it sets up no interface: addresses, DHCP and dialling remain with the programs that do it now"
)
_IN_ORDER = "uplinks stand in order of preference: put the best one first"
_PICKS_NOTHING = "it picks no traffic: one uplink carries all the traffic of a family"
_BY_ORDER = (
    "a rule says only when an uplink has failed: the traffic goes to the first one that works"
)
_COMMENTED = "to switch it off, write it as a comment: '# …'"
_A_LIMIT = "a limit stands behind its own key, as in {loss: 20%, over: 30s} or {latency: 250ms}"
_A_PROBE_ASKS = "a probe asks: name it ('probe'), and say how many of its rounds fail ('failures')"
_USUAL_PACKETS = "its packets have the usual marks and lifetime: there is no key for that"

_REFUSED: Mapping[str, tuple[_Refused, ...]] = {
    "url": (
        _Refused(
            "host hostname path page", "write them in 'url': https://www.example.net/page", "url"
        ),
        _Refused("method verb", "a page is always asked for by GET"),
        _Refused(
            "insecure verify verify_ssl ssl_verify tls_verify skip_verify ca cacert", _TRUSTED
        ),
    ),
    "run": (
        _Refused("args arguments argv params parameters options", _ARGUMENTS),
        _Refused("targets target", "a program is told whom to ask by its own arguments"),
    ),
    "listen": (
        _Refused(
            "enabled enable disabled",
            "without 'metrics' no metrics are given: remove the section",
            "listen",
        ),
    ),
    "fast_interval": (
        _Refused("enabled enable disabled disable active", _COMMENTED),
        _Refused(
            "command cmd script exec run program args arguments",
            "a program is a probe of the type exec: {type: exec, run: [PROGRAM]}",
        ),
        _Refused("ttl tos dscp df dont_fragment priority", _USUAL_PACKETS),
        _Refused(
            "family families ipv4 ipv6 ip_version",
            "an uplink asks the targets of its own family: write some of each",
        ),
        _Refused("query domain", "write 'name' in a probe of the type dns"),
        _Refused(
            "expect regex headers insecure verify sni tls user_agent redirect contains",
            "a page is asked for by a probe of the type http",
        ),
        _Refused("quality check_quality", "write 'loss' and 'latency' in the 'fail' of a rule"),
    ),
    "onlink": (
        _Refused(
            "dhcp dhcp4 dhcp6 dhcpv4 dhcpv6 slaac accept_ra",
            "where the gateway is learned, write 'gateway: auto'",
            "gateway",
        ),
        _Refused("ipv4 ipv6", "write it in 'gateway', as in {ipv4: auto, ipv6: auto}", "gateway"),
        _Refused(
            "address addresses ip ipaddr ip_address netmask prefix subnet dns mac vlan apn user"
            " username password pppoe auth sim dial reset zone",
            _NO_SETUP,
        ),
        _Refused(
            "check_gateway gateway_check ping_gateway",
            "a probe of the type neighbour or echo asks the gateway: {type: echo}",
        ),
        _Refused("role backup standby failover failover_only preferred sequence", _IN_ORDER),
        _Refused(
            "provider isp label vendor contract tag owner location",
            "write it as a comment: '# …'",
        ),
    ),
    "fail": (
        _Refused("any all carrier for", "write it in the 'fail' or the 'recover' of the rule"),
        _Refused("then action do switch_to fallback to use from", _BY_ORDER),
        _Refused("enabled enable disabled disable active", _COMMENTED),
        _Refused(
            "family families ipv4 ipv6", "a rule judges its uplinks in each of their families"
        ),
        _Refused("proto protocol dest_ip src_ip dest src use_policy sticky", _PICKS_NOTHING),
    ),
    "failures": (
        _Refused(
            "min max above below exceeds gt lt ge le greater_than less_than upper lower high low"
            " percent percentage value limit",
            _A_LIMIT,
        ),
        _Refused("status http https dns tcp ping icmp script", _A_PROBE_ASKS),
    ),
    "stable": (
        _Refused("fall fails", "write 'failures' in the 'fail' of the rule"),
        _Refused(
            "min max above below exceeds gt lt ge le greater_than less_than upper lower high low"
            " percent percentage value limit",
            _A_LIMIT,
        ),
        _Refused("status http https dns tcp ping icmp script", _A_PROBE_ASKS),
    ),
    "attempts": (
        _Refused("delay wait async background", "a hook never holds up a switch: it has no delay"),
        _Refused(
            "when if uplinks uplink events event on only",
            "the program is told what has happened: let it decide",
        ),
        _Refused(
            "env environment", "the program is told by variables, and by its arguments in 'run'"
        ),
    ),
    "on_switch": (
        _Refused(
            "email mail sms slack telegram webhook url pushover alert",
            "a program sends it: {on_switch: [{run: [PROGRAM]}]}",
        ),
        _Refused("timeout attempts retries", "write it in a hook: {run: [PROGRAM], timeout: 10s}"),
        _Refused("on_start on_stop on_reload", "no program is run then"),
    ),
    "conntrack": (
        _Refused("run", "write 'hooks' in the top of the file"),
        _Refused("delay wait", "it is done at once"),
    ),
    "min_stay": (
        _Refused("enabled enable disabled", "without 'hold_back' nothing is delayed"),
        _Refused(
            "half_life penalty suppress reuse max_hold max_suppress max_suppress_time decay",
            "write it in 'damping': {half_life: 10m, suppress: 3, reuse: 1}",
        ),
    ),
    "families_move": (
        _Refused("include includes import", "a policy is one file"),
        _Refused(
            "defaults default settings options config general global globals global_defs",
            "there is no section for that: write each key where it belongs",
        ),
        _Refused("timers times", "times stand in 'probes', 'rules' and 'hold_back'"),
        _Refused("failover order priority backup standby", _IN_ORDER),
        _Refused(
            "logging syslog debug verbose",
            "the log is set on the command line: --log-level, --log-format",
        ),
        _Refused(
            "firewall zone zones iptables nftables",
            "it makes no firewall rules: masquerade on all uplinks by nftables",
        ),
        _Refused("dhcp addresses", _NO_SETUP),
        _Refused(
            "user daemon pidfile pid_file lock_file",
            "that is set where the engine is started, such as in its systemd unit",
        ),
    ),
    "fail_back": (
        _Refused("nopreempt no_preempt no_failback", "write 'fail_back: manual'", "fail_back"),
    ),
    "group": (
        _Refused(
            "path mode permissions user socket port listen http host address acl password token",
            _ONE_PLACE,
        ),
    ),
    "size": (
        _Refused(
            "days retention max_age keep age keep_days",
            "when it is full, the oldest day is dropped: write 'size'",
        ),
        _Refused("dir path file folder location directory", "it is in the engine's state folder"),
        _Refused("enabled enable disabled", "write 'size: none' for no journal"),
    ),
}
"""For a mapping that has the first key: what cannot be said there, and why."""

_OF_GATEWAYS = _Refused("targets target hosts host address addresses", _GATEWAY_ONLY)


def refused_in_place(word: str, known: Collection[str]) -> tuple[str, str | None] | None:
    """Why `word` cannot be said here, and the key that says it otherwise."""
    for place, refusals in _REFUSED.items():
        if is_place(place, known):
            for refused in refusals:
                if word in refused.words.split():
                    return refused.hint, refused.key
    asks_gateways = "down_interval" in known and not {"targets", "run"} & set(known)
    if asks_gateways and word in _OF_GATEWAYS.words.split():
        return _OF_GATEWAYS.hint, None
    return None
