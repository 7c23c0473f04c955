"""The table of faults."""

from dataclasses import replace

from faults import acts
from faults.acts import comes, goes, router
from faults.policy import Settings
from faults.row import A_MOMENT, ALONE, FAILED_OVER, Row, Step
from faults.rows_control import ROWS_CONTROL
from faults.rows_floods import ROWS_FLOODED
from faults.rows_held import ROWS_HELD
from faults.rows_hooks import ROWS_HOOKS
from faults.rows_kinds import ROWS_KINDS
from faults.rows_links import ROWS_LINKS
from faults.rows_names import ROWS_NAMES
from faults.rows_next_hops import ROWS_NEXT_HOPS
from faults.rows_refused import ROWS_REFUSED
from faults.rows_refusing import ROWS_REFUSING
from faults.rows_remedies import ROWS_REMEDIES
from faults.rows_storms import ROWS_STORMS
from faults.rows_time import ROWS_TIME
from faults.rows_wars import ROWS_WARS
from faults.rows_ways import ROWS_WAYS
from support.lan_flows import snat

# A round is lost at most an interval after the fault, two more follow, and the last has its
# timeout: 0.4 s, so 400 packets. The rest is slack for a busy machine.
_DETECTED = 1500

_STANDBY_FAILED = frozenset({("eth0", 10), ("eth1", 1020)})

_AWAY = Step(
    comes("blackhole"),
    "moves to secondary",
    moves=("secondary",),
    taken="eth1",
    routes=FAILED_OVER,
    lost=_DETECTED,
)
"""The way to the secondary, found by probes."""
_AWAY_UNBROKEN = replace(_AWAY, path=("eth0", "eth1"))
_AT_ONCE = replace(_AWAY, lost=500)
_BACK = Step(
    goes("blackhole"),
    "back",
    moves=("primary",),
    path=("eth1", "eth0"),
    lost=A_MOMENT,
)
_STAYS = Step(comes("blackhole"), "stays", path=("eth0",), lost=A_MOMENT, rounds=15)

_BLACKHOLE = Row("blackhole beyond the gateway", _AWAY_UNBROKEN, _BACK, slow=False)

