"""Victron VE.Direct: recorded chargers and monitors, HEX lines among the text, the sum byte, the twin."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices.stream import CHECKSUM
from drivers.devices.vedirect import INFO, VeDirectDecoder, VeDirectSettings
from drivers.driver import Frame, Refused
from drivers.errors import CUT_SHORT, DeviceError, Garbled, NoAnswer
from drivers.twins.twin import Fault
from tests.data import shared
from tests.kits.streams import Bench, cut, decode

HEX_LINE = b":7F7ED008C05D9\n"  # koestler/go-victron: register 0xEDF7, 14.20 V


def decoder() -> VeDirectDecoder:
    """Return a decoder at the beginning of its input."""
    return VeDirectDecoder(VeDirectSettings(port="/dev/null"))


def block(*fields: str, end: int | None = None) -> bytes:
    """Return a block of "label=value" fields; with `end` a filler field makes that byte the sum byte."""
    text = "".join("\r\n" + field.replace("=", "\t") for field in fields)
    if end is not None:
        bare = sum((text + "\r\nSER#\t\r\nChecksum\t").encode()) + end
        missing = -(bare + 5 * ord("A")) % 256
        filler = "".join(chr(ord("A") + min(max(missing - 52 * place, 0), 52)) for place in range(5))
        text += f"\r\nSER#\t{filler}"
    data = (text + "\r\nChecksum\t").encode()
    return data + bytes([-sum(data) % 256])


def values(item: Frame | Refused) -> dict[str, float]:
    """Return a frame's values by quantity."""
    assert isinstance(item, Frame), item
    return {reading.quantity: reading.value for reading in item.readings}


def refusals(items: list[Frame | Refused]) -> Counter[str]:
    """Count the refused pieces by their reason."""
    return Counter(str(item.reason) for item in items if isinstance(item, Refused))


def recorded(name: str) -> list[Frame | Refused]:
    """Decode a recording."""
    data = shared(f"device-bytes/vedirect_{name}")
    if data.suffix == ".jsonl":
        return decode(decoder(), *(bytes.fromhex(json.loads(line)["rx_hex"]) for line in data.read_text().splitlines()))
    return decode(decoder(), data.read_bytes())


def test_charger_at_night() -> None:
    """A SmartSolar's block gives its stated values, with a current that is slightly negative."""
    (item,) = recorded("mppt7515_fw175_text.bin")
    assert values(item) == {
        "battery_voltage": 13.36,
        "battery_current": -0.04,
        "panel_voltage": 0.01,
        "panel_power": 0.0,
        "charger_state": 0.0,
        "load_current": 0.0,
        "charger_yield_total": 4.67,
    }


def test_long_recording_of_a_charger() -> None:
    """247 blocks are read, HEX lines right after a sum byte cost none, a stray byte costs the one after it."""
    items = recorded("bluesolar_fw123.dump")
    assert refusals(items) == {"checksum": 1}
    assert items[0] == Refused(0, 165, CHECKSUM)
    frames = items[1:]
    assert len(frames) == 247
    assert values(frames[0])["panel_voltage"] == 31.39
    assert values(frames[-1])["battery_current"] == 0.5


def test_monitor_whose_sum_byte_is_a_colon() -> None:
    """534 blocks of a BMV are read, two of which end in a colon; history blocks give nothing."""
    items = recorded("bmv700_part1.dump")
    data = shared("device-bytes/vedirect_bmv700_part1.dump").read_bytes()
    assert len(items) == 534
    assert not refusals(items)
    assert len([item for item in items if data[item.offset + item.length - 1] == ord(":")]) == 2
    assert values(items[0]) == {"battery_voltage": 12.065, "battery_current": -7.625, "battery_power": -92.0}
    assert values(items[1]) == {}


def test_values_in_one_block_and_history_in_the_other() -> None:
    """A SmartShunt's history block gives nothing, its value block the battery."""
    history, battery = recorded("smartshunt_two_blocks.bin")
    assert values(history) == {}
    assert values(battery) == {"battery_voltage": 12.865, "battery_current": 0.0, "battery_power": 0.0}


