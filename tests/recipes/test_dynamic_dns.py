"""Dynamic DNS by curl, as docs/hook-recipes.md says."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from route_switcher.lab.addresses import ROUTER, TARGETS
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.hook_recipes import INSTALLED, installed, policy, shown
from support.route_writers import need
from support.running import Start, eventually
from support.sinks import HTTP_PORT, Sink, http_sink

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

HOST = str(TARGETS[1])


@pytest.fixture
def service(lab: Lab) -> Iterator[Sink]:
    need("curl")
    with http_sink(lab, HOST) as sink:
        yield sink


def text(lab: Lab, folder: Path, **more: str) -> str:
    (folder / "dynamic-dns").write_text('user = "router:secret"\n')
    os.chmod(folder / "dynamic-dns", 0o600)
    places = {
        INSTALLED: str(installed(folder)),
        "https://dyn.example.org": f"http://{HOST}:{HTTP_PORT}",
        "/run/credentials/route-switcher.service": str(folder),
    }
    return policy(lab, shown("Dynamic DNS")[0], places | more)


def told(service: Sink) -> list[tuple[str, str]]:
    """The address that each request gave, and where it came from."""
    queries = [(parse_qs(urlsplit(each.path).query), each.peer) for each in service.taken]
    return [(query.get("myip", ["-"])[0], peer) for query, peer in queries]


def test_the_service_is_told_the_address_of_the_active_uplink(
    lab: Lab, start: Start, service: Sink, tmp_path: Path
) -> None:
    engine = start(text(lab, tmp_path))
    engine.wait_for_health("fibre", "lte")
    fibre, lte = ((str(each.address.ip),) * 2 for each in lab.uplinks)
    eventually(lambda: told(service) == [fibre], "the first selection")
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    eventually(lambda: told(service) == [fibre, lte], "failover")
    FAULTS["blackhole"].heal(lab, lab.uplinks[0])
    eventually(lambda: told(service) == [fibre, lte, fibre], "fail-back")
    for each in service.taken:
        assert urlsplit(each.path).path == "/nic/update"
        assert parse_qs(urlsplit(each.path).query)["hostname"] == ["router.example.org"]
        words = each.authorization.split()
        assert base64.b64decode(words[1]) == b"router:secret"


def test_a_private_address_is_not_told(
    lab: Lab, start: Start, service: Sink, tmp_path: Path
) -> None:
    (fibre, _) = lab.uplinks
    # The ISP knows the line by this address as well.
    for namespace, interface, address in (
        (ROUTER, fibre.interface, "100.127.0.2"),
        (fibre.name, "customer", "100.127.0.1"),
    ):
        lab.run(namespace, "ip", "address", "add", f"{address}/30", "dev", interface)
    lab.run("internet", "ip", "route", "add", "100.127.0.0/30", "via", str(fibre.backbone.ip))
    lab.run(ROUTER, "ip", "address", "delete", str(fibre.address), "dev", fibre.interface)
    start(text(lab, tmp_path).replace(str(fibre.gateway), "100.127.0.1"))
    eventually(lambda: told(service) == [("-", "100.127.0.2")], "the first selection")


def test_a_service_that_says_no_makes_the_hook_fail(
    lab: Lab, start: Start, service: Sink, tmp_path: Path
) -> None:
    service.answer = b"badauth\n"
    engine = start(text(lab, tmp_path))
    engine.wait_for("hook-output", "the service answers: badauth")
    engine.wait_for("hook", "failed: exit code 1")
