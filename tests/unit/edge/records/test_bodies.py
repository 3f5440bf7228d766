"""What records hold: typed views of bodies that are kept as they came, and their reasons in store and on the wire."""

from __future__ import annotations

import gzip
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.reason import Reason
from edge.northbound import version1
from edge.northbound.minshan import Minshan
from edge.pictures.reasons import DARK, REPEATED
from edge.records import bodies
from edge.records.bodies import Health, Hour, Loss, Minute, Picture, Setup, Start, Unknown
from edge.records.channel_name import ChannelName
from edge.records.record import DEEPEST, MOST_BODY, ClockMark, Draft, Kind, Record, Stamp, values_of
from edge.store import rows
from edge.store.folder import DATABASE
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.wire import contract
from edge.wire.contract import opened

OLD = Path(__file__).resolve().parents[3] / "stores" / "0.1.0.db.gz"
NO_READINGS = Reason("no_readings", "no readings")
NAMES = st.builds(ChannelName, st.sampled_from(["air_temperature", "wind_speed"]), st.sampled_from(["", "mast", "a.b"]))
SEASON = {
    **dict.fromkeys(("since", "hours", "missing", "chill_hours"), 1),
    **dict.fromkeys(("utah_chill_units", "growing_degree_hours", "chill_portions"), 0.5),
}
PICTURE = {
    "camera": "orchard",
    "picture": "0" * 64,
    "thumbnail": "1" * 64,
    "bytes": 9,
    "thumbnail_bytes": 3,
    "width": 4,
    "height": 3,
    "quality": 3,
    "figures": {"blur": 0.4},
}


def record(kind: Kind, body: dict[str, Any]) -> Record:
    """Return a record of that kind."""
    return Record("e", 1, kind, Stamp("b", 0.0), 60.0, 0, ClockMark("sim", 0.1), 0, None, bodies.raw(body))


@given(NAMES, NAMES)
def test_a_channels_name_is_a_text_with_two_parts(one: ChannelName, two: ChannelName) -> None:
    """It is written and read again, names another quantity of its sensor, and may be asked for by its plain text."""
    assert ChannelName.parse(str(one)) == one == str(one)
    assert (one.quantity, one.sensor) == (str(one).partition(".")[0], str(one).partition(".")[2])
    assert {one: 1}[ChannelName.parse(str(one))] == 1
    assert one.beside(two.quantity) == ChannelName(two.quantity, one.sensor)
    assert one.beside("wind_speed_of_gust").sensor == one.sensor


def test_a_sensor_may_be_called_like_a_quantity() -> None:
    """The gust of the sensor "wind_speed_top" is that sensor's gust, whatever its name holds."""
    gust = ChannelName("wind_speed", "wind_speed_top").beside("wind_speed_of_gust")
    assert gust == "wind_speed_of_gust.wind_speed_top"


@given(st.dictionaries(NAMES, st.floats(-99, 99) | st.none(), max_size=4))
def test_a_minute_is_read_as_it_was_written(values: dict[ChannelName, float | None]) -> None:
    """Its bytes, and its plain values, give the same minute, reasons as codes."""
    reason = Reason("share_of_readings", "{reason} ({count} of {total} readings)", reason=NO_READINGS, count=1, total=2)
    minute = Minute(
        {str(name): value for name, value in values.items()}, dict.fromkeys(values, 3), dict.fromkeys(values, reason)
    )
    assert bodies.decode("minute", bodies.encode(minute)) == minute
    assert bodies.decode("minute", bodies.plain(minute)) == minute
    assert msgspec.json.encode(bodies.plain(minute)) == bodies.encode(minute)


@pytest.mark.parametrize(
    ("kind", "body", "view"),
    [
        ("start", {"version": "1", "boot": "b", "reason": "power", "missing": {"from": 1, "to": 2}}, Start),
        ("hour", {"begin": 1, "values": {"a": 1.0}, "quality": {"a": 1}, "season": SEASON}, Hour),
        ("setup", {"configuration": "ab", "flags": "QARTOD", "site": {}, "sensors": []}, Setup),
        ("loss", {"what": "records", "cause": "quota", "epoch": "e", "first": 1, "last": 2, "start": 3}, Loss),
        ("health", {"disk_free": 3, "sensors": [{"name": "a"}], "store": {}, "falls": {}}, Health),
        ("health", {"event": "picture missed", "camera": "c", "reason": "unreachable", "text": "gone"}, Health),
        ("picture", {**PICTURE, "reasons": "dark"}, Picture),
        ("picture", {**PICTURE, "reasons": [DARK.builtins()]}, Picture),
    ],
)
def test_each_kind_has_its_view(kind: str, body: dict[str, Any], view: type) -> None:
    """Bodies of this version and of 0.1.0, whose reasons are plain English, are read by the same struct."""
    found = bodies.decode(kind, msgspec.json.encode(body))
    assert type(found) is view