def test_hex_lines_before_a_block_that_is_cut() -> None:
    """Ten HEX lines are no fault; the block that the recording cuts is refused as such."""
    assert recorded("hex_then_text_fw163_partial.bin") == [Refused(166, 74, CUT_SHORT)]


@pytest.mark.parametrize(
    ("name", "good", "refused"),
    [("smartshunt_main", 0, {}), ("smartsolar_250_70", 1, {}), ("smartsolar_lab", 0, {"checksum": 1})],
)
def test_hex_dialogs(name: str, good: int, refused: dict[str, int]) -> None:
    """Answers to HEX questions are no fault; a whole text block among them is read, one with its head cut is not."""
    items = recorded(f"hex_dialog_{name}.jsonl")
    assert len([item for item in items if isinstance(item, Frame)]) == good
    assert refusals(items) == refused
    if good:
        assert values(items[0])["charger_yield_total"] == 627.53


@pytest.mark.parametrize("end", [ord(":"), ord("\r"), ord("\n"), ord("\t"), ord(" "), 0, 255])
def test_sum_byte_may_be_any(end: int) -> None:
    """A block is read whatever its sum byte is, also one that looks like a line end or a HEX line."""
    first = block("V=12800", "I=-250", end=end)
    assert first[-1] == end
    items = decode(decoder(), first + HEX_LINE + block("V=12900"))
    assert [values(item)["battery_voltage"] for item in items] == [12.8, 12.9]


def test_hex_line_within_a_block_is_kept_out_of_its_sum() -> None:
    """A HEX line in mid block, even in mid value, does not cost the block."""
    whole = block("PID=0xA053", "V=12800", "I=1500")
    at = whole.index(b"800")
    (item,) = decode(decoder(), whole[:at] + HEX_LINE + whole[at:])
    assert values(item) == {"battery_voltage": 12.8, "battery_current": 1.5}


def test_hex_line_that_ends_in_another_byte() -> None:
    """A HEX line that ends in 0xFE in place of LF costs nothing; one with a wrong sum spoils its block."""
    good = block("V=12800")
    assert values(decode(decoder(), HEX_LINE[:-1] + b"\xfe" + good)[0]) == {"battery_voltage": 12.8}
    assert refusals(decode(decoder(), good[:6] + b":7F7ED008C05D8\n" + good[6:])) == {"checksum": 2}


def test_values_over_two_blocks() -> None:
    """A charger that splits its values gives each block's own, and a value that it does not know is none."""
    first, second = decode(decoder(), block("V=52590", "VPV=61770", "CS=3") + block("ERR=0", "H19=467", "I=---"))
    assert values(first) == {"battery_voltage": 52.59, "panel_voltage": 61.77, "charger_state": 3.0}
    assert values(second) == {"charger_yield_total": 4.67}


@given(st.data())
def test_decoding_does_not_depend_on_the_chunks(data: st.DataObject) -> None:
    """The same bytes give the same blocks and refusals however they come in."""
    whole = block("V=12800", "I=5", end=ord(":"))
    parts = st.sampled_from([whole, block("H19=1"), HEX_LINE, whole[:9], whole[5:], b":", b"\r", b"\n", bytes(700)])
    stream = b"".join(data.draw(st.lists(parts, max_size=10)))
    assert decode(decoder(), *data.draw(cut(stream))) == decode(decoder(), stream)


@given(st.binary(max_size=300))
def test_any_bytes_are_no_failure_and_blocks_after_them_read(noise: bytes) -> None:
    """Noise costs at most the block that it runs into."""
    items = decode(decoder(), noise, block("V=12800") * 3)
    assert [values(item) for item in items if isinstance(item, Frame)][-2:] == [{"battery_voltage": 12.8}] * 2


@given(st.integers(0, 200), st.integers(1, 255))
def test_one_changed_byte_never_gives_a_wrong_value(place: int, change: int) -> None:
    """Whatever single byte of a block is changed, it is refused or gives the true values."""
    whole = block("PID=0xA053", "V=12800", "I=1500", "VPV=18000", "PPV=20", "CS=3", "H19=467")
    at = place % len(whole)
    noisy = whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :]
    (truth,) = decode(decoder(), whole)
    for item in decode(decoder(), whole + noisy + whole):
        if isinstance(item, Frame):
            assert values(item) == values(truth)


