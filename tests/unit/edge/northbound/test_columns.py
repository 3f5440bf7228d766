"""Minutes in columns: what goes in comes out to the byte, and what was damaged on the way is never good."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from edge.northbound import columns, steps
from edge.northbound.column_writer import KnownTables, MinuteColumns
from edge.northbound.column_writer import columns as in_columns
from edge.northbound.columns import Columns
from edge.records.record import LAST_UTC, MOST, ClockMark, Kind, Record, Stamp
from edge.wire.contract import PayloadError

UNITS = {"air_temperature": ("degC", 2), "relative_humidity": ("%", 1), "illuminance": ("lux", 0)}
START = 1_782_097_200_000_000

values = st.one_of(st.none(), st.integers(-(10**7), 10**7))
flags = st.sampled_from((1, 1, 1, 1, 3, 4, 9))
reasons = st.sampled_from(
    (b'{"code":"no_answer","text":"no answer"}', b'"an old sentence"', '{"code":"x","text":"停"}'.encode())
)


@st.composite
def minutes(draw: st.DrawFn) -> list[Record]:
    """Draw minutes of one start, some with holes, flags and reasons, dated or not, revised or not."""
    dated, names = draw(st.booleans()), draw(st.permutations(list(UNITS)))
    found, seq = [], draw(st.integers(1, 10**6))
    for number in range(draw(st.integers(1, 30))):
        whole = {name: draw(values) for name in names}
        quality = {name: draw(flags) for name in names}
        body = columns.Body(
            {name: None if n is None else n / 10 ** UNITS[name][1] for name, n in whole.items()},
            quality,
            {name: Raw(draw(reasons)) for name in names if quality[name] != 1},
        )
        seq += draw(st.integers(1, 3))
        duration = draw(st.sampled_from((60.0, 60.0, 59.987654)))
        stamp = Stamp("boot", (draw(st.integers(0, 10**6)) + number * 60_000_000) / 1e6)
        mark = ClockMark("ntp" if dated else "arrival", draw(st.none() | st.integers(0, 10**9).map(lambda e: e / 1e6)))
        start = START + number * 60_000_000 + draw(st.integers(-9, 9)) if dated else None
        found.append(
            Record(
                "epoch", seq, Kind.MINUTE, stamp, duration, start, mark, draw(st.sampled_from((0, 0, 2))), 2, raw(body)
            )
        )
    return found


def raw(body: Any) -> Raw:
    """Return a body's bytes."""
    return Raw(msgspec.json.encode(body))


def fitting(records: list[Record]) -> MinuteColumns:
    """Return those minutes that columns can hold."""
    (found,), _ = KnownTables("maoxian-1", UNITS.get).minutes(records)
    return found


def numbers_of(text: str) -> list[int | None]:
    """Return the numbers of a text of steps; none where it is none."""
    try:
        return steps.read(text)
    except ValueError:
        return []


def plain(records: list[Record]) -> list[bytes]:
    """Return records as JSON."""
    return [msgspec.json.encode(record) for record in records]


@given(minutes())
def test_minutes_come_back_to_the_byte(records: list[Record]) -> None:
    """Whatever holes, flags, reasons, revisions and steps minutes have, a receiver gets the same bytes."""
    (rows,), others = KnownTables("maoxian-1", UNITS.get).minutes(records)
    assert not others
    block = in_columns(rows)
    sent = msgspec.json.decode(msgspec.json.encode(block), type=Columns)
    assert plain(columns.records(sent, msgspec.json.encode(rows.known.table))) == plain(records)


@pytest.mark.parametrize(
    "body",
    [
        b'{"values":{"air_temperature":21.123},"quality":{"air_temperature":1},"reasons":{}}',
        b'{"values":{"air_temperature":21},"quality":{"air_temperature":1},"reasons":{}}',
        b'{"values":{"air_temperature":21.1},"quality":{"air_temperature":1}}',
        b'{"values":{"air_temperature":21.1},"quality":{"air_temperature":1},"reasons":{},"new":2}',
        b'{"values":{"air_temperature": 21.1},"quality":{"air_temperature":1},"reasons":{}}',
        b'{"values":{"air_temperature":21.1},"quality":{},"reasons":{}}',
        b'{"values":{"air_temperature":1e300},"quality":{"air_temperature":1},"reasons":{}}',
        b'{"values":{"unknown":1.0},"quality":{"unknown":1},"reasons":{}}',
        b'{"values":{"air_temperature":-0.0},"quality":{"air_temperature":1},"reasons":{}}',
        b'{"values":{"air_temperature":1.5},"quality":{"air_temperature":1},"reasons":{"illuminance":"x"}}',
        b'{"values":"none"}',
    ],
    ids=["digits", "whole", "shorter", "key", "blank", "flag", "huge", "channel", "zero", "reason", "shape"],
)
def test_what_columns_cannot_give_back_is_not_put_into_them(body: bytes) -> None:
    """A body with more digits, other keys or another form goes as it is, by the caller: nothing is rounded away."""
    record = Record("e", 1, Kind.MINUTE, Stamp("b", 0.0), 60.0, START, ClockMark("ntp", 0.05), 0, 2, Raw(body))
    assert KnownTables("maoxian-1", UNITS.get).minutes([record]) == ([], [record])
    good = Raw(b'{"values":{"air_temperature":21.1},"quality":{"air_temperature":1},"reasons":{}}')
    before, after = (msgspec.structs.replace(record, seq=seq, body=good) for seq in (7, 8))
    (fit,), others = KnownTables("maoxian-1", UNITS.get).minutes([before, record, after])
    assert ([one.record for one in fit.read], others) == ([before, after], [record])


