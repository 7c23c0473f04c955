"""A document that was read → the `Policy` that it means, or every problem that it has."""

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.policy.file_kinds import POLICY
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import PolicyProblems
from route_switcher.policy.schema.check import check_schema
from route_switcher.policy.sections import probes, rules, uplinks
from route_switcher.policy.sections.after_switch import read_conntrack
from route_switcher.policy.sections.control import read_control
from route_switcher.policy.sections.enabled import (
    probes_that_are_on,
    rules_that_are_on,
    switched_off,
    uplinks_that_are_on,
)
from route_switcher.policy.sections.exit import read_on_exit
from route_switcher.policy.sections.families_move import read_families_move
from route_switcher.policy.sections.hold_back import read_hold_back
from route_switcher.policy.sections.hooks import read_hooks
from route_switcher.policy.sections.journal import read_journal
from route_switcher.policy.sections.metrics import read_metrics
from route_switcher.policy.sections.probe_overrides import bound_hints_of_overrides, override
from route_switcher.policy.sections.routes import read_placement
from route_switcher.policy.sections.track_file import read_track_file
from route_switcher.policy.yaml.reader import Document

IGNORE_LINKDOWN = "ignore_linkdown"
SCENARIOS = "scenarios"
"""A key of scenario files alone."""


def compile_policy(document: Document, origin: str) -> Policy:
    """The policy that `document` means. Raises `PolicyProblems`, calling it `origin`."""
    findings = Findings(document)
    _refuse_scenarios(findings, origin)
    check_schema(findings, POLICY)
    certain = findings.complete(uplinks.SECTION)
    names = uplinks.names(findings)
    the_uplinks = uplinks.read_uplinks(findings)
    # One that was left out for its own problems may be the only one of its family.
    certain = certain and len({uplink.name for uplink in the_uplinks}) == len(names)
    the_probes = probes.read_probes(findings, names, the_uplinks if certain else None)
    the_rules = rules.read_rules(findings, names, the_probes)
    if certain:
        the_probes = override(findings, the_probes, the_uplinks, the_rules)
    else:
        bound_hints_of_overrides(findings)
    the_hold_back = read_hold_back(findings)
    the_control = read_control(findings)
    the_hooks = read_hooks(findings)
    the_metrics = read_metrics(findings)
    placement = read_placement(findings, names, the_uplinks)
    off = switched_off(findings, names)
    if findings.problems:
        raise PolicyProblems(origin, findings.problems, document.text)
    if off:
        the_uplinks = uplinks_that_are_on(the_uplinks, off)
        the_probes = probes_that_are_on(the_probes, the_uplinks, off)
        the_rules = rules_that_are_on(the_rules, the_probes, off)
    linkdown = findings.get((IGNORE_LINKDOWN,)) is True
    return Policy(
        the_uplinks,
        the_probes,
        the_rules,
        linkdown,
        the_hold_back,
        placement,
        the_control,
        read_on_exit(findings),
        read_track_file(findings),
        the_hooks,
        read_conntrack(findings),
        read_families_move(findings),
        the_metrics,
        read_journal(findings),
    )


def _refuse_scenarios(findings: Findings, origin: str) -> None:
    """A scenario file is nothing but wrong as a policy: one problem says more than ten."""
    written = findings.document.keys
    if (SCENARIOS,) not in written or (uplinks.SECTION,) in written:
        return
    message, hint = "this is a scenario file, not a policy", "route-switcher test runs it"
    findings.report("not-a-policy", (SCENARIOS,), message, hint, on_key=True)
    raise PolicyProblems(origin, findings.problems, findings.document.text)
