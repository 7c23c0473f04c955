"""What an error of TLS says: of the certificate, of the handshake, or of this machine's clock."""

import ssl
from functools import cache

from route_switcher.core.probing.round import RequestFault
from route_switcher.core.vocabulary.checks import Layer
from route_switcher.core.vocabulary.states import RoundOutcome

_FAILED, _UNKNOWN = RoundOutcome.FAILED, RoundOutcome.UNKNOWN

# X509_V_ERR_… of openssl/x509_vfy.h.
_OF_CERTIFICATES = {
    9: (_UNKNOWN, "TLS certificate not valid yet: is the clock of this machine right?"),
    10: (_FAILED, "TLS certificate expired"),
    18: (_FAILED, "TLS unknown issuer (self-signed)"),
    19: (_FAILED, "TLS unknown issuer (self-signed)"),
    20: (_FAILED, "TLS unknown issuer"),
    21: (_FAILED, "TLS unknown issuer"),
    62: (_FAILED, "TLS wrong name"),
    64: (_FAILED, "TLS wrong name"),
}


@cache
def client_context() -> ssl.SSLContext:
    """How every connection proves whom it talks to: by the certificates of this system.

    Made once: that takes 20 ms or more, and some memory.
    """
    return ssl.create_default_context()


def tls_fault(error: ssl.SSLError) -> RequestFault:
    """What `error`, from a handshake or a connection, says of the other end."""
    if isinstance(error, ssl.SSLCertVerificationError):
        outcome, words = _OF_CERTIFICATES.get(
            error.verify_code, (_FAILED, f"TLS certificate refused: {error.verify_message}")
        )
        return RequestFault(outcome, words, Layer.TLS)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return RequestFault(_FAILED, "connection closed in the TLS handshake", Layer.TLS)
    reason = (error.reason or "handshake failed").replace("_", " ").lower()
    return RequestFault(_FAILED, f"TLS error: {reason}", Layer.TLS)
