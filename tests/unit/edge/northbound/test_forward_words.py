"""What other platforms are told of a record: nothing is good that is not, no value hides another, all is JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from pydantic import ValidationError

from edge.config.forward import HEAD, HttpJson, MqttJson
from edge.northbound import http_json, mqtt_json
from edge.northbound.verdict import DeliveryFate, EncodeError
from edge.records.bodies import raw
from edge.records.record import LAST_UTC, MOST, ClockMark, Record, Stamp
from edge.wire.answer_text import text_of

HTTP = HttpJson(name="county", kind="http-json", url="https://county.example/records")
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,10}(\.[a-z0-9][a-z0-9-]{0,8})?", fullmatch=True)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
REASONS = st.text(max_size=20) | st.builds(lambda text: {"code": "x", "text": text}, st.text(max_size=20))
FLAGS = st.sampled_from([1, 2, 3, 4, 9, 5])
PARTS = ("{channel}", "{quantity}", "{sensor}", "_", "x", "time", "{", "}", "{x}", "{channel!r}", "{channel:9}", "{{")
TEMPLATES = st.lists(st.sampled_from(PARTS), max_size=4).map("".join)
MINUTES = st.dictionaries(NAMES, st.tuples(NUMBERS, FLAGS | st.none(), REASONS | st.none()), max_size=8)


def mqtt(**more: Any) -> MqttJson:
    """Return a destination by MQTT."""
    return MqttJson.model_validate({"name": "c", "kind": "mqtt-json", "url": "mqtts://c.example", **more})


def record(body: Any, kind: str = "minute", start: int | None = 0, seq: int = 1) -> Record:
    """Return a record."""
    told = body if isinstance(body, Raw) else raw(body)
    return Record("e", seq, kind, Stamp("b", 1.0), 60.0, start, ClockMark("ntp", 0.1), 0, None, told)


def body_of(minute: dict[str, tuple[Any, Any, Any]]) -> dict[str, Any]:
    """Return a minute's body."""
    return {
        "values": {name: value for name, (value, _, _) in minute.items()},
        "quality": {name: flag for name, (_, flag, _) in minute.items() if flag is not None},
        "reasons": {name: reason for name, (_, _, reason) in minute.items() if reason is not None},
    }


@given(MINUTES, st.none() | st.integers(0, LAST_UTC), st.integers(1, MOST))
def test_a_value_goes_with_its_quality(minute: dict[str, Any], start: int | None, seq: int) -> None:
    """Over HTTP each value arrives as it was, with the word of its flag; only flag 1 is "good", none at all is not."""
    line = http_json.encode("s", record(body_of(minute), start=start, seq=seq))
    assert b"\n" not in line
    told = json.loads(line)
    assert (told["seq"], told["start_us"]) == (seq, start)
    assert told["end_us"] == (None if start is None else start + 60_000_000)
    if start is not None:
        time = datetime.fromisoformat(told["start"])
        assert (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) == start
    assert set(told["channels"]) == set(minute)
    for name, (value, flag, reason) in minute.items():
        one = told["channels"][name]
        assert one["value"] == (None if value is None else float(value))
        assert (one["quality"] == "good") == (flag == 1 and value is not None)
        assert one["quality"] == "missing" or value is not None
        assert ("reason" in one) == (reason is not None)


@given(MINUTES)
def test_a_flat_message_hides_nothing(minute: dict[str, Any]) -> None:
    """By MQTT each channel has a value and a word of its own; where two came to one name it is said, and not sent."""
    for section in (mqtt(), mqtt(value_name="v_{quantity}/{sensor}", quality_name="q_{channel}")):
        try:
            told = json.loads(mqtt_json.encode(section, "s", record(body_of(minute))))
        except EncodeError as error:
            assert error.reason.code == "same_field"
            continue
        assert len(told) == len(HEAD) + 2 * len(minute)


