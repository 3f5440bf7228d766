"""Nova SDS011: recorded frames and commands, sleep and waking, its working period, its twin."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.buses.serial import open_serial
from drivers.devices.sds011 import (
    INFO,
    PERIOD,
    REPORT_MODE,
    SLEEP,
    Sds011Settings,
    command,
    decoder,
    open_sds011,
)
from drivers.devices.stream import NO_HEADER
from drivers.driver import Frame, Refused
from drivers.errors import DeviceError, NoAnswer
from drivers.twins.clocked_port import ClockedPort
from drivers.twins.sds011 import Sds011Twin
from drivers.twins.twin import Fault
from drivers.twins.wires import PtyWire
from edge.sim.clock import SimClock
from tests.data import shared
from tests.kits.streams import Bench, cut, decode

SETTINGS = Sds011Settings(port="/dev/null")
DATA = bytes.fromhex("aac00600060058d93dab")  # avaldebe/PyPMS tests/captured_data/SDS01x.hexdump (MIT)
REPLY = bytes.fromhex("aac506010100ece1d5ab")  # lewapek/sds-dust-sensors-arduino-library issue 6
STRAY = bytes.fromhex("ad50105edd")  # the same: first bytes after a wake


def test_every_recorded_frame_gives_its_stated_values_or_none() -> None:
    """Data frames give the stated values; commands and their answers give none; stray bytes are refused."""
    lines = [json.loads(line) for line in shared("device-bytes/sds011_frames.jsonl").read_text().splitlines()]
    assert len([line for line in lines if "expect" in line]) == 10
    for line in lines:
        (item,) = decode(decoder(SETTINGS), bytes.fromhex(line["hex"]))
        if "note" in line:
            assert item == Refused(0, 5, NO_HEADER)
            continue
        assert isinstance(item, Frame)
        got = {reading.quantity: reading.value for reading in item.readings}
        expect = line.get("expect")
        assert got == ({"pm2p5": expect["pm25"], "pm10": expect["pm10"]} if expect else {})


def test_commands_are_the_makers() -> None:
    """Wake, active mode and working period are the bytes of the maker's protocol."""
    assert command(SLEEP, 1).hex() == "aab406010100000000000000000000ffff06ab"
    assert command(REPORT_MODE, 0).hex() == "aab402010000000000000000000000ffff01ab"
    assert command(PERIOD, 1)[:5].hex() == "aab4080101"


def test_other_quantity_is_another_device() -> None:
    """A frame of the SDS198, which counts other particles, is never taken for PM2.5."""
    frame = bytes.fromhex("aacf0600060058d93dab")
    (other,) = decode(decoder(SETTINGS), frame)
    assert other == Frame(0, 10, ()) and other.kind == "SDS198"


def test_nothing_at_all_is_doubted() -> None:
    """Nought for both sizes, which some woken units give, carries a doubt."""
    (item,) = decode(decoder(SETTINGS), bytes.fromhex("aac00000000058d931ab"))
    assert isinstance(item, Frame)
    assert {str(reading.doubt) for reading in item.readings} == {"no particles at all"}


@given(st.data())
def test_decoding_does_not_depend_on_the_chunks(data: st.DataObject) -> None:
    """The same bytes give the same frames and refusals however they come in, and every byte is accounted for."""
    pieces = st.sampled_from([DATA, REPLY, STRAY, command(SLEEP, 1), DATA[:6], DATA[4:], b"\xaa", b"\xaa\xc0"])
    stream = b"".join(data.draw(st.lists(pieces, max_size=10)))
    whole = decode(decoder(SETTINGS), stream)
    assert decode(decoder(SETTINGS), *data.draw(cut(stream))) == whole
    assert sum(item.length for item in whole) == len(stream)


@given(st.binary(max_size=100))
def test_any_bytes_are_refused_and_good_frames_after_them_read(noise: bytes) -> None:
    """Noise is no failure, and costs at most the frames that it runs into."""
    items = decode(decoder(SETTINGS), noise, DATA * 4)
    assert [item for item in items if isinstance(item, Frame)][-1].offset == len(noise) + 30


def test_twin_measures_what_it_is_set_to() -> None:
    """What the twin is set to arrives each second, after the sensor was told to talk by itself."""
    with Bench(INFO, {}) as bench:
        bench.twin.set("pm2p5", 33.4)
        bench.twin.set("pm10", 51.0)
        bench.run(20.0)
        assert [(reading.quantity, reading.value) for reading in bench.frames[-1]] == [("pm2p5", 33.4), ("pm10", 51.0)]
        assert len(bench.frames) >= 18
        assert [sent[2:5] for sent in bench.twin.commands] == [b"\x06\x01\x01", b"\x02\x01\x00", b"\x08\x01\x00"]


