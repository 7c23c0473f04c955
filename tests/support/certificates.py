"""Certificates for tests: an authority, and what it signs, made by openssl(1)."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from ssl import PEM_cert_to_DER_cert

NAME = "www.example.net"
CHAIN = 3500
"""Bytes of all certificates that a usual server sends."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of one certificate, which has its key beside it."""

    chain: Path
    key: Path


class Authority:
    """Signs certificates, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "authority.pem"
        self._key = folder / "authority.key"
        self._openssl(
            *("req", "-x509", *_KEY, "-keyout", str(self._key), "-out", str(self.file)),
            *("-subj", "/CN=test authority", "-days", "2"),
            # Python 3.13 takes no other as an authority.
            *("-addext", "keyUsage=critical,keyCertSign"),
        )

    def certificate(
        self, *, name: str = NAME, days: int = 2, signed: bool = True, size: int = 0
    ) -> Certificate:
        """One for a name, or an address, which is valid from now on for so many days; -1: it was
        valid until yesterday. Or one that is signed by itself. With `size`, another one follows in
        its chain, so that both have so many bytes."""
        kind = "IP" if ":" in name or name[-1].isdigit() else "DNS"
        stem = f"{name}_{days}_{signed}"
        key, asked, chain = (self._folder / f"{stem}.{end}" for end in ("key", "csr", "pem"))
        subject = ("-subj", "/CN=a server", "-addext", f"subjectAltName={kind}:{name}")
        if not signed:
            self._openssl("req", "-x509", *_KEY, "-keyout", str(key), "-out", str(chain), *subject)
            return Certificate(chain, key)
        self._openssl("req", "-new", *_KEY, "-keyout", str(key), "-out", str(asked), *subject)
        self._openssl(
            *("x509", "-req", "-in", str(asked), "-out", str(chain), "-days", str(days)),
            *("-CA", str(self.file), "-CAkey", str(self._key), "-copy_extensions", "copy"),
        )
        if size:
            with chain.open("a") as more:
                more.write(self._filling(size - len(PEM_cert_to_DER_cert(chain.read_text()))))
        return Certificate(chain, key)

    def _filling(self, size: int) -> str:
        """A certificate of about so many bytes, which proves nothing."""
        made = self._folder / "filling.pem"
        self._openssl(
            *("req", "-x509", *_KEY, "-keyout", "/dev/null", "-out", str(made), "-subj", "/CN=x"),
            *("-addext", f"1.2.3.4=DER:{'00' * (size - _BARE)}"),
        )
        return made.read_text()

    @staticmethod
    def _openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True)


_BARE = 415
"""Bytes of such a certificate without what fills it."""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
