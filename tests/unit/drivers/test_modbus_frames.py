"""Recorded frames of real sensors, and those of their manuals, through the driver and through the decoder."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drivers.buses.modbus import ModbusBus
from drivers.devices.modbus import decoder
from drivers.devices.modbus_registers import SCALE_DOUBT
from drivers.devices.stream import NO_HEADER
from drivers.driver import Frame, Refused
from drivers.errors import Garbled
from edge.sim.clock import SimClock
from tests.data import shared
from tests.kits.modbus_line import PlayedPort, played, settings, simulated

RECORDINGS = "device-bytes/modbus_frames.jsonl"

# For each request and answer of the recordings: the profile that reads them, and what they say.
READINGS: dict[str, tuple[str, dict[str, float]]] = {
    "01 03 08 00 0e 00 01 00 02 00 6e 67 fb": (
        "sen0658",
        {"wind_speed": 1.4, "wind_from_direction": 110},
    ),
    "01 03 06 01 c3 00 f6 02 06 05 e5": (
        "sen0658",
        {"relative_humidity": 45.1, "air_temperature": 24.6, "noise": 51.8},
    ),
    "01 03 06 00 05 00 0f 03 fb 9c 05": ("sen0658", {"pm2p5": 5, "pm10": 15, "air_pressure": 1019}),
    "01 03 04 00 00 00 32 7b e6": ("sen0658", {"illuminance": 50}),
    "01 03 02 00 06 38 46": ("rs-fsjt", {"wind_speed": 0.6}),
    "01 03 04 00 06 00 01 db f2": ("rs-fsjt", {"wind_speed": 0.6}),
    "01 03 04 00 02 00 5a db c8": ("rs-fxjt", {"wind_from_direction": 90}),
    "01 03 06 02 92 ff 9b 03 e8 d8 0f": (
        "rs-ecth",
        {"soil_moisture": 65.8, "soil_temperature": -10.1, "soil_conductivity": 1000},
    ),
    "01 03 06 01 ef 01 44 00 04 b5 59": (
        "rs-ecth",
        {"soil_moisture": 49.5, "soil_temperature": 32.4, "soil_conductivity": 4},
    ),
    "01 03 04 01 11 02 72 2a 8f": ("rs485-th", {"air_temperature": 27.3, "relative_humidity": 62.6}),
    "01 03 02 02 18 b9 2e": ("xm9505", {"rainfall_amount": 53.6}),
}
WORDS = {  # those whose words are known but stand for no quantity of a profile
    "01 03 0a 00 7d 00 00 00 00 00 00 00 00 19 e4": [125, 0, 0, 0, 0],
    "01 03 02 00 03 f8 45": [3],
}
WRITES = ("01 10 07 d0 00 01 02 00 02 42 c1", "01 06 00 66 00 02 e8 14")
NO_FRAMES = ("01 00 00 00 00", "01 00 00 b8 00")


def lines() -> list[dict[str, Any]]:
    """Return the recordings, one object a line."""
    return [json.loads(line) for line in shared(RECORDINGS).read_text().splitlines() if line]


def recorded(answer: str) -> dict[str, Any]:
    """Return the line whose answer, after the echo, is `answer`."""
    return next(line for line in lines() if line["rx_hex"].endswith(answer))


def numbers(hexed: str) -> bytes:
    """Return bytes from their text."""
    return bytes.fromhex(hexed)


def decoded(profile: str, data: bytes, **others: Any) -> list[Frame | Refused]:
    """Decode the whole input."""
    reader = decoder(settings(profile, **others))
    return [*reader.feed(data), *reader.finish()]


def only_frame(profile: str, data: bytes) -> Frame:
    """Return the one frame that the decoder finds, nothing being refused."""
    (frame,) = decoded(profile, data)
    assert isinstance(frame, Frame)
    return frame


def test_every_recording_has_its_test() -> None:
    """Each line of the recordings is either decoded or refused by a test of this file."""
    named = (*READINGS, *WORDS, *WRITES, *NO_FRAMES)
    assert [line["rx_hex"] for line in lines() if not line["rx_hex"].endswith(named)] == []
    assert len(lines()) == len(named)


@pytest.mark.parametrize(("answer", "profile", "said"), [(a, *rest) for a, rest in READINGS.items()])
def test_a_recorded_answer_gives_its_readings(answer: str, profile: str, said: dict[str, float]) -> None:
    """Request and answer as they were on the line give the stated values, an echo of the request or not."""
    line = recorded(answer)
    echoed = numbers(line["rx_hex"])
    request = numbers(line["tx_hex"])
    for stream in (request + echoed, request + numbers(answer)):
        frame = only_frame(profile, stream)
        assert frame.offset == len(stream) - len(numbers(answer))
        assert {r.quantity: pytest.approx(r.value) for r in frame.readings} == said
        assert [r.doubt for r in frame.readings] == [None] * len(said)


@pytest.mark.parametrize("answer", [*READINGS, *WORDS])
def test_the_line_reads_a_recorded_answer(answer: str) -> None:
    """The bus gives the recorded words, the adapter's echo dropped, and sends the recorded request."""
    line = recorded(answer)
    request = numbers(line["tx_hex"])
    start, count = int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big")
    words = numbers(answer)[3:-2]
    expected = [int.from_bytes(words[at : at + 2], "big") for at in range(0, len(words), 2)]

    def run(clock: SimClock) -> tuple[tuple[int, ...], list[bytes]]:
        port = PlayedPort(clock, numbers(line["rx_hex"]))
        return ModbusBus(port, 4800, "N", clock).read(request[0], request[1], start, count), port.sent

    got, sent = simulated(run)
    assert list(got) == expected == WORDS.get(answer, expected)
    assert sent == [request]


