"""Pages of a real web server: by TLS its certificate decides, and they cost what is computed."""

import os
import signal
import sys
from pathlib import Path

import pytest

from route_switcher.analysis.figures.traffic import bytes_of_target
from route_switcher.core.vocabulary.checks import HttpGet
from route_switcher.lab.addresses import INTERNET
from route_switcher.lab.topology import Lab
from route_switcher.policy.load import load_text
from support.certificates import CHAIN, NAME, Authority, Certificate
from support.isp_counters import counting
from support.running import Start, eventually
from support.written_policy_files import DUAL_STACK, policy_text

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

PORT, PLAIN = 8443, 8080
CONFIGURATION = """\
daemon off;
pid {folder}/pid;
error_log stderr;
events {{ }}
http {{
  access_log off;
  server {{
    listen {port} ssl;
    listen [::]:{port} ssl;
    ssl_certificate {certificate.chain};
    ssl_certificate_key {certificate.key};
    location / {{ return 204; }}
  }}
  server {{
    listen {plain};
    listen [::]:{plain};
    location / {{ return 204; }}
  }}
}}
"""


class Nginx:
    """Runs in the namespace of the internet."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._lab, self._folder = lab, folder

    def start(self, certificate: Certificate) -> None:
        """Serve by this certificate."""
        self._write(certificate)
        words = ["nginx", "-c", str(self._folder / "nginx.conf"), "-p", str(self._folder)]
        self._process = self._lab.start(INTERNET, words, stderr=sys.stderr)
        eventually(lambda: (self._folder / "pid").exists(), "nginx serves")

    def change(self, certificate: Certificate) -> None:
        """Serve by another one."""
        self._write(certificate)
        os.kill(int((self._folder / "pid").read_text()), signal.SIGHUP)

    def _write(self, certificate: Certificate) -> None:
        text = CONFIGURATION.format(
            folder=self._folder, port=PORT, plain=PLAIN, certificate=certificate
        )
        (self._folder / "nginx.conf").write_text(text)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nginx")


def test_the_certificate_of_a_real_server_decides(lab: Lab, start: Start, folder: Path) -> None:
    authority, nginx = Authority(folder), Nginx(lab, folder)
    nginx.start(authority.certificate())
    text = policy_text(lab, failures=3).replace("failures: 3", "failures: 3, probe: internet")
    text = text.replace("    rules:", "rules:").replace(
        "rules:\n",
        f"  pages: {{type: http, url: 'https://www.example.net:{PORT}/', status: 204,"
        f" targets: [{lab.targets_v4[0]}], interval: 300ms, timeout: 300ms}}\n"
        "rules:\n  - {name: pages, fail: {failures: 5, probe: pages}}\n",
    )
    engine = start(text, wrapped_in=["env", f"SSL_CERT_FILE={authority.file}"])
    engine.wait_for_health("primary", "secondary")
    nginx.change(authority.certificate(name="portal.example"))
    failed = engine.wait_for("rule", rule="pages", after="failed")
    assert "TLS wrong name" in str(failed.fields["evidence"])


def test_its_pages_cost_what_is_computed(lab: Lab, start: Start, folder: Path) -> None:
    authority, nginx = Authority(folder), Nginx(lab, folder)
    nginx.start(authority.certificate(size=CHAIN))
    hosts = ", ".join(f"'{lab.targets(family)[0]}'" for family in DUAL_STACK)
    text = policy_text(lab, DUAL_STACK, order=(0, 1), failures=3).replace(
        "failures: 3", "failures: 3, probe: internet"
    )
    for kind, url in (("http", f"http://{NAME}:{PLAIN}/"), ("https", f"https://{NAME}:{PORT}/")):
        page = f"type: http, url: '{url}', targets: [{hosts}], interval: 1s, timeout: 1s"
        text = text.replace("rules:\n", f"  {kind}: {{{page}}}\nrules:\n", 1)
        text += f"  - {{name: {kind}, fail: {{failures: 3, probe: {kind}}}}}\n"
    computed = {
        (probe.name, family): bytes_of_target(probe.check, family)
        for probe in load_text(text, "it").probes
        if isinstance(probe.check, HttpGet)
        for family in DUAL_STACK
    }
    with counting(lab, lab.uplinks[0], {PLAIN: "http", PORT: "https"}) as counters:
        start(text, wrapped_in=["env", f"SSL_CERT_FILE={authority.file}"])

        def enough() -> bool:
            volumes = counters.volumes()
            return all(key in volumes and volumes[key].rounds > 5 for key in computed)

        eventually(enough, "pages")
        volumes = counters.volumes()
        measured = {key: volumes[key].bytes_a_round for key in computed}
        assert measured == pytest.approx(computed, rel=0.05)
