"""The lines of the control socket: what is a request, and that the schema says the same."""

import json
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from route_switcher.control.protocol import (
    LONGEST_ORDER,
    BadRequest,
    ConfirmRequest,
    DrillEndRequest,
    DrillRequest,
    Error,
    ReleaseRequest,
    ReloadRequest,
    Request,
    StatusRequest,
    SwitchRequest,
    WatchRequest,
    WhyRequest,
    done,
    failed,
    parse,
    request,
)

TOP = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((TOP / "schemas" / "control.schema.json").read_text("utf-8"))
VALID = Draft7Validator(SCHEMA)

REQUESTS: dict[bytes, Request] = {
    request("status"): StatusRequest(),
    request("why"): WhyRequest(),
    request("why", uplink="lte"): WhyRequest("lte"),
    request("watch"): WatchRequest(),
    request("watch", seconds=1): WatchRequest(1.0),
    request("switch", uplink="lte"): SwitchRequest("lte", inf, False),
    request("switch", uplink="lte", seconds=90, force=True): SwitchRequest("lte", 90.0, True),
    request("switch", uplink="lte", seconds=LONGEST_ORDER): SwitchRequest("lte", LONGEST_ORDER),
    request("drill", uplink="lte", seconds=60): DrillRequest("lte", 60.0),
    request("drill", uplink="lte", seconds=60, id="7a"): DrillRequest("lte", 60.0, "7a"),
    request("drill-end", uplink="lte"): DrillEndRequest("lte"),
    request("drill-end", uplink="lte", id="7a"): DrillEndRequest("lte", "7a"),
    request("release"): ReleaseRequest(),
    request("reload"): ReloadRequest(),
    request("reload", confirm_seconds=60): ReloadRequest(60),
    request("confirm"): ConfirmRequest(),
}

BAD = {
    "nothing": (b"", Error.BAD_REQUEST),
    "no JSON": (b"hello", Error.BAD_REQUEST),
    "no UTF-8": (b'{"version":1,"request":"\xff"}', Error.BAD_REQUEST),
    "a list": (b"[]", Error.BAD_REQUEST),
    "a number": (b"1", Error.BAD_REQUEST),
    "null": (b"null", Error.BAD_REQUEST),
    "deeper than Python reads": (b"[" * 4000, Error.BAD_REQUEST),
    "a number of 4000 digits": (b'{"version":' + b"9" * 4000 + b"}", Error.UNKNOWN_VERSION),
    "no version": (b'{"request":"status"}', Error.UNKNOWN_VERSION),
    "version 2": (b'{"version":2,"request":"status"}', Error.UNKNOWN_VERSION),
    "a version that Python takes for 1": (
        b'{"version":true,"request":"status"}',
        Error.UNKNOWN_VERSION,
    ),
    "no request": (b'{"version":1}', Error.BAD_REQUEST),
    "an unknown one": (b'{"version":1,"request":"stop"}', Error.BAD_REQUEST),
    "a list as request": (b'{"version":1,"request":["status"]}', Error.BAD_REQUEST),
    "an unknown key": (b'{"version":1,"request":"status","x":1}', Error.BAD_REQUEST),
    "a key twice": (b'{"version":1,"request":"status","request":"reload"}', Error.BAD_REQUEST),
    "no uplink": (b'{"version":1,"request":"switch"}', Error.BAD_REQUEST),
    "an empty uplink": (b'{"version":1,"request":"why","uplink":""}', Error.BAD_REQUEST),
    "a long uplink": (
        b'{"version":1,"request":"why","uplink":"' + b"x" * 65 + b'"}',
        Error.BAD_REQUEST,
    ),
    "an uplink that is null": (b'{"version":1,"request":"why","uplink":null}', Error.BAD_REQUEST),
    "an empty id": (b'{"version":1,"request":"drill-end","uplink":"a","id":""}', Error.BAD_REQUEST),
    "no time": (b'{"version":1,"request":"switch","uplink":"a","seconds":0}', Error.BAD_REQUEST),
    "a past time": (
        b'{"version":1,"request":"switch","uplink":"a","seconds":-1}',
        Error.BAD_REQUEST,
    ),
    "for ever": (
        b'{"version":1,"request":"switch","uplink":"a","seconds":Infinity}',
        Error.BAD_REQUEST,
    ),
    "more than a float": (
        b'{"version":1,"request":"switch","uplink":"a","seconds":1e999}',
        Error.BAD_REQUEST,
    ),
    "not a number": (
        b'{"version":1,"request":"switch","uplink":"a","seconds":NaN}',
        Error.BAD_REQUEST,
    ),
    "true as a time": (
        b'{"version":1,"request":"switch","uplink":"a","seconds":true}',
        Error.BAD_REQUEST,
    ),
    "1 as true": (b'{"version":1,"request":"switch","uplink":"a","force":1}', Error.BAD_REQUEST),
    "a longer time than a year": (
        b'{"version":1,"request":"switch","uplink":"a","seconds":31622401}',
        Error.BAD_REQUEST,
    ),
}


