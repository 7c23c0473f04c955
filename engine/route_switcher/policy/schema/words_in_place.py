"""Keys of other programs whose meaning depends on where they stand.

`command` is `run` in a hook, and `retries` is `attempts` there; in a rule `retries` is `failures`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

_MEANT: Mapping[str, Mapping[str, str]] = {
    "run": {"run": "command commands cmd script program exec path executable call"},
    "attempts": {"attempts": "retries retry tries max_tries max_retries count failures repeat"},
    "port": {"port": "dport tcp_port ports dest_port destination_port"},
    "refused": {"refused": "rst reset closed on_refused connection_refused"},
    "record": {
        "name": "query queries domain fqdn hostname host qname question lookup lookup_name",
        "value": "answer answers expect expected expect_value result results rdata",
    },
    "url": {
        "status": "expect expected expect_code codes",
        "body": "contains text content match expect_body string regex pattern keyword response",
        "header": "headers expect_header",
    },
    "conntrack": {"conntrack": "flush flush_conntrack kill connections states flush_states"},
    "listen": {"listen": "socket address addr port host url path endpoint"},
    "group": {"group": "groups gid allow users owner"},
    "size": {"size": "max_size limit quota max bytes packet_size payload length mtu capacity"},
    "half_life": {"suppress": "penalty threshold", "max_hold": "max_suppress max_time"},
    "on_switch": {
        "on_switch": "switch on_change change notify notify_master on_active switched",
        "on_uplink_down": "down on_down notify_fault on_failure on_fail uplink_down",
        "on_uplink_up": "up on_up on_recovery on_recover uplink_up",
        "on_all_down": "all_down on_offline offline",
        "on_all_up": "all_up on_online online",
    },
    "families_move": {
        "families_move": "move_together together dual_stack families_together",
        "track_file": "keepalived status_file state_file",
        "on_exit": "at_exit exit on_stop cleanup on_shutdown",
    },
}
"""For a mapping that has the first key: what its keys are called elsewhere."""


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
    "fail_back": (
        _Refused("nopreempt no_preempt no_failback", "write 'fail_back: manual'", "fail_back"),
    ),
    "group": (_Refused("path mode permissions user socket", _ONE_PLACE),),
    "size": (
        _Refused(
            "days retention max_age keep age keep_days",
            "whole old days are dropped when it is full: write 'size'",
        ),
        _Refused("dir path file folder location directory", "it is in the engine's state folder"),
        _Refused("enabled enable disabled", "write 'size: none' for no journal"),
    ),
}
"""For a mapping that has the first key: what cannot be said there, and why."""

_OF_GATEWAYS = _Refused("targets target hosts host address addresses", _GATEWAY_ONLY)


def key_in_place(word: str, known: Collection[str]) -> str | None:
    """The key that says here what `word` (in lower case, with '_') says elsewhere."""
    for place, keys in _MEANT.items():
        if place in known:
            for key, words in keys.items():
                if key in known and word in words.split():
                    return key
    return None


def refused_in_place(word: str, known: Collection[str]) -> tuple[str, str | None] | None:
    """Why `word` cannot be said here, and the key that says it otherwise."""
    for place, refusals in _REFUSED.items():
        if place in known:
            for refused in refusals:
                if word in refused.words.split():
                    return refused.hint, refused.key
    asks_gateways = "down_interval" in known and not {"targets", "run"} & set(known)
    if asks_gateways and word in _OF_GATEWAYS.words.split():
        return _OF_GATEWAYS.hint, None
    return None
