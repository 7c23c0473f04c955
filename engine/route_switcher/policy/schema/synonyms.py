"""Keys that other programs have, and the key of a policy that says the same.

The words are those of mwan3, VyOS, OPNsense and dpinger, keepalived, NetworkManager, netplan and
lsm, and what people write who have not read the documentation.
"""

from collections.abc import Collection, Mapping

from route_switcher.policy.schema.words_in_place import key_in_place
from route_switcher.policy.schema.words_refused import refused_in_place

_MEANT: Mapping[str, str] = {
    word: key
    for key, words in {
        "interface": "dev device iface ifname if nic card port link netdev interface_name",
        "gateway": "via gw nexthop next_hop router gateway4 gateway6 default_gateway peer remote",
        "families": "family protocol ip_version af address_family ipversion",
        "metric": "distance route_metric cost",
        "targets": "target hosts host addresses address ips ip servers server endpoints endpoint"
        " destinations destination track_ip track_ips ping_target ping_targets ping_ip ping_host"
        " monitor monitorip monitor_ip check_ip test_ip pings names urls",
        "type": "method track_method kind check_type",
        "quorum": "reliability required min_answers majority need needed match",
        "interval": "every frequency freq period sleep check_interval ping_interval probe_interval"
        " poll_interval delay_between",
        "fast_interval": "failure_interval retry_interval confirm_interval",
        "down_interval": "recovery_interval dead_interval",
        "standby_interval": "backup_interval idle_interval passive_interval",
        "timeout": "wait deadline resp_time ping_timeout response_time max_wait",
        "uplinks": "uplink wans wan links lines interfaces gateways providers isps isp connections"
        " members member groups gateway_group",
        "probes": "checks check monitors healthcheck healthchecks health_check tests test pingers",
        "rules": "policies policy conditions thresholds triggers",
        "name": "title label id rule",
        "probe": "check_name monitor_name",
        "fail": "on_fail on_failure on_error failed when if down_when fail_if fails unhealthy",
        "recover": "on_recover on_recovery recovery recovers up_when restore healthy ok success",
        "failures": "down fall count retries retry tries attempts_failed failure failure_count"
        " max_failures consecutive consecutive_failures threshold fail_count lost_pings max_fail",
        "successes": "up rise success_count consecutive_successes recovery_count successful goods",
        "loss": "packet_loss losses loss_percent loss_rate losshigh loss_high failure_loss"
        " recovery_loss drop dropped packetloss max_loss pl",
        "latency": "rtt delay latencyhigh latency_high failure_latency recovery_latency ping_time"
        " max_latency max_rtt",
        "status": "code status_code http_code http_status expected_status expect_status",
        "url": "uri",
        "record": "record_type rrtype qtype",
        "resolver": "resolvers nameserver nameservers dns_server dns_servers",
        "on_switch": "on_failover on_failback on_fail_back on_move",
        "jitter": "variance stddev mdev",
        "over": "window during within time_period avg_period samples",
        "for": "hold hold_time since lasting duration",
        "stable": "stable_for stability stable_time up_delay grace",
        "carrier": "link_state linkdown link_down operstate cable",
        "hold_back": "holdback dampening limits anti_flap antiflap",
        "min_stay": "cooldown cool_down dwell min_dwell hold_down holddown hold_down_time"
        " min_hold preempt_delay failback_delay switch_delay flap_protection",
        "fail_back": "failback nopreempt no_preempt preempt auto_failback fallback return",
        "switches_per_hour": "max_switches rate_limit max_switches_per_hour",
        "damping": "damp route_dampening flap_damping",
        "enabled": "enable disabled disable active inactive off administrative",
        "routes": "route routing",
        "table": "routing_table route_table rt_table tables",
        "also": "prefixes prefix networks subnets extra_routes pinned",
        "source_rules": "source_routing source_based rules_by_source policy_routing",
        "when_all_down": "last_resort default_action kill_switch killswitch blackhole unreachable",
        "after_switch": "flush_conntrack flush flush_connections flush_states state_killing"
        " conntrack_flush",
        "hooks": "scripts script notify notify_master notify_backup notify_fault exec command"
        " commands actions action hook alert alerts on_change on_up on_down mail email webhook",
        "control": "socket api management",
        "metrics": "prometheus exporter telemetry statistics stats",
        "listen": "bind listen_address listen_on",
        "ignore_linkdown": "ignore_routes_with_linkdown",
        "journal": "history record recording database",
    }.items()
    for word in words.split()
}

