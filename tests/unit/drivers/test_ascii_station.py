"""The all-in-one ASCII station: its lines, the noise among them, its twin, and days that a real one sent."""

from __future__ import annotations

import gzip
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.buses.serial import open_serial
from drivers.devices import ascii_station
from drivers.devices.ascii_station import INFO, AsciiStationDecoder, AsciiStationSettings
from drivers.driver import Frame, Refused
from drivers.errors import CUT_SHORT, DeviceError, Garbled, NoAnswer
from drivers.reading import Reading
from drivers.twins.ascii_station import AsciiStationTwin
from drivers.twins.twin import Fault
from drivers.twins.wires import PtyWire
from edge.sim.clock import SimClock
from tests.data import shared
from tests.kits.streams import Bench, cut, decode

SETTINGS = AsciiStationSettings(port="/dev/null")

# Loongle/weather-data, 2021-06-01 and 2019-08-04: the long form and the short one.
LONG = b"A0743B135C0000D0003E0000F0010G1064H1064I0000J0000K1263L0259M930N10041,021,034,037,020,032,037,*0D"
SHORT = b"A0380B090C0000D0000E0000F0000G0326H0326I0000J0000K0293L0263M926N10046*24"
# The same, 2020-12-27: PM10 of 125 where the sum says otherwise.
NOISY = b"A3145B000C0000D0000E0000F0003G3547H3547I0000J0000K0000L0206M748N10160,108,173,189,071,115,125,*08"


def lines(*each: bytes) -> bytes:
    """Return the lines as the station sends them."""
    return b"".join(line + b"\r\n" for line in each)


def values(item: Frame | Refused) -> dict[str, float]:
    """Return a frame's values by quantity."""
    assert isinstance(item, Frame), item
    return {reading.quantity: reading.value for reading in item.readings}


def test_long_line_gives_the_values_of_the_moment() -> None:
    """The long form gives wind, the running rain total, climate, pressure and the ambient particles."""
    (frame,) = decode(AsciiStationDecoder(SETTINGS), lines(LONG))
    assert values(frame) == {
        "wind_from_direction": 135.0,
        "wind_speed": 0.3,
        "rainfall_amount": pytest.approx(1064 * 0.33),
        "air_temperature": 25.9,
        "relative_humidity": 93.0,
        "air_pressure": 1004.1,
        "pm1": 20.0,
        "pm2p5": 32.0,
        "pm10": 37.0,
    }
    assert (frame.offset, frame.length) == (0, len(LONG))


def test_the_line_that_is_shown_as_the_form_is_one() -> None:
    """Who tries the driver with the example of its own text gets values, not a wrong check sum."""
    shown = next(line for line in (ascii_station.__doc__ or "").splitlines() if line.endswith("CR LF"))
    (frame,) = decode(AsciiStationDecoder(SETTINGS), lines(shown.removesuffix("CR LF").strip().encode()))
    assert values(frame)["air_temperature"] == 27.1


def test_a_station_without_a_particle_sensor_promises_none() -> None:
    """Else its particles would be missing for ever."""
    without = AsciiStationSettings(port="/dev/null", pm=False)
    assert {channel.quantity for channel in INFO.channels(SETTINGS)} - {c.quantity for c in INFO.channels(without)} == {
        *("pm1", "pm2p5", "pm10")
    }


def test_short_line_has_no_particles() -> None:
    """The short form, of a station without a particle sensor, has its own check sum and gives no particles."""
    (frame,) = decode(AsciiStationDecoder(SETTINGS), lines(SHORT))
    assert "pm2p5" not in values(frame)
    assert values(frame)["air_temperature"] == 26.3


def test_rain_total_names_its_wrap() -> None:
    """The rain reading says at which amount the four-digit counter starts again."""
    settings = AsciiStationSettings(port="/dev/null", mm_per_tip=0.5)
    (frame,) = decode(AsciiStationDecoder(settings), lines(LONG))
    assert isinstance(frame, Frame)
    assert Reading("rainfall_amount", 532.0, 0.0, wraps_at=5000.0) in frame.readings


