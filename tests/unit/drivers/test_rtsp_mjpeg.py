"""MJPEG over RTSP: a camera's own JPEG in each of its forms, and what is said where no picture can be put together."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageStat

from drivers.cameras.camera import CameraError, CameraSettings
from drivers.cameras.opening import open_camera
from edge.clock.clock import SystemClock
from tests.kits.rtp_jpeg import Packet, camera, packets
from tests.unit.drivers.test_camera_answers import WHOLE

TABLES, TABLE = 12, 64  # bytes before the tables in a frame's first packet, and of one


def picture(width: int = 640, height: int = 400, subsampling: int = 2, blocks: int = 0, turned: bool = False) -> bytes:
    """Return a JPEG of that size; `blocks`: those between two restart markers."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(WHOLE)) as whole:
        seen = whole.resize((width, height))
        seen = seen.transpose(Image.Transpose.ROTATE_180) if turned else seen
        seen.save(out, "JPEG", quality=85, subsampling=subsampling, restart_marker_blocks=blocks)
    return out.getvalue()


def still(url: str, timeout: float = 10.0) -> bytes:
    """Return a picture of that address."""
    return open_camera(CameraSettings("rtsp", url, timeout=timeout), SystemClock()).still()


def looks_as(found: bytes, sent: bytes) -> bool:
    """Return whether one picture shows what another does, but for whole blocks at its right and lower edge."""
    with Image.open(io.BytesIO(found)) as one, Image.open(io.BytesIO(sent)) as other:
        there = one.crop((0, 0, *other.size)).convert("RGB")
        return max(ImageStat.Stat(ImageChops.difference(there, other.convert("RGB"))).mean) < 1.0


@pytest.mark.parametrize(
    "sent",
    [
        picture(),
        picture(subsampling=1),
        picture(blocks=16),
        picture(subsampling=1, blocks=7),
        picture(636, 396),
        picture(1920, 1080),
    ],
    ids=["4:2:0", "4:2:2", "restart markers", "4:2:2 with restart markers", "no whole blocks", "wide"],
)
def test_each_form_of_the_standard_gives_the_picture(sent: bytes) -> None:
    """Both subsamplings, restart markers, a size that is no multiple of blocks."""
    with camera([packets(sent)]) as url:
        assert looks_as(still(url), sent)


def onvif(jpeg: bytes) -> bytes:
    """Return a packet's header extension with a JPEG's own headers, as ONVIF has it for large pictures."""
    at = jpeg.index(b"\xff\xc0")
    headers = jpeg[at : at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")]
    headers += b"\xff" * (-len(headers) % 4)
    return b"\xff\xd8" + (len(headers) // 4).to_bytes(2, "big") + headers


@pytest.mark.parametrize("size", [(2688, 1520), (2592, 1944), (4000, 3000), (1080, 2160)])
@pytest.mark.parametrize("by_sdp", [True, False])
@pytest.mark.parametrize("zero", [True, False])
def test_a_picture_too_large_for_the_standard_has_the_size_that_is_stated_beside_it(
    size: tuple[int, int], by_sdp: bool, zero: bool
) -> None:
    """By GStreamer's line of the SDP, or ONVIF's extension of the RTP header, which itself has none or a wrong one."""
    sent = picture(*size)
    frame = [(data[:6] + b"\0\0" + data[8:] if zero else data, is_last) for data, is_last in packets(sent)]
    stated = f"a=x-dimensions:{size[0]},{size[1]}\r\n" if by_sdp else ""
    with camera([frame], stated=stated, extension=b"" if by_sdp else onvif(sent)) as url:
        found = still(url)
    with Image.open(io.BytesIO(found)) as seen:
        assert seen.size == size
    assert looks_as(found, sent)


@pytest.mark.parametrize("stated", ["99999,480", "640,99999"])
def test_a_size_that_no_jpeg_has_is_none(stated: str) -> None:
    """What a camera states of itself may be nonsense; its pictures are taken as their RTP headers have them."""
    sent = picture()
    with camera([packets(sent)], stated=f"a=x-dimensions:{stated}\r\n") as url:
        assert looks_as(still(url), sent)


def test_of_more_tables_than_the_standard_knows_the_second_is_the_colours() -> None:
    """A server that sends on all three of a webcam's tables gives the picture, in its own colours."""
    sent = picture()
    (first, is_last), *rest = packets(sent)
    after = TABLES + 2 * TABLE
    more = first[: TABLES - 2] + (3 * TABLE).to_bytes(2, "big") + first[TABLES:after] + first[TABLES : TABLES + TABLE]
    with camera([[(more + first[after:], is_last), *rest]]) as url:
        assert looks_as(still(url), sent)


@pytest.mark.parametrize("time_of", [lambda _frame, _packet: 1000, lambda frame, _packet: frame * 3600])
def test_halves_of_two_pictures_are_never_one(time_of: Callable[[int, int], int]) -> None:
    """Of each other frame the begin is lost and of the rest the end, also where the camera's time stands still."""
    frames = [packets(picture()), packets(picture(turned=True)), packets(picture())]
    half = len(frames[0]) // 2

    def is_lost(frame: int, packet: int) -> bool:
        return frame % 3 < 2 and (packet >= half) is (frame % 3 == 0)

    with camera(frames, time_of, is_lost) as url:
        assert looks_as(still(url), picture())


@pytest.mark.parametrize(
    ("frames", "time_of"),
    [
        ([packets(picture(2688, 1520))], lambda frame, _packet: frame * 3600),
        ([packets(picture())], lambda frame, packet: frame * 3600 + packet),
        ([[]], lambda _frame, _packet: 0),
    ],
    ids=["wider than the standard has it", "a time for each packet", "nothing"],
)
def test_where_no_picture_comes_the_other_stream_is_named(
    frames: list[list[Packet]], time_of: Callable[[int, int], int]
) -> None:
    """It was the time that ended, not the camera's stream, and pieces are not said to be missing that came."""
    with camera(frames, time_of) as url, pytest.raises(CameraError) as refused:
        still(url, 2.0)
    assert refused.value.detail.code == "no_mjpeg_in_time"
