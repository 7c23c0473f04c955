"""Worlds of random policies to which everything can happen that a test may think of."""

from dataclasses import replace
from math import inf, lcm

from hypothesis import strategies as st

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.orders import Drill
from route_switcher.core.vocabulary.policy import Damping, FailBack, HoldBack, Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Target, answers_needed
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.schedule import STRIDE, nanoseconds
from route_switcher.virtual.stream import Stream
from support.answering import RTT, T1, T2, T3, Net, policy, probe
from support.histories import fail_leaves, recover_leaves, trees
from support.world import uplink

NAMES = ("a", "b", "c")
LINES = tuple(uplink(name, number) for number, name in enumerate(NAMES))


class Twin(Net):
    """A net that knows what it last said, so that it can tell whether it would say it again."""

    def __init__(self, rules: Policy) -> None:
        self.slow: set[str] = set()
        self.unasked: set[str] = set()
        self.said: dict[tuple[str, str, Target], Fate] = {}
        self.sent: dict[tuple[UplinkId, str], tuple[float, float]] = {}
        """When the latest two rounds were sent."""
        super().__init__(rules)
        self.fates = self._fate

    def _fate(self, name: str, target: Target) -> Fate:
        if name in self.unasked:
            return "no buffer"
        return 0.25 if name in self.slow else RTT

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> Fate:
        _, latest = self.sent.get((uplink, probe), (-inf, -inf))
        if sent_at != latest:
            self.sent[uplink, probe] = latest, sent_at
        said = self.said[uplink.name, probe, target] = super().answer(
            uplink, probe, target, sent_at
        )
        return said

    def do(self, what: str, name: str, rules: Policy, other: Policy) -> None:
        """Break something, or mend it."""
        interface = f"eth{NAMES.index(name)}"
        match what:
            case "cut":
                self.cut(name)
            case "mend":
                self.mend(name)
            case "slow":
                self.slow ^= {name}
            case "unasked":
                self.unasked ^= {name}
            case "dead":
                self.dead ^= {(T1, T2, T3)[NAMES.index(name)]}
            case "unplug":
                self.world.set_links(LinkState(interface, carrier=False))
            case "plug":
                self.world.set_links(LinkState(interface))
            case "order":
                self.world.switch(name, seconds=20)
            case "drill":
                self.world.submit(Drill(self.world.now, name, self.world.now + 20))
            case "release":
                self.world.release(name)
            case "reload":
                self.world.reload(rules)
            case "other":
                self.world.reload(other)
            case "heal":
                for names in (self.cuts, self.slow, self.unasked):
                    names.clear()
                self.dead.clear()
                for line in LINES:
                    self.world.set_links(LinkState(line.interface))

    def calm(self) -> bool:
        """Whether every round would be as the latest was, and good, or answered by nobody."""
        rules = self.world.policy
        for line in rules.uplinks:
            if not self.world.link_of(line.interface).connected:
                return False
            for its in rules.probes_through(line.name):
                targets = its.targets_for(Family.IPV4)
                good = 0
                for target in targets:
                    said = self.said.get((line.name, its.name, target), "nothing")
                    gone = line.name in self.cuts or target in self.dead
                    fate = None if gone else self._fate(line.name, target)
                    if said != fate or isinstance(fate, str):
                        return False
                    good += isinstance(fate, float) and fate <= its.timeout
                if 0 < good < answers_needed(its.quorum, len(targets)):
                    return False
        # Nothing may be missing of what is under way, and no stream may have changed its pace.
        return all(not stream._rests and self._at_pace(stream) for stream in self.world.streams())

    def _at_pace(self, stream: Stream) -> bool:
        before, latest = self.sent[stream.uplink, stream.probe]
        return before > -inf and nanoseconds(latest - before) == stream.interval

    def period(self) -> float:
        """Seconds after which the schedule repeats."""
        return lcm(STRIDE, *(stream.interval for stream in self.world.streams())) / 1e9


targets = st.sampled_from([(T1,), (T1, T2), (T1, T2, T3), (T1, T2, T3)])
internet_a = st.builds(
    lambda targets, quorum, fast, down, standby: probe(
        *targets,
        quorum=quorum,
        timeout=0.5,
        fast=fast,
        down=down,
        standby=standby,
        name="a",
    ),
    targets,
    st.sampled_from(["any", "all", 2]),
    st.sampled_from([0.5, 1.0]),
    st.sampled_from([1.0, 5.0]),
    st.sampled_from([1.0, 4.0, 6.0]),
)
office_b = st.builds(
    lambda targets, quorum: probe(*targets, quorum=quorum, timeout=0.5, interval=2.0, name="b"),
    targets,
    st.sampled_from(["any", "all"]),
)
a_rule = st.builds(
    Rule,
    st.just("one"),
    trees(fail_leaves),
    st.builds(Recover, st.sampled_from([0.0, 5.0]), st.one_of(st.none(), trees(recover_leaves))),
)
hold_backs = st.builds(
    HoldBack,
    st.sampled_from([0.0, 20.0]),
    st.sampled_from([None, 2]),
    st.sampled_from([None, Damping(30.0, 2.0, 1.0, 120.0)]),
    st.sampled_from(FailBack),
)
policies = st.builds(
    lambda number, one, two, first, second, hold_back: policy(
        *LINES[:number],
        probes=(one, two),
        rules=(first, replace(second, name="two")),
        hold_back=hold_back,
    ),
    st.integers(2, 3),
    internet_a,
    office_b,
    a_rule,
    a_rule,
    hold_backs,
)