def test_frost_is_below_zero() -> None:
    """A temperature with a minus sign is negative."""
    body = b"A0380B090C0000D0012E0000F0000G0326H0326I0000J0000K0293L-012M926N10046"
    key = 0x18
    for byte in body:
        key ^= byte
    (frame,) = decode(AsciiStationDecoder(SETTINGS), lines(body + b"*%02X" % key))
    assert values(frame)["air_temperature"] == -1.2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (NOISY, "checksum"),
        (LONG.replace(b"*0D", b"*0C"), "checksum"),
        (LONG[:40], "cut short"),
        (LONG[40:], "cut short"),
        (bytes(1069), "not a frame"),
        (b"\xff\xfe\x80 hello", "not a frame"),
    ],
)
def test_what_is_no_good_line_is_refused(line: bytes, reason: str) -> None:
    """A line that is damaged, cut or none is refused for that reason, and the next one is read."""
    refused, frame = decode(AsciiStationDecoder(SETTINGS), lines(line, LONG))
    assert isinstance(refused, Refused)
    assert (refused.offset, refused.length, str(refused.reason)) == (0, len(line), reason)
    assert frame.offset == len(line) + 2
    assert isinstance(frame, Frame)


def test_good_line_after_a_cut_one_without_line_end_is_found() -> None:
    """A line that was cut before its end does not take the next one with it."""
    refused, frame = decode(AsciiStationDecoder(SETTINGS), lines(LONG[:33] + SHORT))
    assert refused == Refused(0, 33, CUT_SHORT)
    assert (frame.offset, frame.length) == (33, len(SHORT))


@given(st.data())
def test_decoding_does_not_depend_on_the_chunks(data: st.DataObject) -> None:
    """The same bytes give the same frames and refusals however they come in."""
    pieces = st.sampled_from([LONG, SHORT, NOISY, LONG[:20], b"\r", b"\n", b"\r\n", b"A", b"*0C", bytes(5)])
    stream = b"".join(data.draw(st.lists(pieces, max_size=12)))
    whole = decode(AsciiStationDecoder(SETTINGS), stream)
    assert decode(AsciiStationDecoder(SETTINGS), *data.draw(cut(stream))) == whole


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_read_never_fatal(noise: bytes) -> None:
    """Bytes that are not the station's give no reading and no failure, and a good line after them is read."""
    items = decode(AsciiStationDecoder(SETTINGS), noise, lines(b"", LONG))
    assert isinstance(items[-1], Frame)
    assert all(isinstance(item, Refused) for item in items[:-1])


@pytest.mark.parametrize(
    ("day", "count", "refused"),
    [
        ("2019-08-04", 36_328, {"checksum": 46}),
        pytest.param("2020-12-27", 31_174, {"checksum": 90}, marks=pytest.mark.slow),
        pytest.param("2021-05-04", 33_173, {"checksum": 67}, marks=pytest.mark.slow),
        pytest.param("2021-06-01", 32_543, {"checksum": 66}, marks=pytest.mark.slow),
        ("2022-07-24", 33_769, {"checksum": 26, "not a frame": 1}),
    ],
)
def test_a_recorded_day_is_refused_as_its_readme_says(day: str, count: int, refused: dict[str, int]) -> None:
    """A recorded day has exactly the bad lines that its description states; a logger's times are no harm."""
    text = gzip.decompress(shared(f"station-captures/{day}.txt.gz").read_bytes())
    items = decode(AsciiStationDecoder(SETTINGS), text)
    assert Counter(str(item.reason) for item in items if isinstance(item, Refused)) == refused
    recovered = day == "2022-07-24"  # a whole good line follows the NUL bytes in one line of the file
    assert len(items) == count + recovered


