"""Whatever comes as a request is taken or refused; what is taken is a request for others too."""

from random import Random

import h11
from hypothesis import example, given
from hypothesis import strategies as st

from fuzz.target import spoilt
from route_switcher.daemon.metrics.http import OK, TOO_LARGE, Status, asked, ends, head_of

SOUND = (
    b"GET /metrics HTTP/1.1\r\nHost: localhost:9000\r\nUser-Agent: Prometheus/3.0\r\n"
    b"Accept: text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\nAccept-Encoding: gzip\r\n"
    b"X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n"
)


def taken_by_h11(request: bytes) -> bool:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(request)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError:
        return False
    return isinstance(event, h11.Request)


def spoilt_often(seed: int, times: int) -> bytes:
    random, data = Random(seed), SOUND
    for _ in range(times):
        data = spoilt(data, random)
    return data


@given(st.builds(spoilt_often, st.integers(0, 1 << 30), st.integers(0, 6)) | st.binary())
@example(SOUND)
@example(b"GET /metrics HTTP/1.1\r\nHost: x\x00\r\n\r\n")
@example(b"GET /metrics HTTP/1.1\r\nHost: x\r\nA:\rb\r\n\r\n")
def test_what_is_taken_is_a_request_of_http(data: bytes) -> None:
    end = ends(data)
    if end is None:
        return
    found = asked(data[:end])
    assert 200 <= found.status.number < 600
    if found.status is OK:
        assert taken_by_h11(data)


def test_a_sound_request_is_taken() -> None:
    end = ends(SOUND)
    assert end is not None
    assert asked(SOUND[:end]).status is OK
    assert all(ends(SOUND[:length]) is None for length in range(len(SOUND)))


def test_every_answer_is_one_of_http() -> None:
    for status in (OK, TOO_LARGE, Status(405, "Method Not Allowed", "no\n", "GET, HEAD")):
        connection = h11.Connection(h11.CLIENT)
        connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
        connection.send(h11.EndOfMessage())
        body = b"text"
        connection.receive_data(head_of(status, len(body), "Fri, 27 Nov 2026 12:00:00 GMT") + body)
        response = connection.next_event()
        assert isinstance(response, h11.Response)
        assert response.status_code == status.number
        assert (b"connection", b"close") in response.headers
        assert isinstance(connection.next_event(), h11.Data)
        assert isinstance(connection.next_event(), h11.EndOfMessage)
