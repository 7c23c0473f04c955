"""Keys of other programs whose meaning depends on where they stand.

`command` is `run` in a hook, and `retries` is `attempts` there; in a rule `retries` is `failures`.
"""

from collections.abc import Collection, Mapping

_MEANT: Mapping[str, Mapping[str, str]] = {
    "ipv4": {"ipv4": "v4 ip4 inet ip", "ipv6": "v6 ip6 inet6"},
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
    "fast_interval": {
        "type": "protocol proto probe_type",
        "targets": "monitor_targets dest dst",
        "quorum": "min_up up_min min_ok min_replies minimum",
        "size": "packet_size packetsize payload data_payload data_size data_length length"
        " request_data_size",
    },
    "onlink": {
        "interface": "bind_interface",
        "onlink": "nonlocalgateway nonlocal_gateway non_local_gateway gateway_onlink"
        " gateway_on_link link_scope",
        "carrier": "ignore_carrier configure_without_carrier",
        "enabled": "state status shutdown admin_state",
    },
    "fail": {
        "probe": "probes probe_name check checks test tests monitor track sla",
        "fail": "condition conditions trigger triggers",
        "uplinks": "interface dev device",
    },
    "failures": {
        "any": "or any_of one_of either",
        "all": "and all_of both every",
        "carrier": "link interface_down link_lost port_down",
    },
    "stable": {
        "successes": "count retries retry tries threshold consecutive number replies times",
        "any": "or any_of one_of either",
        "all": "and all_of both every",
        "carrier": "link interface_up link_up",
        "stable": "hold hold_time holdtime wait cooldown min_stay startdelay preempt_delay",
    },
    "min_stay": {
        "min_stay": "holdtime hold_time hold wait delay min_time minimum_stay",
        "damping": "flap flapping dampen",
    },
    "table": {"table": "id table_id main_table vrf rt_table_id"},
    "conntrack": {"conntrack": "flush flush_conntrack kill connections states flush_states"},
    "listen": {"listen": "socket address addr port host url path endpoint"},
    "group": {"group": "groups gid allow users owner"},
    "size": {"size": "max_size limit quota max bytes capacity"},
    "half_life": {
        "half_life": "decay half halflife half_time",
        "suppress": "penalty threshold suppress_limit",
        "reuse": "reuse_limit reuse_threshold",
        "max_hold": "max max_suppress max_time max_suppress_time",
    },
    "on_switch": {
        "on_switch": "switch on_change change notify notify_master notify_backup on_active"
        " switched",
        "on_uplink_down": "down on_down notify_fault on_failure on_fail uplink_down",
        "on_uplink_up": "up on_up on_recovery on_recover uplink_up",
        "on_all_down": "all_down on_offline offline",
        "on_all_up": "all_up on_online online",
    },
    "families_move": {
        "families_move": "move_together together dual_stack families_together",
        "uplinks": "gateway_groups network networks ethernets vrrp_instance",
        "probes": "track track_script vrrp_script monitoring sla ip_sla",
        "hooks": "telegram slack smtp notify_email pushover",
        "track_file": "keepalived status_file state_file",
        "on_exit": "at_exit exit on_stop cleanup on_shutdown",
    },
}
"""For a mapping that has the first key: what its keys are called elsewhere."""

_ALONE = frozenset({"size", "group", "listen", "conntrack"})
"""First keys that are the only one of their mapping; a probe has a `size` too."""


def is_place(place: str, known: Collection[str]) -> bool:
    """Whether a mapping with the `known` keys is the one that has `place` as its first key."""
    return place in known and (place not in _ALONE or len(known) == 1)


def key_in_place(word: str, known: Collection[str]) -> str | None:
    """The key that says here what `word` (in lower case, with '_') says elsewhere."""
    for place, keys in _MEANT.items():
        if is_place(place, known):
            for key, words in keys.items():
                if key in known and word in words.split():
                    return key
    return None