@pytest.mark.parametrize("names", [("station",), ("a", "a_quality"), ("seq", "b")])
def test_two_of_one_name_are_not_sent(names: tuple[str, ...]) -> None:
    """A channel that would take the place of another field is said, and sent in nobody's place."""
    minute = dict.fromkeys(names, (1.0, 1, None))
    with pytest.raises(EncodeError) as error:
        mqtt_json.encode(mqtt(), "s", record(body_of(minute)))
    assert error.value.reason.code == "same_field"


@given(TEMPLATES, TEMPLATES)
def test_a_template_is_refused_or_works(value_name: str, quality_name: str) -> None:
    """Whatever stands in a template, the file is refused or the message has all its fields: nothing falls later."""
    try:
        section = mqtt(value_name=value_name, quality_name=quality_name)
    except ValidationError:
        return
    minute = {"air_temperature": (1.0, 1, None), "air_temperature.top": (2.0, 3, None)}
    told = json.loads(mqtt_json.encode(section, "s", record(body_of(minute))))
    assert len(told) == len(HEAD) + 4
    assert sorted(str(one) for one in list(told.values())[len(HEAD) :]) == ["1.0", "2.0", "good", "suspect"]


@pytest.mark.parametrize("topic", ["", "a/#", "+/x", "$SYS/x", "{channel}", "{station", "{station.x}", "{station!r}"])
def test_a_topic_that_is_none_is_refused(topic: str) -> None:
    """A topic that cannot be published on, or names what there is not, is refused with the file."""
    with pytest.raises(ValidationError):
        mqtt(topic=topic)


@pytest.mark.parametrize(
    "body",
    [
        b'{"values":[]}',
        b'{"values":{"t":"cold"}}',
        b'{"values":{"t":1e999}}',
        b'{"values":{"t":1},"quality":{"t":"good"}}',
        b'{"values":{"\\ud800":1}}',
        b"{}",
    ],
)
def test_a_minute_of_another_shape_is_not_guessed_at(body: bytes) -> None:
    """A newer station's minute that is not understood is no message; it is for people to look at."""
    for encode in (http_json.encode, lambda station, found: mqtt_json.encode(mqtt(), station, found)):
        with pytest.raises(EncodeError):
            encode("s", record(Raw(body)))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda one: st.lists(one, max_size=3)))
def test_an_event_goes_as_it_is(value: Any) -> None:
    """What is no minute has its body as it came, on one line whatever blanks were in it."""
    text = json.dumps({"version": value}, indent=1)
    line = http_json.encode("s", record(Raw(text.encode()), "start"))
    assert b"\n" not in line
    assert json.loads(line)["body"] == {"version": value}
    assert "channels" not in json.loads(line)


WAITS = {
    **dict.fromkeys(("", "x", "-5", "1.5", "٣")),
    "7": 7.0,
    "0000000000037": 37.0,
    "9" * 40: 21_600.0,
    "Wed, 25 Nov 2026 03:00:30 GMT": 30.0,
    "Wed, 25 Nov 2026 02:00:30 GMT": 0.0,
    "Wed, 25 Nov 9999 03:00:30 GMT": 21_600.0,
    "Wed, 25 Nov 99999999999999999999 03:00:30 GMT": None,
    "Wed, 25 Nov 2026 03:00:30 +99999999999999999999": None,
}


@given(st.integers(100, 599), st.binary(max_size=50), st.sampled_from(list(WAITS)))
def test_any_answer_is_judged(status: int, body: bytes, wait: str) -> None:
    """Whatever a server says is a verdict: 2xx alone is proof, a web page never, and a wait is bounded."""
    now = datetime(2026, 11, 25, 3, tzinfo=UTC)
    verdict = http_json.proof(HTTP, status, {"Retry-After": wait}, body, now)
    is_page = text_of({}, body).lstrip().startswith("<")
    assert (verdict.fate is DeliveryFate.PROVEN) == (200 <= status < 300 and not is_page)
    assert (verdict.reason is None) == (verdict.fate is DeliveryFate.PROVEN)
    if verdict.fate is DeliveryFate.FAILED and not 200 <= status < 300:
        assert verdict.wait_s == WAITS[wait]