@pytest.mark.parametrize("line", REQUESTS)
def test_each_request_is_understood_and_fits_the_schema(line: bytes) -> None:
    assert parse(line) == REQUESTS[line]
    VALID.validate(json.loads(line))


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_whatever_else_is_refused_in_words(case: tuple[bytes, Error]) -> None:
    line, error = case
    with pytest.raises(BadRequest) as caught:
        parse(line)
    assert caught.value.error is error
    assert str(caught.value)


KEYS = st.sampled_from(("version", "request", "uplink", "seconds", "force", "confirm_seconds", "x"))
VALUES = (
    st.sampled_from(
        (
            1,
            2,
            True,
            False,
            None,
            "status",
            "why",
            "watch",
            "switch",
            "release",
            "reload",
            "confirm",
        )
    )
    | st.text(max_size=3)
    | st.integers(-2, 40_000_000)
    | st.floats(-1, 4e7, allow_nan=False)
    | st.just("x" * 64)
    | st.just("x" * 65)
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=5)


@given(OBJECTS | OBJECTS.map(lambda keys: keys | {"version": 1, "request": "switch"}))
@example({"version": 1.0, "request": "status"})
@example({"version": True, "request": "status"})
@example({"version": 1, "request": "watch", "seconds": 0.5})
@example({"version": 1, "request": "watch", "seconds": 60})
@example({"version": 1, "request": "watch", "seconds": 61})
@example({"version": 1, "request": "reload", "confirm_seconds": 86401})
@example({"version": 1, "request": "reload", "confirm_seconds": 0.5})
def test_what_is_understood_is_what_the_schema_describes(message: dict[str, Any]) -> None:
    try:
        parse(json.dumps(message).encode())
        understood = True
    except BadRequest:
        understood = False
    described = "request" in message and VALID.is_valid(message)
    assert understood == described


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_a_bad_request(line: bytes) -> None:
    with pytest.raises(BadRequest):
        parse(line)


@pytest.mark.parametrize("error", Error)
def test_each_error_fits_the_schema(error: Error) -> None:
    VALID.validate(failed(error, "why"))


def test_replies_fit_the_schema_and_others_do_not() -> None:
    for name in ("switch", "release"):
        VALID.validate(done(name, messages=["moved"], kept=True))
    VALID.validate(done("reload", messages=[]))
    VALID.validate(done("reload", messages=[], confirm_seconds=59.9, kept=True))
    VALID.validate(done("confirm", messages=[], kept=True))
    VALID.validate(done("why", messages=["IPv4: …"]))
    VALID.validate(done("watch"))
    assert not VALID.is_valid(done("reload"))
    assert not VALID.is_valid(done("stop", messages=[]))
    assert not VALID.is_valid({"version": 1, "ok": False, "error": "other", "messages": []})
    assert not VALID.is_valid({"version": 1})


def test_the_schemas_are_draft_7_and_describe_every_key() -> None:
    for name in ("control", "status", "watch"):
        schema = json.loads((TOP / "schemas" / f"{name}.schema.json").read_text("utf-8"))
        Draft7Validator.check_schema(schema)
        for definition in (schema, *schema["definitions"].values()):
            for key, inner in definition.get("properties", {}).items():
                assert inner.get("description"), (name, key)