def test_a_station_two_versions_ahead_is_kept_and_shown() -> None:
    """Unknown kinds, keys and shapes are refused nowhere: what is known is read, the rest is kept byte for byte."""
    minute = {
        "values": {"air_temperature": 1.5, "snow_depth": 3.0},
        "quality": {"air_temperature": 1, "snow_depth": 3},
        "reasons": {"snow_depth": {"code": "avalanche", "params": {"tons": 3}, "text": "an avalanche", "since": 7}},
        "uncertainty": {"air_temperature": 0.1},
    }
    kept = msgspec.Raw(msgspec.json.encode(minute))
    read = bodies.decode("minute", kept)
    assert read.values == {"air_temperature": 1.5, "snow_depth": 3.0}
    assert (read.reasons["snow_depth"].code, str(read.reasons["snow_depth"])) == ("avalanche", "an avalanche")
    assert msgspec.json.decode(bytes(kept)) == minute
    assert bodies.decode("earthquake", b'{"magnitude": 5.5}') == Unknown("earthquake", {"magnitude": 5.5})
    assert bodies.decode("minute", b'{"values": [1, 2]}') == Unknown("minute", {"values": [1, 2]})
    assert bodies.decode("loss", b"[]") == Unknown("loss", [])


@given(st.sampled_from([*bodies.KINDS, "other"]), st.binary(max_size=60))
def test_any_json_is_a_body(kind: str, data: bytes) -> None:
    """Whatever JSON stands there is read as something, and what is no JSON is a ValueError."""
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        with pytest.raises(ValueError):  # msgspec says it in many ways
            bodies.decode(kind, data)
        return
    bodies.decode(kind, data)


def test_version_1_of_the_wire_has_sentences() -> None:
    """A minute, a start, a camera's trouble and a picture go out with plain English, as they always did."""
    nested = Reason("scarce_because", "{good} of {all} samples: {reason}", good=1, all=9, reason=NO_READINGS)
    minute = bodies.plain(Minute({"a": None}, {"a": 9}, {"a": nested}))
    start = bodies.plain(Start("0.2", "b", Reason("killed", "killed")))
    health = bodies.plain({"event": "picture missed", "reason": Reason("unreachable", "unreachable"), "text": nested})
    picture = {**PICTURE, "reasons": [DARK.builtins(), REPEATED.builtins()]}
    sent = version1.records(
        [
            record(Kind.MINUTE, minute),
            record(Kind.START, start),
            record(Kind.HEALTH, health),
            record(Kind.PICTURE, picture),
            record(Kind.PICTURE, {**PICTURE, "reasons": []}),
        ]
    )
    assert [one.fields().get("reasons", one.fields().get("reason")) for one in sent] == [
        {"a": "1 of 9 samples: no readings"},
        "killed",
        "unreachable",
        "dark, repeated",
        "",
    ]
    assert sent[2].fields()["text"] == "1 of 9 samples: no readings"
    assert minute["reasons"]["a"]["code"] == "scarce_because"  # what is kept is not touched


def test_a_record_without_reasons_is_sent_as_it_is() -> None:
    """The minutes of a good day cost no conversion."""
    good = record(Kind.MINUTE, bodies.plain(Minute({"a": 1.0}, {"a": 1})))
    assert version1.records([good])[0] is good


@pytest.fixture
def old(tmp_path: Path) -> Store:
    """Open a store that version 0.1.0 wrote: ten minutes with a silent, an unplugged and a noisy sensor, and a kill."""
    (tmp_path / DATABASE).write_bytes(gzip.decompress(OLD.read_bytes()))
    return Store.open(tmp_path, epoch="new", destinations=(PLATFORM,), records_bytes=10**9, pictures_bytes=10**9)


def test_a_store_of_version_0_1_0_is_read_and_sent(old: Store) -> None:
    """Its plain reasons are shown, its records go out as they did, and new ones stand beside them."""
    kept = list(old.range(1, old.next_seq))
    assert len(kept) == 13
    minutes = [bodies.decode(one.kind, one.body) for one in kept if one.kind == Kind.MINUTE]
    told = {str(reason) for minute in minutes for reason in minute.reasons.values()}
    assert {"unplugged", "no answer"} <= told
    assert {reason.code for minute in minutes for reason in minute.reasons.values()} == {"said"}
    starts = [bodies.decode(one.kind, one.body) for one in kept if one.kind == Kind.START]
    assert [str(start.reason) for start in starts] == ["first start", "killed"]
    assert not any(isinstance(bodies.decode(one.kind, one.body), Unknown) for one in kept)
    (message,) = Minshan("sim").backfill(kept, None)
    assert contract.decode(message.payload, contract.Batch).records == kept
    old.close()


