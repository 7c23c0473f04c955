"""May the engine do what it must, and may nobody else change what it does?"""

from collections.abc import Iterator

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.access import Service
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.machine import Machine
from route_switcher.text.quantities import listed

_NAME = "access"
_ROOT_LACKS = Fault(_NAME, "root-lacks", Verdict.FAIL)
_POLICY_WRITABLE = Fault(_NAME, "policy-writable", Verdict.WARN)
_RUN_FOLDER = Fault(_NAME, "run-folder", Verdict.WARN)
_SERVICE_LACKS = Fault(_NAME, "service-lacks", Verdict.FAIL)
_POLICY_UNREADABLE = Fault(_NAME, "policy-unreadable", Verdict.FAIL)
_STATE_READ_ONLY = Fault(_NAME, "state-read-only", Verdict.WARN)
_SERVICE_HIDDEN = Fault(_NAME, "service-hidden", Verdict.FAIL)

_WHAT_FOR = "they are for routes (CAP_NET_ADMIN) and probes (CAP_NET_RAW)"
_DROP_IN = "/etc/systemd/system/route-switcher.service.d"


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    yield _user(machine)
    yield from _policy_file(machine)
    yield _run_folder(machine)
    found = machine.access.service
    if found is None:
        yield skipped(_NAME, "service", "no unit route-switcher.service is installed")
    else:
        yield from _service(found)


def _user(machine: Machine) -> Finding:
    access = machine.access
    if not access.lacks:
        return passed(_NAME, "this user", "has the capabilities that an engine needs")
    lacks = listed(access.lacks)
    if not access.is_root:
        return skipped(_NAME, "this user", f"lacks {lacks}: run this as root to see what root may")
    text = (
        f"root lacks {lacks} here, as in a container; {_WHAT_FOR}. Start the container with "
        "--cap-add NET_ADMIN --cap-add NET_RAW"
    )
    return _ROOT_LACKS.found("this user", text)


def _policy_file(machine: Machine) -> Iterator[Finding]:
    for writer in machine.access.policy_writers:
        text = f"{writer.who} may change the policy, by {writer.path}"
        yield _POLICY_WRITABLE.found("policy", text, writer.remedy)
    if not machine.access.policy_writers:
        yield passed(_NAME, "policy", "no other user can change it")


def _run_folder(machine: Machine) -> Finding:
    folder = machine.access.run_folder
    if folder.trouble is None:
        return passed(_NAME, folder.path, "it is right for the lock and the control socket")
    if not machine.access.is_root:
        return skipped(_NAME, folder.path, f"it is not for this user ({folder.trouble})")
    text = f"an engine does not take it for the lock and the control socket ({folder.trouble})"
    return _RUN_FOLDER.found(folder.path, text, *folder.remedies)


def _service(found: Service) -> Iterator[Finding]:
    findings = []
    if found.lacks:
        text = (
            f"{found.file} does not give {listed(found.lacks)} to its user; {_WHAT_FOR}. Then: "
            "systemctl daemon-reload, and restart the service"
        )
        names = "CAP_NET_ADMIN CAP_NET_RAW"
        lines = f"[Service]\\nAmbientCapabilities={names}\\nCapabilityBoundingSet={names}\\n"
        write = f"printf '{lines}' >{_DROP_IN}/zz-capabilities.conf"
        findings.append(_SERVICE_LACKS.found("service", text, f"mkdir -p {_DROP_IN}", write))
    if found.unreadable:
        text = f"its user has no right to read {found.policy}"
        findings.append(_POLICY_UNREADABLE.found("service", text, *found.unreadable))
    if found.hides_run_folder:
        text = (
            f"{found.file} has DynamicUser=yes and RuntimeDirectoryPreserve=: systemd then hides "
            "the control socket, and no command finds it. Then: systemctl daemon-reload, and "
            "restart the service. docs/service.md says how to keep the folder"
        )
        write = f"printf '[Service]\\nRuntimeDirectoryPreserve=no\\n' >{_DROP_IN}/zz-folder.conf"
        findings.append(_SERVICE_HIDDEN.found("service", text, f"mkdir -p {_DROP_IN}", write))
    if found.read_only is not None:
        text = f"{found.read_only} is read-only: orders are not kept over a restart"
        remedy = f"mount -o remount,rw {found.read_only}"
        findings.append(_STATE_READ_ONLY.found("service", text, remedy))
    yield from findings
    if not findings:
        yield passed(_NAME, "service", f"{found.file} gives it what it needs")


CHECK = Check(
    _NAME,
    _judge,
    (
        _ROOT_LACKS,
        _POLICY_WRITABLE,
        _RUN_FOLDER,
        _SERVICE_LACKS,
        _POLICY_UNREADABLE,
        _STATE_READ_ONLY,
        _SERVICE_HIDDEN,
    ),
)