def test_how_long_a_server_is_left_alone_is_told() -> None:
    """Whoever looks why nothing goes out for hours is told so."""
    verdict = http_json.proof(HTTP, 503, {"Retry-After": "86400"}, b"full")
    assert str(verdict.reason) == "https://county.example/records answers HTTP 503 and is left alone for 21600 s: full"


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=gbk", "application/xhtml+xml"])
@pytest.mark.parametrize("body", [b"\xef\xbb\xbf<p>", b""])
def test_a_page_is_no_proof(kind: str, body: bytes) -> None:
    """What says that it is a web page is none, whatever stands in it."""
    assert http_json.proof(HTTP, 200, {"Content-Type": kind}, body).fate is DeliveryFate.FAILED


@pytest.mark.parametrize(
    ("body", "kind", "is_proof"),
    [
        (b"<script>top.self.location.href='http://1.1.1.1/login'</script>", "", False),
        (b"\xef\xbb\xbf \n<!-- login --><html>", "text/plain", False),
        (b'<?xml version="1.0"?><!DOCTYPE html><HTML>', "text/xml", False),
        (b'<?xml version="1.0"?><result>0</result>', "", True),
        (b"<result>0</result>", "application/xml", True),
        (b"ok", "", True),
    ],
)
def test_a_piece_of_a_page_is_no_proof_either(body: bytes, kind: str, is_proof: bool) -> None:
    """Networks that want a login answer with a script alone, and say nothing of its kind; XML may be an answer."""
    verdict = http_json.proof(HTTP, 200, {"Content-Type": kind} if kind else {}, body)
    assert (verdict.fate is DeliveryFate.PROVEN) == is_proof


@pytest.mark.parametrize(("status", "fate"), [(400, DeliveryFate.FAILED), (413, DeliveryFate.REFUSED)])
def test_no_record_is_at_fault_where_a_page_says_that_the_request_is(status: int, fate: DeliveryFate) -> None:
    """nginx answers so where it is spoken to without TLS: nothing is set aside; 413 is a limit of bytes."""
    page = b"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head>"
    verdict = http_json.proof(HTTP, status, {"Content-Type": "text/html"}, page)
    assert verdict.fate is fate
    assert "plain HTTP request" in str(verdict.reason)


@pytest.mark.parametrize(
    ("kind", "coding"),
    [
        *(("application/json;charset=GBK", "gbk"), ('text/plain; charset="gb2312"', "gb2312"), ("", "gb18030")),
        *(("", "utf-8-sig"), ("application/json; charset=utf-8", "gbk"), ("text/plain; charset=rot13", "utf-8")),
        ("", "utf-16"),
    ],
)
def test_an_answer_in_any_coding_is_read(kind: str, coding: str) -> None:
    """A server that writes its messages in GBK says no less that it has stored a batch, and its errors are legible."""
    section = HTTP.model_copy(update={"success_key": "code"})
    told = {"Content-Type": kind} if kind else {}
    assert http_json.proof(section, 200, told, '{"code":0,"msg":"成功"}'.encode(coding)).reason is None
    assert "数据库错误" in str(http_json.proof(section, 500, told, "数据库错误".encode(coding)).reason)


def test_messages_are_what_a_reader_decodes() -> None:
    """A whole request is one JSON object with all its records."""
    lines = [http_json.encode("s", record(body_of({"t": (1.0, 1, None)}), seq=seq)) for seq in (1, 2)]
    told = msgspec.json.decode(http_json.payload(lines))
    assert [one["seq"] for one in told["records"]] == [1, 2]


def test_a_server_cannot_name_a_coding_that_takes_the_square_of_the_length() -> None:
    """A megabyte in what Python calls punycode would keep a lane for a minute: it is read as what it is."""
    assert text_of({"Content-Type": "text/plain; charset=punycode"}, b"Mnchen-3ya") == "Mnchen-3ya"
