"""Which metrics there are, in the order in which they are written.

docs/metrics.md has them as a table, which a test holds against this one. Names and units follow
prometheus.io/docs/practices/naming.
"""

from route_switcher.daemon.metrics.exposition import Kind, Metric

_UPLINK = ("uplink", "family")
_PROBE = (*_UPLINK, "probe")
_FAMILY = ("family",)


def _gauge(name: str, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(f"route_switcher_{name}", Kind.GAUGE, text, labels)


def _counter(name: str, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(f"route_switcher_{name}_total", Kind.COUNTER, text, labels)


def _histogram(name: str, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(f"route_switcher_{name}", Kind.HISTOGRAM, text, labels)


UPLINK_STATE = _gauge(
    "uplink_state",
    (*_UPLINK, "state"),
    "1 for the state that the uplink has, 0 for the other states. An uplink that never had a next"
    " hop has none.",
)
UPLINK_ACTIVE = _gauge("uplink_active", _UPLINK, "1 if the uplink is active, otherwise 0.")
UPLINK_ANSWERS = _gauge(
    "uplink_answers",
    _UPLINK,
    "1 if the link is up and the latest known round of a probe was good, otherwise 0.",
)
UPLINK_CONNECTED = _gauge(
    "uplink_connected", _UPLINK, "1 if the interface is there, up and has a carrier, otherwise 0."
)
UPLINK_DAMPED = _gauge(
    "uplink_damped",
    _UPLINK,
    "1 while the uplink is not chosen because it failed too often, otherwise 0.",
)
UPLINK_LOSS = _gauge(
    "uplink_loss_ratio",
    _UPLINK,
    "The share of the known rounds of the last minute that failed, from 0 to 1. NaN if there was"
    " none.",
)
UPLINK_ACTIVE_SECONDS = _counter(
    "uplink_active_seconds", _UPLINK, "For how many seconds the uplink was active."
)
UPLINK_INFO = _gauge(
    "uplink_info", (*_UPLINK, "interface"), "Always 1. The label has the interface of the uplink."
)
ROUNDS = _counter(
    "probe_rounds", (*_PROBE, "outcome"), "Rounds by their outcome: good, failed or unknown."
)
REQUESTS = _counter(
    "probe_requests",
    (*_PROBE, "result"),
    "Requests to targets by what became of them: answered in time, or lost. Those are left out of"
    " which it is not known, because their round did not wait for them.",
)
ROUND_TRIP = _histogram(
    "probe_round_trip_seconds", _PROBE, "Round-trip times of the answers that came in time."
)
LAST_ROUND_TRIP = _gauge(
    "probe_last_round_trip_seconds",
    _PROBE,
    "The round-trip time of the latest answer that came in time.",
)
PROBE_BYTES = _counter(
    "probe_bytes",
    _PROBE,
    "Bytes of requests and answers, IP headers included, computed from what was asked and what"
    " answered. What programs (`exec`) send is not known: 0.",
)
PACKETS_DROPPED = _counter(
    "probe_packets_dropped",
    (*_UPLINK, "reason"),
    "Packets that a probe received and could not use.",
)
RECEIVE_TROUBLES = _counter(
    "probe_receive_troubles",
    (*_UPLINK, "kind"),
    "How often the receive buffer of a probe was full (overrun), reading failed (error), or a time"
    " stamp could not be right (timestamp).",
)
ROUND_DELAY = _histogram(
    "probe_send_delay_seconds",
    (),
    "How much later than planned rounds were sent, because this machine was busy.",
)
SWITCHES = _counter(
    "switches", (*_FAMILY, "cause"), "Switches from one active uplink to another, by their cause."
)
ASTRAY = _gauge(
    "traffic_astray",
    _FAMILY,
    "1 while the kernel sends the traffic another way than through the active uplink, otherwise 0.",
)
REFUSING = _gauge(
    "traffic_refused",
    _FAMILY,
    "1 while traffic is refused as unreachable because no uplink answers, otherwise 0.",
)
CONFLICTS = _gauge(
    "route_conflicts", _FAMILY, "How many foreign routes decide instead of our routes."
)
REFUSED_ROUTES = _gauge(
    "routes_refused",
    _FAMILY,
    "How many routes the kernel does not take now, or does not delete.",
)
ROUTE_REPAIRS = _counter(
    "route_repairs",
    (*_FAMILY, "kind"),
    "Routes and routing rules of ours that somebody else took away, and that are put back.",
)
ROUTE_ACTIONS = _counter(
    "route_actions", (*_FAMILY, "change"), "Routes that were added, replaced or deleted."
)
RECONCILE = _histogram(
    "reconcile_seconds", (), "How long it took to bring routes and rules of the kernel to the plan."
)
ORDER = _gauge(
    "order",
    (*_FAMILY, "kind"),
    "1 while an order of this kind is in force, otherwise 0.",
)
ORDERS = _counter("orders", ("order",), "Orders that were given to the engine.")
HOOK_RUNS = _counter("hook_runs", ("hook",), "Runs of hook programs that were begun.")
HOOK_FAILURES = _counter("hook_failures", ("hook",), "Runs of hook programs that failed.")
HOOKS_UNDELIVERED = _counter(
    "hooks_undelivered",
    ("hook",),
    "Events that a hook program could not be told of: also the last attempt failed.",
)
CONNECTIONS_ENDED = _counter(
    "conntrack_entries_ended",
    _FAMILY,
    "Tracked connections that were ended because they stuck to an uplink that was left.",
)
SWEEPS_FAILED = _counter(
    "conntrack_sweeps_failed", _FAMILY, "Times that ending tracked connections was not finished."
)
NEWS_LOST = _counter(
    "netlink_overruns", (), "Times that the kernel had more news than the engine could read."
)
NEWS_DISCARDED = _counter(
    "netlink_messages_discarded", ("reason",), "Netlink messages that could not be used."
)
LOG_LOST = _counter(
    "log_lines_lost", (), "Lines of the log that were lost, because nobody read them in time."
)
JOURNAL_LOST = _counter(
    "journal_events_lost",
    (),
    "Events that the engine's journal lacks, because it could not be written in time.",
)
JOURNAL_FAILS = _gauge(
    "journal_failing", (), "1 while the engine's journal cannot be written, otherwise 0."
)
RELOADS = _counter(
    "policy_reloads", ("result",), "Readings of the policy in the running engine, by their result."
)
LAST_RELOAD = _gauge(
    "policy_last_reload_successful",
    (),
    "1 if the policy was good when it was read last, 0 if it was refused and the older one counts.",
)
LAST_RELOAD_AT = _gauge(
    "policy_last_reload_success_timestamp_seconds",
    (),
    "When a policy was last read and taken (Unix time).",
)
BUILD = _gauge(
    "build_info",
    ("version", "python", "kernel"),
    "Always 1. The labels have the versions of Route-Switcher, Python and the kernel.",
)
STARTED_AT = Metric(
    "process_start_time_seconds", Kind.GAUGE, "When the engine was started (Unix time)."
)

CATALOGUE = (
    BUILD,
    STARTED_AT,
    UPLINK_INFO,
    UPLINK_STATE,
    UPLINK_ACTIVE,
    UPLINK_ANSWERS,
    UPLINK_CONNECTED,
    UPLINK_DAMPED,
    UPLINK_LOSS,
    UPLINK_ACTIVE_SECONDS,
    ROUNDS,
    REQUESTS,
    ROUND_TRIP,
    LAST_ROUND_TRIP,
    PROBE_BYTES,
    PACKETS_DROPPED,
    RECEIVE_TROUBLES,
    ROUND_DELAY,
    SWITCHES,
    ASTRAY,
    REFUSING,
    CONFLICTS,
    REFUSED_ROUTES,
    ROUTE_REPAIRS,
    ROUTE_ACTIONS,
    RECONCILE,
    ORDER,
    ORDERS,
    HOOK_RUNS,
    HOOK_FAILURES,
    HOOKS_UNDELIVERED,
    CONNECTIONS_ENDED,
    SWEEPS_FAILED,
    NEWS_LOST,
    NEWS_DISCARDED,
    LOG_LOST,
    JOURNAL_LOST,
    JOURNAL_FAILS,
    RELOADS,
    LAST_RELOAD,
    LAST_RELOAD_AT,
)
