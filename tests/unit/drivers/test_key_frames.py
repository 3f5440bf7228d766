"""Which frames of a stream are key frames, seen by a decoder that knows nothing of what came before."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple
from weakref import WeakSet

import av
import pytest
from PIL import Image, ImageDraw, ImageFont

from drivers.cameras import frames as frames_module
from drivers.cameras.frames import frames
from drivers.cameras.key_frames import KeyFrames, whole_h264
from tests.kits import orchard
from tests.kits.key_frames import ENCODERS, encoded, frame_of, is_slice, joined, torn, units

EVERY = 12  # frames


def coded(codec: str) -> list[bytes]:
    """Return frames in open groups: all key frames but the first are referred to over, and are no IDR pictures."""
    encoder = av.CodecContext.create(ENCODERS[codec], "w")
    assert isinstance(encoder, av.VideoCodecContext)
    picture = orchard.image(3, 362).resize((640, 360))
    encoder.width, encoder.height, encoder.pix_fmt = *picture.size, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, 25), Fraction(25), EVERY
    more = ":log-level=none:pools=1" if codec == "h265" else ":scenecut=0"
    encoder.options = {"preset": "ultrafast", f"{ENCODERS[codec][3:]}-params": f"open-gop=1:bframes=2{more}"}
    found: list[bytes] = []
    for number in range(3 * EVERY):
        frame = frame_of(picture.rotate(number)).reformat(format="yuv420p")
        frame.pts = number
        found += [bytes(packet) for packet in encoder.encode(frame)]
    return found + [bytes(packet) for packet in encoder.encode(None)]


@pytest.mark.parametrize(("codec", "name"), [("h264", "h264"), ("h265", "hevc")])
def test_the_first_key_frame_that_comes_is_a_picture_in_an_open_group_too(codec: str, name: str) -> None:
    """Where a station joins in the middle no later frame is waited for, and no other one passes for a key frame."""
    frames = coded(codec)
    sets = joined([unit for unit in units(frames[0]) if not is_slice(codec, unit)])  # which a session tells
    late = KeyFrames(name, sets)
    found = [place for place, frame in enumerate(frames[3:], 3) for key in late.decode(frame) if key is not None]
    assert len(found) == 2
    assert found[0] <= EVERY


@pytest.mark.parametrize(("codec", "name", "head"), [("h264", "h264", b"\x67"), ("h265", "hevc", b"\x42\x01")])
def test_a_camera_that_sends_other_parameter_sets_each_time_fills_no_memory(codec: str, name: str, head: bytes) -> None:
    """Nor do its sets hide the key frame that comes at last."""
    late = KeyFrames(name, None)
    tracemalloc.start()
    for number in range(3000):
        assert not list(late.decode(joined([head + number.to_bytes(2, "big") + bytes([255]) * 2000])))
    assert tracemalloc.get_traced_memory()[0] < 1_000_000
    tracemalloc.stop()
    assert [key is not None for key in late.decode(coded(codec)[0])] == [True]


class Packet(NamedTuple):
    """What one RTP packet had in it, with its time."""

    data: bytes
    pts: int | None

    def __bytes__(self) -> bytes:
        return self.data


def parted(picture: list[bytes], codec: str, times: Callable[[int, int], int | None]) -> list[Packet]:
    """Return frames as packets: a unit each, a larger one in fragments; `times` of the frame's and packet's number."""
    packets: list[Packet] = []
    for number, data in enumerate(picture):
        for unit in units(data):
            whole = joined([unit])
            for at in range(0, len(whole), 1000):
                packets.append(Packet(whole[at : at + 1000], times(number, len(packets))))
    return packets


@pytest.mark.parametrize(
    "times",
    [
        lambda frame, packet: 3600 * frame,
        lambda frame, packet: 7,
        lambda frame, packet: None,
        lambda frame, packet: 90 * packet,
        lambda frame, packet: -90 * packet,
        lambda frame, packet: packet % 2,
    ],
    ids=["right", "still", "none", "apart", "backwards", "to and fro"],
)
@pytest.mark.parametrize("slices", [1, 4])
@pytest.mark.parametrize(("codec", "name"), [("h264", "h264"), ("h265", "hevc")])
def test_frames_are_whole_whatever_the_times_of_their_packets(
    codec: str, name: str, slices: int, times: Callable[[int, int], int | None]
) -> None:
    """Of a camera whose RTP time is no frame's, at least all frames but the first few come whole and apart."""
    told = encoded(codec, slices, [orchard.image(seed, 362) for seed in range(3, 11)])
    found = list(frames(parted(told, codec, times), name))
    assert [list(units(frame)) for frame in found[-6:]] == [list(units(frame)) for frame in told[-6:]]