@pytest.mark.parametrize("settings", [{"kind": "charger"}, {"kind": "charger", "load": False}, {"kind": "monitor"}])
def test_twin_measures_what_it_is_set_to(settings: dict[str, object]) -> None:
    """What the twin is set to arrives through a pty and pyserial, for each channel that the settings name."""
    with Bench(INFO, settings) as bench:
        want = {
            "battery_voltage": 12.345,
            "battery_current": -1.25,
            "battery_power": -15.0,
            "panel_voltage": 21.5,
            "panel_power": 33.0,
            "load_current": 1.1,
            "charger_state": 5.0,
            "charger_yield_total": 123.45,
        }
        for quantity, value in want.items():
            bench.twin.set(quantity, value)
        bench.run(12.0)
        got = {reading.quantity: reading.value for frame in bench.frames for reading in frame}
        assert got == {channel.quantity: want[channel.quantity] for channel in INFO.channels(bench.settings)}
        assert not bench.errors


@pytest.mark.parametrize(("fault", "error"), [(Fault.SILENT, NoAnswer), (Fault.NOISE, Garbled), (Fault.SHORT, Garbled)])
def test_faults_are_told_and_pass(fault: Fault, error: type[DeviceError]) -> None:
    """A silent, noisy or halting device is told as such, and is read again as soon as it behaves."""
    with Bench(INFO, {"load": False}) as bench:
        bench.run(10.0)
        bench.twin.misbehave(fault)
        bench.run(60.0)
        during = len(bench.frames)
        assert error in {type(found) for found in bench.errors}
        assert during <= 25  # noise may fall on a HEX line, which spoils nothing
        bench.twin.misbehave(None)
        bench.run(80.0)
        assert len(bench.frames) >= during + 17


@given(
    label=st.from_regex(r"[A-Za-z0-9#+_./ -]{1,40}", fullmatch=True).filter(lambda text: text not in ("V", "Checksum")),
    value=st.from_regex(r"[ -9;-~]{0,60}", fullmatch=True),
)
def test_an_unknown_label_is_passed_over(label: str, value: str) -> None:
    """Whatever a newer device adds to its block, of any form and length, what is known in it is read."""
    block = b"\r\nV\t13240\r\n%s\t%s\r\nChecksum\t" % (label.encode(), value.encode())
    block += bytes([-sum(block) % 256])
    items = decode(VeDirectDecoder(VeDirectSettings(port="/dev/x", kind="monitor")), block)
    frames = [item for item in items if isinstance(item, Frame)]
    assert frames == items and frames[0].readings[0].value == 13.24


def test_two_blocks_in_one_are_none() -> None:
    """A lost end makes two blocks one, whose sum is right once in 256 times: no label comes twice in a block."""
    body = b"\r\nV\t12800\r\nI\t5\r\nV\t52800\r\nChecksum\t"
    items = decode(VeDirectDecoder(VeDirectSettings(port="/dev/null")), body + bytes([-sum(body) & 255]))
    assert [type(item) for item in items] == [Refused]


@pytest.mark.parametrize("stray", [b"\0", b"\0" * 8, b"\x80\x80", b"x\x88"])
def test_bytes_before_a_block_that_add_up_to_nothing_spoil_it_too(stray: bytes) -> None:
    """Its sum is right all the same, and the next one is read."""
    fine = block("V=13360")
    spoilt, whole = decode(decoder(), stray + fine + fine)
    assert isinstance(spoilt, Refused) and str(spoilt.reason) == "not a block"
    assert values(whole) == {"battery_voltage": 13.36}


def test_a_refused_block_is_shown_where_it_is() -> None:
    """Whoever looks at a recording is told the bytes that were refused, and those alone."""
    good, bad = block("V=12800"), block("V=12900")[:-1] + b"?"
    (_, refused, _) = decode(decoder(), good + bad + good)
    assert isinstance(refused, Refused) and (refused.offset, refused.length) == (len(good), len(bad))