def test_a_health_record_is_sent_in_words_as_version_1_has_it() -> None:
    """A platform that reads `errors` by "no answer" and `down` as a sentence goes on reading them."""
    down = Reason("no_answer", "no answer").builtins()
    sensors = [{"name": "vane", "down": down, "errors": {"no_answer": 3}, "refused": {"cut_short": 1}}]
    assert version1.body(Kind.HEALTH, {"sensors": sensors, "inbox_lost": 0}) == {
        "sensors": [{"name": "vane", "down": "no answer", "errors": {"no answer": 3}, "refused": {"cut short": 1}}],
        "inbox_lost": 0,
    }


BODY = b'{"depth_m":1.20,"big":123456789012345678901234567890,"beyond":1e400,"deep":[{"\\u00e9": null}]}'


def test_what_this_version_does_not_know_goes_through_byte_for_byte(tmp_path: Path) -> None:
    """A newer version's record that is in the store, after a step back of the software, is sent as it is there."""
    store = Store.open(tmp_path, epoch="e", destinations=(PLATFORM,), records_bytes=10**9, pictures_bytes=10**9)
    mark = ClockMark("sim", 0.1)
    for kind in ("minute", "avalanche", "health"):
        store.append(Draft(kind, Stamp("b", 0.0), 60.0, 0, mark, {"what": "put in place"}))
    with store._db.change() as connection:
        for row in connection.execute(f"{rows.SELECT} ORDER BY seq").fetchall():
            head = row[: rows.WIDTH - 2]
            new = (BODY, rows.crc_of(head, BODY), row[0])
            connection.execute("UPDATE record SET body=?, crc=? WHERE seq=?", new)
    kept = store.range(1, 3)
    assert [(one.kind, bytes(one.body)) for one in kept] == [(kind, BODY) for kind in ("minute", "avalanche", "health")]
    assert [type(bodies.decode(one.kind, one.body)) for one in kept] == [Unknown, Unknown, Health]
    last = store.last("avalanche")
    assert last is not None
    assert last.seq == 2
    for message in (*Minshan("sim").backfill(kept, None), *Minshan("sim").live(kept)):
        assert opened(message.payload).count(BODY) == 3
        assert contract.decode(message.payload, contract.Batch).records == kept
    store.close()


@pytest.mark.parametrize("body", [b"7", b"[]", b"null", b"", b'{"a":"' + b"x" * MOST_BODY + b'"}'])
def test_a_body_is_an_object_that_has_an_end(body: bytes) -> None:
    """Anything else is no record, from whomever it comes."""
    with pytest.raises(ValueError, match="no object of at most"):
        msgspec.structs.replace(record(Kind.MINUTE, {}), body=msgspec.Raw(body))
    whole = contract.encode(record(Kind.MINUTE, {})).replace(b'"body":{}', b'"body":' + body)
    with pytest.raises(contract.PayloadError):
        contract.decode(whole, Record)


def test_records_are_equal_where_their_bytes_are() -> None:
    """The same bytes are the same record; another order of its keys is another; none can be put into a set."""
    one = msgspec.structs.replace(record(Kind.MINUTE, {}), body=msgspec.Raw(b'{"a":1,"b":2}'))
    assert one == msgspec.structs.replace(one, body=msgspec.Raw(b'{"a":1,"b":2}'))
    assert one != msgspec.structs.replace(one, body=msgspec.Raw(b'{"b":2,"a":1}'))
    with pytest.raises(TypeError):
        hash(one)


def test_an_unknown_kind_keeps_its_reasons_as_they_are() -> None:
    """Version 1 makes sentences of the reasons of its own kinds alone."""
    known = record(Kind.HEALTH, {"why": DARK.builtins()})
    unknown = msgspec.structs.replace(known, kind="avalanche")
    assert version1.records([known])[0].fields() == {"why": "dark"}
    assert version1.records([unknown])[0] is unknown


@pytest.mark.parametrize(("deep", "reads"), [(DEEPEST, True), (DEEPEST + 1, False), (200_000, False)])
def test_what_is_nested_too_deep_for_one_reader_is_read_by_none(deep: int, reads: bool) -> None:
    """Pythons differ in how deep they read, and one hub must read what another keeps; brackets in texts are none."""
    nested = b'["]]\\"[[",' * (deep - 1) + b"[]" + b"]" * (deep - 1)
    with nullcontext() if reads else pytest.raises(RecursionError):
        values_of(nested)