def test_sleeping_sensor_is_woken() -> None:
    """A sleeping sensor that loses the first wake command and answers with stray bytes is read all the same."""
    with Bench(INFO, {}) as bench:
        bench.twin.asleep = True
        bench.run(20.0)
        assert len(bench.frames) >= 15
        assert not bench.errors


def test_working_period_gives_one_fresh_reading_each() -> None:
    """With a period of two minutes each read waits for the next measurement, and none is an old one."""
    with Bench(INFO, {"period": 2}) as bench:
        bench.run(1000.0)
        instants = [frame[0].at for frame in bench.frames]
        assert 7 <= len(instants) <= 8
        assert all(later - earlier == pytest.approx(120.0) for earlier, later in pairwise(instants))
        assert INFO.samples_per_minute(bench.settings) == 0.5


def test_frame_from_before_the_read_is_passed_over() -> None:
    """What a duty-cycled sensor sent before it was asked is old, and is never given as a reading of now."""
    clock = SimClock()
    wire = PtyWire(clock)
    settings = Sds011Settings(port=wire.path, period=2)
    twin = Sds011Twin(settings, clock, 1)
    instants: list[float] = []

    def read_twice() -> None:
        port: Any = ClockedPort(open_serial(settings, clock), wire)
        device = open_sds011(port, settings, clock)
        instants.append(device.read()[0].at)
        clock.sleep_until(150.0)
        wire.write(DATA)
        clock.sleep_until(200.0)
        instants.append(device.read()[0].at)

    clock.lane("driver", read_twice)
    clock.lane("twin", lambda: twin.run(wire))
    clock.run_until(500.0)
    assert instants == [pytest.approx(120.0), pytest.approx(240.0)]


def waiting(dies_at: float, noise: bytes, *instants: float) -> float | DeviceError:
    """Return when a read with a period of two minutes gives its value, or what it raises, while noise comes then."""
    clock = SimClock()
    wire = PtyWire(clock)
    settings = Sds011Settings(port=wire.path, period=2)
    twin = Sds011Twin(settings, clock, 1)
    got: list[float | DeviceError] = []

    def read_once() -> None:
        port: Any = ClockedPort(open_serial(settings, clock), wire)
        try:
            got.append(open_sds011(port, settings, clock).read()[0].at)
        except DeviceError as error:
            got.append(error)
        assert clock.now() < 135.0, "a read ends in its stated time, whatever comes"

    def disturb() -> None:
        for instant in instants:
            clock.sleep_until(instant)
            if instant >= dies_at:
                twin.misbehave(Fault.SILENT)
            wire.write(noise)

    clock.lane("driver", read_once)
    clock.lane("twin", lambda: twin.run(wire))
    clock.lane("noise", disturb)
    clock.run_until(400.0)
    return got[0]


@pytest.mark.parametrize("noise", [(DATA[:-1] + b"\0") * 2, STRAY, b"\0\xff" * 40, DATA[:4] + DATA[:5]])
def test_noise_does_not_end_the_wait_for_a_period(noise: bytes) -> None:
    """What comes while the sensor sleeps costs no measurement: the read goes on until the next one."""
    assert waiting(1000.0, noise, 60.0, 61.0, 62.0) == pytest.approx(120.0)


def test_a_sensor_that_dies_in_noise_is_told_in_time() -> None:
    """Noise draws out no wait: after the period the sensor is silent, or what came is named."""
    assert isinstance(waiting(20.0, b"\0\xff" * 40, *(25.0 * n for n in range(1, 15))), DeviceError)


def test_sensor_that_does_not_answer_at_all_is_told_when_opened() -> None:
    """A port with nothing on it is told as no answer when the sensor is opened."""
    with Bench(INFO, {}) as bench:
        bench.twin.misbehave(Fault.SILENT)
        with pytest.raises(NoAnswer, match="wake"):
            bench.run(20.0)


def test_the_end_of_the_scale_is_no_measurement() -> None:
    """A sensor that tells 999.9 has that much or more: the value is kept with a doubt."""
    words = (1234).to_bytes(2, "little") + (9999).to_bytes(2, "little") + b"\xa1\x60"
    (frame,) = decode(decoder(Sds011Settings(port="/dev/null")), b"\xaa\xc0" + words + bytes([sum(words) & 255, 0xAB]))
    assert isinstance(frame, Frame)
    assert [reading.doubt and reading.doubt.code for reading in frame.readings] == [None, "at_its_end"]