def test_recorded_lines_come_through_the_port_at_their_instants() -> None:
    """Lines played by the twin through a pty and pyserial are stamped with the instant they were sent."""
    day = gzip.decompress(shared("station-captures/2021-06-01.txt.gz").read_bytes()).splitlines()[:1500]
    capture = []
    for line in day:
        at, _, raw = line.partition(b" ")
        since = datetime.fromisoformat(at.decode()).replace(tzinfo=UTC) - datetime(2021, 6, 1, tzinfo=UTC)
        capture.append((since.total_seconds(), raw))
    with Bench(INFO, {"mm_per_tip": 0.33}) as bench:
        assert isinstance(bench.twin, AsciiStationTwin)
        bench.twin.play(capture)
        bench.run(capture[-1][0] + 0.5)
        assert bench.twin.finished
        good = [(at, raw) for at, raw in capture if isinstance(decode(AsciiStationDecoder(SETTINGS), raw)[0], Frame)]
        assert [frame[0].at for frame in bench.frames] == [at for at, _ in good]
        assert [frame[0].value for frame in bench.frames] == [float(raw[6:9]) for _, raw in good]
        garbled = [error for error in bench.errors if isinstance(error, Garbled)]
        assert len(garbled) == len(capture) - len(good) > 0
        assert {str(error).partition(":")[0] for error in garbled} == {"checksum"}


def test_twin_measures_what_it_is_set_to() -> None:
    """What the twin is set to arrives at the driver, at the line's resolution, with a line each 3 s."""
    with Bench(INFO, {"mm_per_tip": 0.2}) as bench:
        for quantity, value in {
            "wind_from_direction": 292.0,
            "wind_speed": 4.44,
            "air_temperature": -3.25,
            "relative_humidity": 88.8,
            "air_pressure": 853.4,
            "pm1": 3.0,
            "pm2p5": 7.0,
            "pm10": 9.0,
            "rainfall_amount": 1.05,
        }.items():
            bench.twin.set(quantity, value)
        bench.run(30.0)
        got = {reading.quantity: reading.value for reading in bench.frames[-1]}
        assert got["wind_from_direction"] == 293.0
        assert got["wind_speed"] == 4.4
        assert got["air_temperature"] in (-3.2, -3.3)
        assert got["relative_humidity"] == 88.8
        assert got["air_pressure"] == 853.4
        assert (got["pm1"], got["pm2p5"], got["pm10"]) == (3.0, 7.0, 9.0)
        assert len(bench.frames) == 10
        before = got["rainfall_amount"]
        bench.twin.set("rainfall_amount", 2.01)
        bench.run(40.0)
        rise = {reading.quantity: reading.value for reading in bench.frames[-1]}["rainfall_amount"] - before
        assert rise == pytest.approx(5 * 0.2)  # 1.05 mm were 5 whole tips, 2.01 mm are 10


@pytest.mark.parametrize(("fault", "error"), [(Fault.SILENT, NoAnswer), (Fault.SLOW, NoAnswer), (Fault.NOISE, Garbled)])
def test_faults_are_told_and_pass(fault: Fault, error: type[DeviceError]) -> None:
    """A silent, slow or noisy station is told as what it is, and is read again as soon as it behaves."""
    with Bench(INFO, {}) as bench:
        bench.run(10.0)
        good = len(bench.frames)
        bench.twin.misbehave(fault)
        bench.run(100.0)
        during = len(bench.frames)
        assert bench.errors
        assert {type(found) for found in bench.errors} == {error}
        assert during - good <= 5
        bench.twin.misbehave(None)
        bench.run(160.0)
        assert len(bench.frames) >= during + 10


def test_lines_from_before_the_opening_are_forgotten() -> None:
    """A line that lay in the port when the station was opened is not stamped with the present."""
    clock = SimClock()
    wire = PtyWire(clock)
    settings = AsciiStationSettings(port=wire.path)
    instants: list[float] = []

    def drive() -> None:
        port = open_serial(settings, clock)
        wire.write(lines(LONG))
        clock.sleep_until(60.0)
        device = INFO.open(port, settings, clock)
        wire.write(lines(LONG, LONG))
        instants.extend(device.read()[0].at for _ in range(2))
        with pytest.raises(NoAnswer, match="no frame in 10 s"):
            device.read()
        instants.append(clock.now())

    clock.lane("driver", drive)
    clock.run_until(100.0)
    assert instants == [60.0, 60.0, 70.0]


def test_a_pulled_plug_is_told_as_such() -> None:
    """A port that goes while it is read raises `Unplugged`, not a library's error."""
    with Bench(INFO, {}) as bench:
        bench.run(10.0)
        bench.wire.unplug()
        bench.run(20.0)
        assert bench.errors[-1].kind.code == "unplugged"
        assert bench.path in str(bench.errors[-1])
