"""Pages of a real web server by TLS: its certificate is for the right name, then for another."""

import os
import signal
import sys
from pathlib import Path

import pytest

from route_switcher.lab.addresses import INTERNET
from route_switcher.lab.topology import Lab
from support.certificates import Authority, Certificate
from support.running import Start, eventually
from support.written_policy_files import policy_text

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

PORT = 8443
CONFIGURATION = """\
daemon off;
pid {folder}/pid;
error_log stderr;
events {{ }}
http {{
  access_log off;
  server {{
    listen {port} ssl;
    ssl_certificate {certificate.chain};
    ssl_certificate_key {certificate.key};
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
        text = CONFIGURATION.format(folder=self._folder, port=PORT, certificate=certificate)
        (self._folder / "nginx.conf").write_text(text)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nginx")


def test_the_certificate_of_a_real_server_decides(lab: Lab, start: Start, folder: Path) -> None:
    authority, nginx = Authority(folder), Nginx(lab, folder)
    nginx.start(authority.certificate())
    text = policy_text(lab).replace("failures: 3", "failures: 3, probe: internet")
    text = text.replace("    rules:", "rules:").replace(
        "rules:\n",
        f"  pages: {{type: http, url: 'https://www.example.net:{PORT}/', status: 204,"
        f" targets: [{lab.targets_v4[0]}], interval: 300ms, timeout: 300ms}}\n"
        "rules:\n  - {name: pages, fail: {failures: 2, probe: pages}}\n",
    )
    engine = start(text, wrapped_in=["env", f"SSL_CERT_FILE={authority.file}"])
    engine.wait_for_health("primary", "secondary")
    nginx.change(authority.certificate(name="portal.example"))
    failed = engine.wait_for("rule", rule="pages", after="failed")
    assert "TLS wrong name" in str(failed.fields["evidence"])
