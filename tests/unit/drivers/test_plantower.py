"""Plantower particle sensors: real frames, slipped frames, each model, its twin."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices.plantower import INFO, PlantowerSettings, decoder
from drivers.devices.stream import CHECKSUM, NO_HEADER
from drivers.driver import Frame, Refused
from drivers.errors import CUT_SHORT
from drivers.reading import Reading
from drivers.reason import Reason
from tests.data import shared
from tests.kits.streams import Bench, cut, decode

# avaldebe/PyPMS tests/captured_data/PMSx003.hexdump and PMS3003.hexdump (MIT)
PMS5003 = bytes.fromhex("424d001c00000008000800000008000800d20046002d001e00000000970002c5")
PMS3003 = bytes.fromhex("424d001400010001000100010001000100000000005100fa")


def settings(model: str = "PMS5003") -> PlantowerSettings:
    """Return the settings of that model on some port."""
    return PlantowerSettings.model_validate({"port": "/dev/null", "model": model})


def signed(frame: bytes) -> bytes:
    """Return the frame with its check sum made right."""
    return frame[:-2] + (sum(frame[:-2]) & 0xFFFF).to_bytes(2, "big")


def test_every_recorded_frame_gives_its_stated_values_or_is_refused() -> None:
    """Each recorded frame gives the ambient values stated beside it, and each damaged one is refused."""
    lines = shared("device-bytes/plantower_frames.jsonl").read_text().splitlines()
    assert len(lines) == 24
    for line in map(json.loads, lines):
        model = "PMS3003" if line["device"] == "PMS3003" else "PMS5003"
        (item,) = decode(decoder(settings(model)), bytes.fromhex(line["hex"]))
        if not line["checksum_ok"]:
            assert item == Refused(0, line["len"], CHECKSUM)
            continue
        assert isinstance(item, Frame)
        got = {reading.quantity: reading.value for reading in item.readings}
        expect = line["expect"]
        assert got == {"pm1": expect["pm1_atm"], "pm2p5": expect["pm25_atm"], "pm10": expect["pm10_atm"]}
        assert {reading.doubt for reading in item.readings} == {None}


def test_frames_after_cut_ones_are_found_inside_the_bytes_already_read() -> None:
    """A recording that begins in mid frame and has a cut frame in it still gives its four whole ones."""
    stream = shared("device-bytes/plantower_pms3003_out_of_phase.bin").read_bytes()
    items = decode(decoder(settings("PMS3003")), stream)
    frames = [item for item in items if isinstance(item, Frame)]
    assert [[reading.value for reading in frame.readings] for frame in frames] == [
        [76, 129, 150],
        [76, 127, 143],
        [76, 127, 144],
        [76, 127, 145],
    ]
    assert [item.reason for item in items if isinstance(item, Refused)] == [NO_HEADER, CUT_SHORT]
    assert sum(item.length for item in items) == len(stream)


def test_nought_counts_are_no_clean_air() -> None:
    """While the fan starts all particle counts are nought: the readings carry that as a doubt."""
    frame = signed(PMS5003[:4] + bytes(24) + PMS5003[28:])
    (item,) = decode(decoder(settings()), frame)
    assert isinstance(item, Frame)
    assert item.readings[1] == Reading("pm2p5", 0.0, 0.0, doubt=Reason("warming_up", "warming up"))


def test_error_byte_is_a_doubt() -> None:
    """What the sensor reports as its own error stands beside each reading."""
    (item,) = decode(decoder(settings()), signed(PMS5003[:29] + b"\x02" + PMS5003[30:]))
    assert isinstance(item, Frame)
    assert {str(reading.doubt) for reading in item.readings} == {"error code 0x02"}


@pytest.mark.parametrize(("model", "at", "length"), [("PMS5003T", 24, 32), ("PMS5003ST", 30, 40)])
def test_models_with_climate_give_it(model: str, at: int, length: int) -> None:
    """A T or ST also gives its temperature, which may be below zero, and humidity, in tenths."""
    body = bytearray(b"\x42\x4d" + (length - 4).to_bytes(2, "big") + bytes(length - 4))
    body[10:18] = b"\x00\x05\x00\x07\x00\x09\x01\x00"
    body[at : at + 4] = (-35).to_bytes(2, "big", signed=True) + (812).to_bytes(2, "big")
    (item,) = decode(decoder(settings(model)), signed(bytes(body)))
    assert isinstance(item, Frame)
    assert [(reading.quantity, reading.value) for reading in item.readings] == [
        ("pm1", 5),
        ("pm2p5", 7),
        ("pm10", 9),
        ("air_temperature", -3.5),
        ("relative_humidity", 81.2),
    ]


def test_another_model_is_told_from_noise() -> None:
    """Whole frames of a model with another length give nothing and name the models that send them: no damage."""
    (longer,), (shorter,) = (
        decode(decoder(settings("PMS3003")), PMS5003),
        decode(decoder(settings("PMS5003")), PMS3003),
    )
    assert (longer, shorter) == (Frame(0, 32, ()), Frame(0, 24, ()))
    assert isinstance(shorter, Frame) and isinstance(longer, Frame)
    assert shorter.kind == "PMS3003" and longer.kind.startswith("PMS5003, PMS7003")


@given(st.data())
def test_decoding_does_not_depend_on_the_chunks(data: st.DataObject) -> None:
    """The same bytes give the same frames and refusals however they come in, and every byte is accounted for."""
    pieces = st.sampled_from([PMS5003, PMS3003, PMS5003[:13], PMS5003[7:], b"\x42", b"\x42\x4d", bytes(70)])
    stream = b"".join(data.draw(st.lists(pieces, max_size=10)))
    whole = decode(decoder(settings()), stream)
    assert decode(decoder(settings()), *data.draw(cut(stream))) == whole
    assert sum(item.length for item in whole) == len(stream)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_good_frames_after_them_read(noise: bytes) -> None:
    """Noise gives no reading and no failure, and costs at most the one frame that it runs into."""
    items = decode(decoder(settings()), noise, PMS5003, PMS5003, PMS5003)
    assert len([item for item in items if isinstance(item, Frame)]) >= 2


@pytest.mark.parametrize("model", ["PMS5003", "PMS7003", "PMSA003", "PMS1003", "PMS3003", "PMS5003T", "PMS5003ST"])
def test_twin_of_each_model_measures_what_it_is_set_to(model: str) -> None:
    """What the twin is set to arrives through a pty and pyserial once the fan has started."""
    with Bench(INFO, {"model": model}) as bench:
        for quantity, value in {"pm1": 41.0, "pm2p5": 77.2, "pm10": 120.0, "air_temperature": -4.0}.items():
            bench.twin.set(quantity, value)
        bench.run(20.0)
        assert len(bench.frames) == (16 if model == "PMS3003" else 20)
        got = {reading.quantity: reading for reading in bench.frames[-1]}
        assert (got["pm1"].value, got["pm2p5"].value, got["pm10"].value) == (41.0, 77.0, 120.0)
        assert got["pm1"].doubt is None
        assert [reading.at for reading in bench.frames[-1]] == [20.0] * len(got)
        assert set(got) == {channel.quantity for channel in INFO.channels(bench.settings)}
        if model != "PMS3003":
            assert bench.frames[0][0].doubt == Reason("warming_up", "warming up")
        if model in ("PMS5003T", "PMS5003ST"):
            assert got["air_temperature"].value == -4.0


def test_more_large_particles_than_all_is_a_contradiction() -> None:
    """Each count includes the larger ones: a frame in which one rises is doubted, though its sum is right."""
    words = [28, 5, 8, 9, 5, 8, 9, 900, 250, 260, 5, 1, 0, 0x9700]
    body = b"\x42\x4d" + b"".join(word.to_bytes(2, "big") for word in words)
    (frame,) = decode(
        decoder(PlantowerSettings(port="/dev/null", model="PMS5003")), body + (sum(body) & 0xFFFF).to_bytes(2, "big")
    )
    assert isinstance(frame, Frame)
    assert {reading.doubt and reading.doubt.code for reading in frame.readings} == {"counts_rise"}
