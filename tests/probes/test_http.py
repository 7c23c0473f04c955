"""Pages from servers that behave well, oddly and badly, on the loopback of a private network."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import trio

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.checks import HttpGet, Layer
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes.prober import Egress
from route_switcher.probes.registry import open_prober
from route_switcher.probes.tls import client_context
from support.certificates import NAME, Authority, Certificate
from support.loopback import LONG, SHORT, TARGETS, targets_on_loopback
from support.odd_server import Behaviour, by_the_byte, endless, page, saying, serving, silent

pytestmark = pytest.mark.kernel

PORT = 7780
PLAIN = HttpGet(host=NAME, port=PORT, tls=False, path="/status?x=1")
SECURED = replace(PLAIN, tls=True)
GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    with targets_on_loopback():
        yield


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """The authority is one that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    client_context.cache_clear()
    yield authority
    client_context.cache_clear()


async def fetched(
    check: HttpGet,
    behave: Behaviour,
    certificate: Certificate | None = None,
    *,
    family: Family = Family.IPV4,
    timeout: float = LONG,  # noqa: ASYNC109 (a probe's)
) -> RoundResult:
    """A round of one target that behaves so."""
    target = TARGETS[family][0]
    async with serving(target.name, PORT, behave, certificate):
        with open_prober(Egress(interface="lo", family=family), check) as prober:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(prober.run)
                result = await prober.ask((target,), 1, timeout)
                nursery.cancel_scope.cancel()
    return result


@pytest.mark.parametrize("family", Family)
async def test_a_page_is_good(family: Family) -> None:
    result = await fetched(PLAIN, saying(page(b"hello")), family=family)
    assert (result.outcome, result.reason) == (GOOD, "")


@pytest.mark.parametrize("family", Family)
async def test_a_page_by_tls_is_good(family: Family, trusted: Authority) -> None:
    result = await fetched(SECURED, saying(page()), trusted.certificate(), family=family)
    assert (result.outcome, result.reason) == (GOOD, "")


async def test_a_certificate_for_an_address_is_good(trusted: Authority) -> None:
    address = TARGETS[Family.IPV4][0].name
    check = replace(SECURED, host=address)
    result = await fetched(check, saying(page()), trusted.certificate(name=address))
    assert (result.outcome, result.reason) == (GOOD, "")


async def test_the_server_is_told_what_the_url_says() -> None:
    heard: list[bytes] = []

    async def listen(stream: trio.SocketStream) -> None:  # type: ignore[type-arg, unused-ignore]
        heard.append(await stream.receive_some())
        await stream.send_all(page())

    await fetched(PLAIN, listen)  # type: ignore[arg-type]
    lines = heard[0].decode().split("\r\n")
    assert lines[:2] == ["GET /status?x=1 HTTP/1.1", f"Host: {NAME}:{PORT}"]
    assert "Connection: close" in lines


def redirect(place: str, status: str = "302 Found") -> Behaviour:
    return saying(page(b"", status, f"Location: {place}"))


LIES = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