@pytest.mark.parametrize(("codec", "name"), [("h264", "h264"), ("h265", "hevc"), ("h264", "another codec")])
def test_frames_stay_apart_where_packets_are_lost(codec: str, name: str) -> None:
    """By a time that is right: what is left of a frame whose first packets are lost is not put behind the last one."""
    told = encoded(codec, 4, [orchard.image(seed, 362) for seed in range(3, 11)])
    packets = parted(told, codec, lambda frame, packet: 3600 * frame)
    by_time = {time: [one for one in packets if one.pts == time] for time in range(0, 3600 * len(told), 3600)}
    left = [some[len(some) // 2 :] if time % 7200 else some for time, some in by_time.items()]
    found = list(frames((one for some in left for one in some), name))
    assert found == [b"".join(map(bytes, some)) for some in left]


def unit(name: str, kind: int, more: bytes, first: bool = True) -> bytes:
    """Return a unit of that type, with the header of its codec: one byte or two. A slice tells if it is the first."""
    head = bytes([0x60 | kind]) if name == "h264" else bytes([kind << 1, 1])
    return frames_module.START + head + (b"\xb8" if first else b"\x48") + more


@pytest.mark.parametrize(
    ("name", "kind", "part"),
    [("h264", kind, part) for kind in (6, 7, 8, 9) for part in (1, 5)]
    + [("hevc", kind, part) for kind in (32, 33, 34, 35, 39) for part in (0, 1, 19, 21, 31)],
)
def test_a_frame_begins_with_what_stands_before_its_first_slice(name: str, kind: int, part: int) -> None:
    """Parameter sets, messages and delimiters go with the frame that they tell of, though the times tell nothing."""
    told = []
    for number in range(1, 13):
        more = bytes([number]) * 40
        told.append([unit(name, kind, more), unit(name, part, more), unit(name, part, more, first=False)])
    stream = (Packet(one, 7) for frame in told for one in frame)
    assert list(frames(stream, name))[-6:] == [b"".join(frame) for frame in told[-6:]]


@pytest.mark.parametrize(("name", "part"), [("h264", 1), ("h264", 5), ("hevc", 1), ("hevc", 21)])
@pytest.mark.parametrize("still", [True, False], ids=["time stands still", "time moves in each packet"])
def test_a_frame_ends_where_the_next_one_s_first_slice_begins(name: str, part: int, still: bool) -> None:
    """A camera that sends slices alone, each in a packet, has its frames apart; none is lost once that was seen."""
    told = [[unit(name, part, bytes([number]) * 40, first) for first in (True, False)] for number in range(1, 25)]
    stream = (Packet(one, 7 if still else 90 * at) for at, one in enumerate(one for frame in told for one in frame))
    found = list(frames(stream, name))
    assert found[-12:] == [b"".join(frame) for frame in told[-12:]]


@pytest.mark.parametrize(
    "unit",
    [b"\x06" + bytes([255]) * 999, b"\x67" + bytes([255]) * 999, b"\x41\x00" + bytes([255]) * 998],
    ids=["heads alone", "parameter sets alone", "later slices alone"],
)
@pytest.mark.parametrize("moves", [True, False], ids=["its time moves", "its time stands still"])
def test_a_stream_without_a_whole_frame_fills_no_memory(
    unit: bytes, moves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut where it has become too large for a frame, though nothing in it ends one."""
    monkeypatch.setattr(frames_module, "MOST_BYTES", 1_000_000)  # as 30 MB would, in less time
    packet = frames_module.START + unit
    tracemalloc.start()
    for _ in frames((Packet(packet, number * moves) for number in range(20_000)), "h264"):
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 6_000_000, "of 20 MB that came"


@pytest.mark.parametrize("size", [(320, 176), (640, 352), (704, 576), (1280, 352)])
@pytest.mark.parametrize(("codec", "name"), [("h264", "h264"), ("h265", "hevc")])
def test_a_frame_by_another_size_s_parameter_sets_is_no_picture(codec: str, name: str, size: tuple[int, int]) -> None:
    """A camera that is set to another size in the midst, and tells it late, gives none that is filled with smear."""
    picture = orchard.image(3, 362)
    (small,), (large,) = (encoded(codec, 1, [picture], size=one) for one in (size, (1280, 720)))
    late = KeyFrames(name, joined([unit for unit in units(small) if not is_slice(codec, unit)]))
    torn = joined([unit for unit in units(large) if is_slice(codec, unit)])
    assert [key for key in late.decode(torn) if key is not None] == []
    assert [(key.width, key.height) for key in late.decode(large)] == [(1280, 720)]


@pytest.mark.parametrize(("codec", "name"), [("h264", "h264"), ("h265", "hevc")])
def test_parameter_sets_that_the_session_alone_tells_are_enough(codec: str, name: str) -> None:
    """Many cameras name them in their description, and never in the stream."""
    (whole,) = encoded(codec, 2, [orchard.image(3, 362)])
    sets, slices = ([unit for unit in units(whole) if is_slice(codec, unit) is wanted] for wanted in (False, True))
    assert [key is not None for key in KeyFrames(name, joined(sets)).decode(joined(slices))] == [True]
    assert not any(KeyFrames(name, None).decode(joined(slices)))


@pytest.mark.parametrize(
    ("codec", "name", "colours"),
    [
        ("h264", "h264", "yuv420p"),
        ("h265", "hevc", "yuv420p"),
        ("h265", "hevc", "yuv420p10le"),
        ("h265", "hevc", "yuv444p"),
    ],
)
def test_a_torn_key_frame_is_no_picture_however_its_colours_are_coded(codec: str, name: str, colours: str) -> None:
    """Of a camera that codes ten bits, or each pixel's own colour, a whole one is a picture, and a torn one is none."""
    pictures = [orchard.image(seed, 362) for seed in (3, 4)]
    key, later = encoded(codec, 4, pictures, between=25, colours=colours)
    assert [found and found.format.name for found in KeyFrames(name, None).decode(key)] == [colours]
    for seed in range(2):
        for what, frame in torn(codec, key, later, seed):
            assert not any(KeyFrames(name, None).decode(frame)), what


def test_a_key_frame_without_colours_is_a_picture() -> None:
    """A camera that codes its night in grey alone is no torn one."""
    (key,) = encoded("h265", 4, [orchard.image(3, 362)], colours="gray")
    assert [found and found.format.name for found in KeyFrames("hevc", None).decode(key)] == ["gray"]


@pytest.mark.parametrize("colour", [(0, 0, 255), (60, 60, 60)])
@pytest.mark.parametrize("words", [True, False])
def test_an_even_picture_of_few_bytes_is_whole(colour: tuple[int, int, int], words: bool) -> None:
    """What a recorder shows without video is no torn stream: somebody would look for lost packets."""
    picture = Image.new("RGB", (1280, 720), colour)
    if words:
        ImageDraw.Draw(picture).text((440, 310), "NO VIDEO", "white", ImageFont.load_default(90))
    frame = encoded("h265", 1, [picture], size=picture.size, settings=":crf=40")[0]
    assert [key is not None for key in KeyFrames("hevc", None).decode(frame)] == [True]


class Pixels:
    """A decoded frame, as far as it is looked at."""

    def __init__(self, slices: list[bytes]) -> None:
        self.planes = slices


def test_one_decoding_of_a_key_frame_is_in_memory_at_a_time() -> None:
    """Two of 12 megapixels would take 18 MB more, of the 100 that a picture may take."""
    living, most = WeakSet[Pixels](), list[int]()

    def decoded(slices: list[bytes]) -> Pixels:
        most.append(len(living))
        frame = Pixels(slices)
        living.add(frame)
        return frame

    frame = whole_h264(decoded, [b"a" * 1000])
    assert frame.planes == [b"a" * 1000]
    assert most == [0, 0]