ROWS = (
    Row(
        "carrier loss",
        replace(_AT_ONCE, act=comes("carrier"), path=("eth0", "eth1")),
        replace(_BACK, act=goes("carrier")),
        slow=False,
    ),
    Row(
        "carrier loss, `ignore_linkdown: true`",
        replace(
            _AT_ONCE,
            act=comes("carrier"),
            then="the kernel moves by itself, the engine confirms",
            path=("eth0", "eth1"),
        ),
        replace(_BACK, act=goes("carrier")),
        settings=Settings(ignore_linkdown=True),
        slow=False,
    ),
    Row(
        "admin down and up",
        replace(_AT_ONCE, act=comes("admin-down"), routes=ALONE),
        replace(_BACK, act=goes("admin-down")),
    ),
    _BLACKHOLE,
    replace(
        _BLACKHOLE,
        name=f"the same while {acts.CHURNED:,} foreign routes churn",
        fault=replace(_AWAY, within=1.0),
        mended=replace(_BACK, path=None),
        before=acts.churn,
        alone=True,
        slow=True,
    ),
    replace(
        _BLACKHOLE,
        name="the same, behind `snat to` instead of masquerade",
        fault=replace(
            _AWAY_UNBROKEN, says=(("conntrack", "ended 1 connection with the address of primary"),)
        ),
        mended=replace(
            _BACK, says=(("conntrack", "ended 1 connection with the address of secondary"),)
        ),
        prepare=snat,
        slow=True,
    ),
    Row(
        "the same, and a stranger holds the lock's name from before the start",
        _AWAY_UNBROKEN,
        _BACK,
        prepare=acts.squat,
    ),
    Row(
        "the same, and a reload from a FIFO that nobody writes",
        replace(
            _AWAY_UNBROKEN,
            act=acts.reload_from_a_fifo_and_cut,
            says=(("policy", "not a regular file"),),
        ),
        _BACK,
    ),
    replace(
        _BLACKHOLE,
        name="the same while nobody reads the log",
        fault=replace(_AWAY_UNBROKEN, act=acts.cut_while_nobody_reads),
        slow=True,
    ),
    Row(
        "gateway dead, carrier up",
        replace(_AWAY_UNBROKEN, act=comes("dead-gateway")),
        replace(_BACK, act=goes("dead-gateway")),
    ),
    Row(
        "30 % loss, 3 targets, `quorum: any`",
        # A round fails with a probability of 0.3³, three in a row once in fourteen hours at 1 s.
        replace(_STAYS, act=comes("loss"), then="stays: rounds that fail are too rare", lost=None),
        replace(_STAYS, act=goes("loss")),
    ),
    Row(
        "30 % loss, 1 target",
        # Three failed rounds in a row are a question of seconds, thirty good ones in a row of luck.
        replace(
            _AWAY_UNBROKEN,
            act=comes("loss"),
            then="moves to secondary once 3 rounds in a row have failed",
            lost=None,
        ),
        replace(_BACK, act=goes("loss")),
        settings=Settings(targets=1, stable="3s"),
    ),
    Row(
        "flapping: 1 s dead, 1 s alive",
        replace(
            _AWAY_UNBROKEN,
            act=comes("flapping"),
            then="moves to secondary, once",
            rounds=45,
        ),
        replace(_BACK, act=goes("flapping")),
        # Longer than it is alive, where each turn takes two programs that have to start as well.
        settings=Settings(stable="3s"),
    ),
    Row(
        "one of three targets dead",
        replace(_STAYS, act=acts.silence_a_target),
        replace(_STAYS, act=acts.wake_the_target, rounds=5),
        slow=False,
    ),
    Row(
        "all targets dead on one line",
        replace(_AWAY_UNBROKEN, act=comes("targets-dead")),
        replace(_BACK, act=goes("targets-dead")),
    ),
    Row(
        "both lines cut at one instant",
        Step(
            acts.cut("primary", "secondary"),
            "stays",
            routes=_STANDBY_FAILED,
            path=("eth0",),
            says=(("notice", "staying with primary"),),
            flows=False,
        ),
        Step(acts.cut(), "primary in the end", moves=None),
        slow=False,
    ),
    Row(
        "both dead, then the secondary answers",
        replace(
            _AWAY_UNBROKEN,
            act=acts.cut("primary"),
            then="moves to it, at once",
            says=(("decision", "nothing is healthy, and this one answers"),),
            lost=_DETECTED,
        ),
        replace(_BACK, act=acts.cut()),
        before=acts.cut_both_and_wait,
    ),
    Row(
        "last address removed and re-added",
        replace(
            _AWAY,
            act=comes("address-removed"),
            then="the kernel moves by itself, the engine confirms",
            routes=ALONE,
            lost=500,
        ),
        replace(_BACK, act=goes("address-removed")),
    ),
    Row(
        "renumbered; policy reloaded",
        replace(
            _AWAY,
            act=acts.renumber,
            says=(("notice", "refused by the kernel: add default via 198.51.100.1"),),
            routes=ALONE,
            lost=500,
        ),
        replace(_BACK, act=acts.tell_the_policy),
    ),
    Row(
        "interface deleted and re-created",
        replace(_AT_ONCE, act=comes("interface-removed"), routes=ALONE),
        replace(_BACK, act=goes("interface-removed")),
    ),
    Row(
        "our active route deleted",
        Step(
            router("route del default via 198.51.100.1 dev eth0 metric 10 proto 115"),
            "put back at once",
            path=("eth0", "eth1", "eth0"),
            says=(("gone", "taken away by somebody else"),),
            lost=A_MOMENT,
        ),
        slow=False,
    ),
    Row(
        "all our routes flushed",
        Step(
            router("route flush proto 115"),
            "put back at once",
            says=(("gone", "dev eth0 metric 10"), ("gone", "dev eth1 metric 20")),
            lost=500,
        ),
    ),
    Row(
        "main table flushed; links set down and up",
        Step(
            router("route flush table main"),
            "no way, the kernel refuses our routes",
            moves=None,
            taken=None,
            routes=frozenset(),
            says=(("notice", "refused by the kernel: add default via 198.51.100.1"),),
            flows=False,
        ),
        Step(acts.set_links_down_and_up, "primary in the end", moves=None),
    ),
    Row(
        "better foreign default through the secondary",
        Step(
            router("route add default via 203.0.113.1 metric 5"),
            "warned, with the remedy; traffic follows the kernel to the secondary",
            taken="eth1",
            path=("eth0", "eth1"),
            says=(("notice", "foreign route in the way"), ("notice", "ip route del default via")),
            lost=A_MOMENT,
        ),
        Step(
            router("route del default via 203.0.113.1 metric 5"),
            "back, with the kernel",
            path=("eth1", "eth0"),
            says=(("notice", "foreign route out of the way"),),
            lost=A_MOMENT,
        ),
        slow=False,
    ),
    Row(
        "`unreachable` default between our metrics, then a blackhole",
        Step(
            comes("blackhole"),
            "warned before; stays, since no probe passes it either",
            routes=None,  # the standby has failed, or nothing is known of it
            path=("eth0",),
            says=(("notice", "staying with primary"),),
            flows=False,
        ),
        Step(
            router("route del unreachable default metric 15"),
            "secondary, once the remedy is applied",
            moves=("secondary",),
            taken="eth1",
            routes=FAILED_OVER,
            says=(("notice", "foreign route out of the way"),),
        ),
        before=acts.put_unreachable_between,
    ),
    Row(
        "`unreachable` default behind our metrics, then a blackhole",
        replace(_AWAY_UNBROKEN, then="warned before; moves to secondary"),
        replace(
            _BACK,
            act=acts.mend_and_make_way,
            then="back, once the remedy is applied",
            path=None,
            says=(("notice", "foreign route out of the way"),),
        ),
        before=acts.put_unreachable_behind,
    ),
    *ROWS_REFUSED,
    *ROWS_REFUSING,
    *ROWS_REMEDIES,
    *ROWS_NAMES,
    *ROWS_LINKS,
    *ROWS_NEXT_HOPS,
    *ROWS_STORMS,
    *ROWS_WAYS,
    *ROWS_KINDS,
    Row(
        "netlink overrun, our route lost in it",
        Step(
            acts.overrun,
            "everything is read again, the route is put back",
            says=(("overrun", ""), ("gone", "dev eth0 metric 10")),
            lost=A_MOMENT,
        ),
    ),
    Row(
        "all cores kept busy for 20 s",
        Step(acts.keep_cores_busy, "stays", path=("eth0",)),
        alone=True,
    ),
    *ROWS_WARS,
    *ROWS_TIME,
    *ROWS_HELD,
    *ROWS_FLOODED,
    *ROWS_CONTROL,
    *ROWS_HOOKS,
)
