"""What a port says that gave no value yet: a frame's rest, noise, the right form with wrong sums, text, a master."""

from __future__ import annotations

import pytest

from drivers.buses.bus import BUSES
from drivers.buses.modbus import ModbusBus
from drivers.catalog import find
from drivers.checksums import xor8
from drivers.devices.heard import other_master, text_in
from drivers.devices.modbus import INFO
from drivers.errors import DeviceError, Garbled, NoFrame, WrongDevice
from drivers.reading import Reading
from drivers.twins.modbus import sealed
from edge.clock.clock import SystemClock
from edge.language.remedies import remedy
from edge.sim.clock import SimClock
from tests.kits.modbus_line import PlayedPort, played, settings, simulated
from tests.kits.system import FRAME as DUST
from tests.unit.drivers.test_seven_causes import STATION, speaking

BODY = b"WIMWV,090.0,R,3.4,M,A"
WIND = b"$%s*%02X\r\n" % (BODY, xor8(BODY))
BATTERY = b"\r\nV\t12840\r\nI\t800\r\nChecksum\t\x37"
PARTICLES = b"\xaa\xc0\x5d\x00\x97\x00\x12\x34\x3a\xab"
FRAMES = {"nmea": WIND, "ascii-station": STATION, "vedirect": BATTERY, "plantower": DUST, "sds011": PARTICLES}
NOISE = b"\xf8$A\xe0\xaa:\x8f\rB\x80*\xfe"  # with a sign of each driver's frames in it
MASTER = sealed(b"\x09\x03\x00\x00\x00\x02") + sealed(b"\x09\x03\x04\x01\x02\x00\x03")

SLOW_ONE = pytest.param("sds011", marks=pytest.mark.slow)  # it is asked for its mode first


def first_of(name: str, port: str) -> tuple[Reading, ...]:
    """Return what a driver's first read on that port gives."""
    info, clock = find(name), SystemClock()
    chosen = info.settings.model_validate({"port": port})
    bus = BUSES[info.bus].open(chosen, clock)
    try:
        return info.open(bus, chosen, clock).read()
    finally:
        bus.close()


@pytest.mark.parametrize("name", [name for name in FRAMES if name != "sds011"] + [SLOW_ONE])
@pytest.mark.parametrize("share", [0.2, 0.7])
def test_whoever_begins_to_listen_within_a_frame_gets_the_next_one(name: str, share: float) -> None:
    """A device sends when it likes: the rest of a frame that was under way is no garbled one."""
    frame = FRAMES[name]
    at = round(share * len(frame))
    with speaking(frame[at:] + frame[:at]) as port:
        assert first_of(name, port)


@pytest.mark.parametrize("name", FRAMES)
def test_little_noise_names_the_speeds_too(name: str) -> None:
    """Some bytes a second that make no frame, whatever signs are among them, are another speed and no bad frame."""
    with speaking(NOISE, 0.2) as port:
        error = heard(name, port)
    assert isinstance(error, NoFrame) and error.detail.code == "no_frame_but_bytes"
    assert "38400" in str(error.detail) and "baud" in remedy("serial", error.reason)


def heard(name: str, port: str) -> DeviceError:
    """Return what a driver's first read on that port raises."""
    with pytest.raises(DeviceError) as raised:
        first_of(name, port)
    return raised.value


@pytest.mark.parametrize("times", [1, 30])
@pytest.mark.parametrize("name", ["nmea", "ascii-station", "plantower", "sds011"])
def test_frames_with_wrong_check_sums_are_no_other_speed(name: str, times: int) -> None:
    """The form of this device, and each sum wrong: the speed is right, however much came."""
    frame = FRAMES[name]
    at = len(frame) // 2
    changed = frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :]
    with speaking(changed * times) as port:
        error = heard(name, port)
    assert isinstance(error, Garbled), error
    assert str(error.detail).startswith("checksum: ")


@pytest.mark.parametrize("coding", ["gb2312", "utf-8"])
def test_chinese_text_is_text(coding: str) -> None:
    """Makers here write in GB 2312 or UTF-8; a torn first line hides no text, and noise is none in either coding."""
    line = "温度：21.3度 湿度：45%\r\n".encode(coding)
    assert text_in((line * 3)[1:]) == "温度：21.3度 湿度：45%"
    assert text_in(bytes((n * 37 + 11) % 251 for n in range(200))) == ""


@pytest.mark.parametrize("name", ["plantower", pytest.param("nmea", marks=pytest.mark.slow)])
def test_another_master_on_the_line_is_named(name: str) -> None:
    """The port of a device that talks, on a line where a logger queries its own ones."""
    with speaking(MASTER, 0.1) as port:
        error = heard(name, port)
    assert isinstance(error, WrongDevice) and error.detail.code == "another_master" and "address 9" in str(error)
    assert "one master" in remedy("serial", error.reason)


def test_one_request_among_noise_is_no_master() -> None:
    """Eight bytes may look like one by chance, or be what another lane asked."""
    assert other_master(NOISE * 30 + MASTER) is None
    assert other_master(MASTER * 2) == 9


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (MASTER, "another_master"),
        (b"Boot ok, waiting for the probe\r\n", "another_text"),
        (b"\x18\x19\x08\x48\xf9", "no_frame_but_bytes"),
        (b"\x01\x03\x04\x02\x00\x00\xc8\x12\x34", "checksum_wrong"),
        (b"\x05\x03\x04\x02\x00\x00\xc8\x12\x34", "checksum_wrong"),
        (b"\x01\x83\x00", "no_whole_frame"),
        (b"\x00", "no_whole_frame"),
    ],
)
def test_a_modbus_line_tells_what_kind_of_bytes_came(said: bytes, code: str) -> None:
    """Another master, text and another speed are told from a damaged answer of the device itself."""

    def read(clock: SimClock) -> DeviceError | None:
        device, error = INFO.open(played(clock, *[said] * 4), settings("th-renke"), clock), None
        for _ in range(4):
            try:
                device.read()
            except DeviceError as found:
                error = found
        return error

    error = simulated(read)
    assert error is not None and error.detail.code == code


def test_what_lies_on_a_modbus_line_unasked_is_another_masters() -> None:
    """Its requests are heard between our own."""

    def read(clock: SimClock) -> None:
        port = PlayedPort(clock)
        device = INFO.open(ModbusBus(port, 9600, "N", clock), settings("th-renke"), clock)
        port.stale = MASTER * 3
        device.read()

    with pytest.raises(WrongDevice, match="address 9"):
        simulated(read)


@pytest.mark.parametrize(
    ("stale", "code"),
    [
        (b"Boot ok, waiting for the probe\r\n" * 2, "another_text"),
        (NOISE * 4, "no_frame_but_bytes"),
        (sealed(b"\x02\x03\x04\x01\x02\x00\x03"), "no_answer_to_request"),
    ],
)
def test_what_lies_unasked_on_a_modbus_line_says_why_no_answer_comes(stale: bytes, code: str) -> None:
    """Text and noise between the requests; a neighbour's answer that comes late is neither."""

    def read(clock: SimClock) -> DeviceError | None:
        port, error = PlayedPort(clock), None
        device = INFO.open(ModbusBus(port, 9600, "N", clock), settings("th-renke"), clock)
        for _ in range(3):  # also within the time in which an answer may still come
            port.stale = stale
            try:
                device.read()
            except DeviceError as found:
                assert error is None or found.detail.code == error.detail.code
                error = found
        return error

    error = simulated(read)
    assert error is not None and error.detail.code == code