PAGES: dict[str, tuple[HttpGet, Behaviour, str]] = {
    "another status": (PLAIN, saying(page(status="404 Not Found")), "status 404, not 2xx"),
    "not the status": (
        replace(PLAIN, status=204),
        saying(page(b"log in here")),
        "status 200, not 204",
    ),
    "the status, though it redirects": (replace(PLAIN, status=302), redirect("http://x.net/"), ""),
    "a portal": (
        PLAIN,
        redirect("http://portal.hotel.example/login?u=1"),
        "portal: redirected to http://portal.hotel.example/login?u=1",
    ),
    "a portal by its address": (
        PLAIN,
        redirect("//10.0.0.1/"),
        "portal: redirected to http://10.0.0.1/",
    ),
    "a portal that says so": (
        PLAIN,
        saying(page(status="511 Network Authentication Required")),
        "portal: it wants a login (status 511)",
    ),
    "a redirect loop": (
        PLAIN,
        redirect("/status?x=1"),
        f"redirected to http://{NAME}:{PORT}/status?x=1",
    ),
    "a redirect to TLS": (PLAIN, redirect(f"https://{NAME}/"), f"redirected to https://{NAME}/"),
    "a redirect to no URL": (PLAIN, redirect("http://[::"), "status 302 to a place that is no URL"),
    "a redirect to nowhere": (
        PLAIN,
        saying(page(status="302 Found")),
        "status 302, not 2xx",
    ),
    "a terminal's commands": (
        PLAIN,
        saying(page(b"", "302 Found", "Location: http://x.example/\xff\x80")),
        r"portal: redirected to http://x.example/ÿ\x80",
    ),
    "the text": (replace(PLAIN, body="success"), saying(page(b"a success.")), ""),
    "the text in two parts": (
        replace(PLAIN, body="success"),
        saying(page(b"a success.")[:-6], b"ccess."),
        "",
    ),
    "not the text": (
        replace(PLAIN, body="success"),
        saying(page(b"log in here")),
        "the page does not have the text that is wanted",
    ),
    "the text too late": (
        replace(PLAIN, body="success"),
        saying(LIES, b"10000\r\n", b"x" * 65536, b"\r\n7\r\nsuccess\r\n0\r\n\r\n"),
        "an answer of more than 64 kB that does not have the text that is wanted",
    ),
    "the header": (
        replace(PLAIN, header=("server", "nginx")),
        saying(page(b"", "200 OK", "SERVER: the nginx")),
        "",
    ),
    "not the header": (
        replace(PLAIN, header=("server", "nginx")),
        saying(page(b"", "200 OK", "Server: box")),
        "header server: box",
    ),
    "no header": (replace(PLAIN, header=("server", "x")), saying(page()), "no header server"),
    "closed at once": (PLAIN, saying(), "the connection was closed before the answer was"),
    "closed in the answer": (
        PLAIN,
        saying(b"HTTP/1.1 200 O"),
        "the connection was closed before the answer was complete",
    ),
    "closed in the page": (
        replace(PLAIN, body="success"),
        saying(page(b"a success.")[:-5]),
        "the connection was closed before the answer was complete",
    ),
    "another protocol": (
        PLAIN,
        saying(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        "an answer that is no HTTP",
    ),
    "bad chunks": (
        replace(PLAIN, body="success"),
        saying(LIES, b"xyz\r\nsuccess"),
        "an answer that is no HTTP",
    ),
    "two lengths": (
        PLAIN,
        saying(page(b"x", "200 OK", "Content-Length: 7")),
        "an answer that is no HTTP",
    ),
    "endless headers": (
        PLAIN,
        endless(b"X: y\r\n", b"HTTP/1.1 200 OK\r\n"),
        "an answer that is no",
    ),
    "one endless header": (PLAIN, endless(b"x" * 999, b"HTTP/1.1 200 OK\r\nX:"), "an answer that"),
    "endless beginnings": (PLAIN, endless(b"HTTP/1.1 100 Continue\r\n\r\n"), "an answer of more"),
    "an endless page": (
        replace(PLAIN, body="success"),
        endless(b"1000\r\n" + b"x" * 4096 + b"\r\n", LIES),
        "an answer of more than 64 kB that does not have the text that is wanted",
    ),
    "an endless page that nobody reads": (
        PLAIN,
        endless(b"1000\r\n" + b"x" * 4096 + b"\r\n", LIES),
        "",
    ),
}


@pytest.mark.parametrize("name", PAGES)
async def test_what_a_page_is_like_decides(name: str) -> None:
    check, behave, reason = PAGES[name]
    result = await fetched(check, behave)
    assert result.reason.startswith(reason)
    assert result.outcome is (FAILED if reason else GOOD), result.reason


@pytest.mark.usefixtures("however_late")
@pytest.mark.parametrize(
    ("check", "behave", "reason", "layer"),
    [
        (PLAIN, silent, "no page within 0.5 s", None),
        (SECURED, None, "no TLS handshake within 0.5 s", Layer.TLS),
        (PLAIN, by_the_byte(page(b"x" * 99)), "no page within 0.5 s", None),
    ],
)
async def test_who_does_not_answer_in_time_is_not_waited_for(
    check: HttpGet, behave: Behaviour | None, reason: str, layer: Layer | None
) -> None:
    result = await fetched(check, behave or silent, timeout=SHORT)
    assert (result.outcome, result.reason) == (FAILED, reason)
    assert result.answers[0].layer is layer


async def test_a_target_takes_the_place_of_the_host() -> None:
    """The name of the host is not looked up then: its resolver would not answer."""
    result = await fetched(replace(PLAIN, host="gone.example"), saying(page()))
    assert result.outcome is GOOD


async def test_a_server_that_is_not_there_is_a_matter_of_tcp() -> None:
    target = TARGETS[Family.IPV4][0]
    with open_prober(Egress(interface="lo", family=Family.IPV4), PLAIN) as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            result = await prober.ask((target,), 1, LONG)
            nursery.cancel_scope.cancel()
    assert (result.outcome, result.reason) == (FAILED, "connection refused")
    assert result.answers[0].layer is Layer.TCP


async def test_certificates_are_told_apart(trusted: Authority) -> None:
    said = {
        "TLS wrong name": trusted.certificate(name="portal.example"),
        "TLS certificate expired": trusted.certificate(days=-1),
        "TLS unknown issuer (self-signed)": trusted.certificate(signed=False),
    }
    for words, certificate in said.items():
        result = await fetched(SECURED, saying(page()), certificate)
        assert (result.outcome, result.reason) == (FAILED, words)
        assert result.answers[0].layer is Layer.TLS


async def test_an_authority_that_nobody_trusts_is_an_unknown_issuer(authority: Authority) -> None:
    client_context.cache_clear()
    result = await fetched(SECURED, saying(page()), authority.certificate())
    assert (result.outcome, result.reason) == (FAILED, "TLS unknown issuer")


async def test_a_server_without_tls_and_one_with_garbage_are_tls_errors() -> None:
    async def garbage(stream: trio.SocketStream) -> None:
        await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def gone(stream: trio.SocketStream) -> None:
        await stream.receive_some()

    spoken = await fetched(SECURED, garbage)  # type: ignore[arg-type]
    closed = await fetched(SECURED, gone)  # type: ignore[arg-type]
    assert spoken.reason == "TLS error: wrong version number"
    assert closed.reason == "connection closed in the TLS handshake"
    assert spoken.answers[0].layer is closed.answers[0].layer is Layer.TLS


async def test_a_certificate_of_megabytes_is_refused(trusted: Authority) -> None:
    good = trusted.certificate()
    one = trusted.file.read_text()
    large = good.chain.with_name("large.pem")
    large.write_text(good.chain.read_text() + one * (1_000_000 // len(one)))
    result = await fetched(SECURED, saying(page()), Certificate(large, good.key))
    assert (result.outcome, result.reason) == (FAILED, "TLS error: excessive message size")