@pytest.mark.parametrize("request_", WRITES)
def test_a_recorded_write_gives_no_reading_and_no_refusal(request_: str) -> None:
    """A request that sets an address is a good frame that says nothing about the weather."""
    assert decoded("rs-ecth", numbers(request_)) == []


@pytest.mark.parametrize("answer", NO_FRAMES)
def test_the_garbage_of_a_wrong_parity_is_refused(answer: str) -> None:
    """Five bytes of the right address that a wrong parity made are no frame, in the driver and in the decoder."""
    request = numbers(recorded(answer)["tx_hex"])

    def run(clock: SimClock) -> object:
        return played(clock, numbers(answer)).read(1, request[1], 0, 1)

    with pytest.raises(Garbled, match=r"5 bytes, 01 00 00"):
        simulated(run)
    assert decoded("rs-fsjt", request + numbers(answer)) == [Refused(8, 5, NO_HEADER)]


def test_further_worked_examples_of_manuals() -> None:
    """Answers printed in makers' manuals give what the manuals say of them."""
    soil = decoded("mtec-02a", numbers("01 04 00 00 00 03 b0 0b 01 04 06 08 90 0e 93 02 4e d2 57"))
    air = decoded("sensecap-one", numbers("01 04 00 00 00 02 71 cb 01 04 04 00 00 6e 8c d6 41"))
    said = [{r.quantity: round(r.value, 6) for r in f.readings} for f in soil + air if isinstance(f, Frame)]
    assert said == [
        {"soil_temperature": 21.92, "soil_moisture": 37.31, "soil_conductivity": 590},
        {"air_temperature": 28.3},
    ]


def test_the_scale_that_the_force_denies_is_doubted() -> None:
    """The real SEN0658 answer read in hundredths carries a doubt, for its force says ten times as much."""
    line = recorded("01 03 08 00 0e 00 01 00 02 00 6e 67 fb")
    speed = only_frame("station-comwintop", numbers(line["tx_hex"]) + numbers(line["rx_hex"])).readings[0]
    assert (speed.quantity, round(speed.value, 3)) == ("wind_speed", 0.14)
    assert speed.doubt == SCALE_DOUBT