def test_numbers_without_end_are_not_put_into_columns() -> None:
    """Whatever bounds a record keeps to, from year 9999 to the last seq, its steps keep to theirs, or it goes plain."""
    body = b'{"values":{"illuminance":%s},"quality":{"illuminance":1},"reasons":{}}'
    far = [
        Record("e", seq, Kind.MINUTE, Stamp("b", at), 60.0, start, ClockMark("ntp", 0.05), 0, 2, Raw(body % value))
        for seq in (1, MOST)
        for at in (-1e10, 0.0, 1e10)
        for start in (0, LAST_UTC)
        for value in (b"-9007199254740991.0", b"0.0", b"9007199254740991.0")
    ]
    near = [one.record for one in fitting(far).read]
    assert near
    for one in near:
        for other in near:
            both = fitting([one, other])
            sent = msgspec.json.decode(msgspec.json.encode(in_columns(both)), type=Columns)
            assert columns.records(sent, msgspec.json.encode(both.known.table)) == [one, other]


@settings(max_examples=100)
@given(minutes(), st.data())
def test_damage_is_never_good(records: list[Record], data: st.DataObject) -> None:
    """A number, a place or a length that was changed on the way makes the block damage, or changes nothing."""
    rows = fitting(records)
    told = json.loads(msgspec.json.encode(in_columns(rows)))
    heads = [key for key in ("seq", "boottime", "error", "start", "duration", "revision") if key in told]
    place = data.draw(st.sampled_from([*heads, *range(len(UNITS))]))
    holder = told if place in heads else told["values"]
    letters = holder[place]
    at = data.draw(st.integers(0, len(letters) - 1))
    other = data.draw(st.sampled_from("+-.az_AZ09 {").filter(lambda letter: letter != letters[at]))
    instead = data.draw(st.sampled_from((other, "", 2 * letters[at])))
    damaged = letters[:at] + instead + letters[at + 1 :]
    assume(numbers_of(damaged) != numbers_of(letters))
    holder[place] = damaged
    with pytest.raises((PayloadError, msgspec.ValidationError)):
        columns.records(msgspec.json.decode(json.dumps(told), type=Columns), msgspec.json.encode(rows.known.table))


@given(minutes(), st.sampled_from(("short", "names", "decimals", "flag", "epoch")))
def test_another_table_is_damage(records: list[Record], how: str) -> None:
    """A block read with a table that is short or says something else is damage."""
    rows = fitting(records)
    table = rows.known.table
    channels = list(table.channels)
    changes: dict[str, dict[str, Any]] = {
        "short": {"channels": channels[:-1]},
        "names": {"channels": channels[::-1]},
        "decimals": {"channels": [msgspec.structs.replace(c, decimals=c.decimals + 1) for c in channels]},
        "flag": {"flag": 3},
        "epoch": {"epoch": "other"},
    }
    with pytest.raises(PayloadError):
        columns.records(in_columns(rows), msgspec.json.encode(msgspec.structs.replace(table, **changes[how])))


TWO = columns.Table(
    "s", "e", "b", "ntp", [columns.TableChannel("noise", "dB", 1), columns.TableChannel("co2", "ppm", 0)]
)


@pytest.mark.parametrize(
    ("names", "runs"),
    [
        (("noise", "noise"), []),
        (("noise", "co2"), [(0, 0, 1, 4), (0, 0, 1, 1)]),
        (("noise", "co2"), [(1, 0, 1, 1), (1, 0, 1, 9)]),
    ],
    ids=["a channel twice", "bad, then good", "good, then missing"],
)
def test_what_is_said_twice_is_damage(names: tuple[str, str], runs: list[tuple[int, int, int, int]]) -> None:
    """One channel under two numbers or two flags for one value: nobody knows which is meant."""
    one = columns.TableChannel(names[1], "ppm", 0)
    table = msgspec.json.encode(msgspec.structs.replace(TWO, channels=[TWO.channels[0], one]))
    flagged = [columns.FlagRun(*run) for run in runs]
    numbers: list[steps.Whole] = [[1], [0], [], [50_000], [START], [], [400], [800]]
    texts = [steps.written(column) for column in numbers]
    seq, boottime, _, error, start, _ = texts[:6]
    total = columns.sum_of(numbers, flagged)
    sent = Columns(columns.name_of(table), seq, boottime, error, texts[6:], total, start=start, runs=flagged)
    with pytest.raises(PayloadError) as caught:
        columns.records(sent, table)
    assert caught.value.reason.code == "columns_said_twice"
    sound = msgspec.structs.replace(sent, table=TWO.hash, runs=[], sum=columns.sum_of(numbers, []))
    assert len(columns.records(sound, msgspec.json.encode(TWO))) == 1


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ([[1], [0], [], [50_000], [START], [], [400]], "columns_do_not_fit"),
        ([[1], [0], [], [50_000], [START], [], [400], [800], [1]], "columns_do_not_fit"),
        ([[1], [0], [], [], [START], [], [400], [800]], "columns_unequal"),
        ([[1], [], [], [50_000], [START], [], [400], [800]], "columns_unequal"),
        ([[1], [0], [], [50_000], [START], [], [400], []], "columns_unequal"),
    ],
    ids=["a channel less", "a channel more", "no errors", "no instants", "no values"],
)
def test_a_block_that_lacks_a_column_is_damage_though_its_sum_is_right(numbers: list[steps.Whole], code: str) -> None:
    """A minute of unknown error would else be made of one whose error was left out."""
    seq, boottime, duration, error, start, revision, *values = (steps.written(column) for column in numbers)
    total = columns.sum_of(numbers, [])
    sent = Columns(TWO.hash, seq, boottime, error, values, total, start, duration, revision)
    with pytest.raises(PayloadError) as caught:
        columns.records(sent, msgspec.json.encode(TWO))
    assert caught.value.reason.code == code