_PLACES: Mapping[str, str] = {
    **dict.fromkeys(("uplinks", "probes", "rules", "routes", "hold_back"), "the top of the file"),
    **dict.fromkeys(("after_switch", "hooks", "control", "metrics"), "the top of the file"),
    **dict.fromkeys(("on_exit", "journal", "track_file", "ignore_linkdown"), "the top of the file"),
    **dict.fromkeys(("interface", "gateway", "families", "onlink", "enabled"), "an uplink"),
    **dict.fromkeys(("targets", "quorum", "timeout", "interval", "type"), "a probe"),
    **dict.fromkeys(("fast_interval", "down_interval", "standby_interval"), "a probe"),
    **dict.fromkeys(("fail", "recover"), "a rule"),
    **dict.fromkeys(("failures", "loss", "latency", "jitter", "over"), "the 'fail' of a rule"),
    **dict.fromkeys(("successes", "stable"), "the 'recover' of a rule"),
    **dict.fromkeys(("min_stay", "switches_per_hour", "damping", "fail_back"), "'hold_back'"),
    **dict.fromkeys(("table", "also", "source_rules", "when_all_down"), "'routes'"),
    **dict.fromkeys(("url", "status", "body", "header"), "a probe of the type http"),
    **dict.fromkeys(("record", "value"), "a probe of the type dns"),
    "refused": "a probe of the type tcp",
    "resolver": "a probe",
    "metric": "an uplink",
    "conntrack": "'after_switch'",
    "group": "'control'",
    "listen": "'metrics'",
    "run": "a hook",
    "attempts": "a hook",
}
"""Where a key of the policy stands, if it has one place."""

_ORDER = "uplinks stand in order of preference: put the best one first"
_BALANCE = "there is no load balancing: one uplink carries all the traffic of a family"
_COMMENT = "write it as a comment: '# …'"
_ROUND = "a round asks each target once: write how many rounds in a row must fail ('failures')"

_METERED = (
    "an uplink that costs by the byte is asked less often while it stands by: write in it"
    " 'probes: {PROBE: {standby_interval: 1m}}'"
)
_PORT = (
    "only a probe of the type tcp has a port; for a page write it in the URL, as in"
    " http://www.example.net:8080/"
)

_OTHERWISE: Mapping[str, str] = {
    **dict.fromkeys(("priority", "preference", "order", "tier", "rank", "primary"), _ORDER),
    **dict.fromkeys(("weight", "balance", "load_balance", "load_balancing", "ecmp"), _BALANCE),
    **dict.fromkeys(("ratio", "sticky", "use_policy"), _BALANCE),
    **dict.fromkeys(
        ("description", "comment", "note", "notes", "desc", "info", "tag", "owner"), _COMMENT
    ),
    **dict.fromkeys(("packets", "packet_count", "ping_count", "burst"), _ROUND),
    **dict.fromkeys(("metered", "expensive", "quota", "data_limit"), _METERED),
    **dict.fromkeys(("port", "dport", "tcp_port"), _PORT),
    "ping": "a probe of the type icmp pings: {type: icmp, targets: [ADDRESS]}",
    "name": "the name stands before the ':', as in NAME: {…}",
    "mark": "it makes no marks: rules by firewall marks are your own",
    "fwmark": "it makes no marks: rules by firewall marks are your own",
    "masquerade": "it makes no firewall rules: masquerade on all uplinks by nftables",
    "nat": "it makes no firewall rules: masquerade on all uplinks by nftables",
    "source": "each uplink's own address is taken as the source",
    "src": "each uplink's own address is taken as the source",
    "dns": "which resolvers are used is nothing that it changes: a hook can do so",
    "mtu": "a route takes the MTU of its interface, or what the learned route says",
    "log": "the log is set on the command line: --log-level, --log-format",
    "log_level": "the log is set on the command line: --log-level, --log-format",
    "loglevel": "the log is set on the command line: --log-level, --log-format",
}


def meaning(word: str) -> str | None:
    """The key of a policy that says the same as `word` says elsewhere."""
    return _MEANT.get(_plain(word))


def _plain(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_").strip("_")


def key_here(word: str, known: Collection[str]) -> str | None:
    """The one of the `known` keys that says here what `word` says elsewhere, or is its own name in
    another case."""
    plain = _plain(word)
    if plain in known:
        return plain
    if (here := key_in_place(plain, known)) is not None:
        return here
    key = meaning(word)
    return key if key in known and refused_in_place(plain, known) is None else None


def says(word: str, key: str, known: Collection[str]) -> bool:
    """Whether an unknown key stands for `key`, in the hint that is given for it."""
    refused = refused_in_place(_plain(word), known)
    return key_here(word, known) == key or (refused is not None and refused[1] == key)


def key_meant(word: str, known: Collection[str]) -> str | None:
    """A hint for a key that is not known here: that is certain, by what it means elsewhere.

    `known` are the keys that may stand here.
    """
    plain = _plain(word)
    key = key_here(word, known)
    if key is not None:
        return f"did you mean {key!r}?"
    if (refused := refused_in_place(plain, known)) is not None:
        return refused[0]
    if plain in _OTHERWISE:
        return _OTHERWISE[plain]
    return place_of(plain) if plain in _PLACES else None


def place_of(word: str) -> str | None:
    """A hint where in a policy that stands which `word` says elsewhere."""
    key = _plain(word) if _plain(word) in _PLACES else meaning(word)
    place = _PLACES.get(key) if key is not None else None
    return None if place is None else f"write {key!r} in {place}"
