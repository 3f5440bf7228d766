"""Recordings of the 1-Wire thermometer's file and of the vane's converter, decoded as the drivers decode them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from drivers.devices import vane, w1_therm
from drivers.driver import Decoder, Frame, Refused

# Linux Documentation/w1/slaves/w1_therm.rst shows this form; the scratchpad is the datasheet's for 23.125 degC.
TEXT = b"72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n"
POWER_ON = b"50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n"
BAD = b"72 01 4b 46 7f ff 0e 10 58 : crc=57 NO\n72 01 4b 46 7f ff 0e 10 58 t=23125\n"


def decode(decoder: Decoder, *chunks: bytes) -> list[Frame | Refused]:
    """Return all that the chunks hold."""
    found = [item for chunk in chunks for item in decoder.feed(chunk)]
    return [*found, *decoder.finish()]


def thermometer() -> w1_therm.TextDecoder:
    return w1_therm.TextDecoder(w1_therm.Settings(path="x"))


def test_texts_are_read_and_what_is_none_is_refused_for_its_reason() -> None:
    """A good text gives its temperature, 85 degC its doubt, a wrong CRC and rubbish their reasons and places."""
    found = decode(thermometer(), TEXT + BAD + b"rubbish\n" + POWER_ON[:-1])
    assert [item.offset for item in found] == [0, len(TEXT), len(TEXT + BAD), len(TEXT + BAD) + 8]
    good, bad, rubbish, doubted = found
    assert isinstance(good, Frame)
    assert [(r.quantity, r.value, r.doubt) for r in good.readings] == [("air_temperature", 23.125, None)]
    assert isinstance(bad, Refused)
    assert bad.reason == w1_therm.CRC_WRONG
    assert isinstance(rubbish, Refused)
    assert rubbish.reason == w1_therm.NO_TEXT
    assert isinstance(doubted, Frame)
    assert str(doubted.readings[0].doubt) == "its power-on value"


@given(st.lists(st.integers(0, len(TEXT) * 2), max_size=6))
def test_chunking_changes_nothing(cuts: list[int]) -> None:
    """However a recording is cut into pieces, the same texts are found."""
    data = TEXT + POWER_ON
    edges = [0, *sorted(cuts), len(data)]
    assert decode(thermometer(), *(data[a:b] for a, b in pairwise(edges))) == decode(thermometer(), data)


@given(st.binary(max_size=2000))
def test_arbitrary_bytes_are_refused_and_all_accounted_for(data: bytes) -> None:
    """No bytes raise, none give a reading by chance, and each is accounted for once."""
    found = decode(thermometer(), data)
    assert all(isinstance(item, Refused) for item in found)
    assert sum(item.length for item in found) == len(data)


def test_a_vanes_recording_gives_its_sector() -> None:
    """Half the supply over 10 kilohm to 14.12 kilohm is 247.5 degrees; an open line has no direction."""
    decoder = vane.decoder(vane.Settings())
    share = round(3.3 * 14.12 / 24.12 * 32767 / 4.096)
    lines = f'{{"registers": {{"0x00": "{share:04x}"}}}}\n{{"registers": {{"0x00": "67ff"}}}}\n'
    found = decode(decoder, lines.encode())
    assert isinstance(found[0], Frame)
    assert found[0].readings[0].value == 247.5
    assert isinstance(found[1], Refused)
