"""Torn key frames of real RTSP streams are no pictures, in whatever way they are torn; whole ones are."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from drivers.cameras.camera import CameraSettings, NoPictureError
from drivers.cameras.opening import open_camera
from edge.clock.clock import SystemClock
from tests.kits import orchard
from tests.kits.key_frames import encoded, torn, with_sets_everywhere, written
from tests.system.test_rtsp_camera import rtsp

SEEDS = range(4)
STREAMS = [
    pytest.param(codec, slices, marks=[] if slices > 1 else [pytest.mark.slow])
    for codec in ("h264", "h265")
    for slices in (1, 4)
]


def pictures() -> list[Image.Image]:
    """Return two pictures that differ."""
    return [orchard.image(seed, 362) for seed in (3, 4)]


def still(url: str, timeout: float) -> Image.Image:
    """Return the picture that a camera gives."""
    jpeg = open_camera(CameraSettings("rtsp", url, timeout=timeout), SystemClock()).still()
    return Image.open(io.BytesIO(jpeg)).convert("RGB")


@pytest.mark.slow  # ten seconds and more, of waiting for the most part
@pytest.mark.parametrize(("codec", "slices"), STREAMS)
def test_of_torn_and_whole_key_frames_the_whole_one_is_the_picture(tmp_path: Path, codec: str, slices: int) -> None:
    """Slices missing, cut, with holes, with bits flipped, of another picture: only what lacks nothing is taken."""
    key, later = encoded(codec, slices, pictures(), between=25)
    spoiled = [frame for seed in SEEDS for _, frame in torn(codec, key, later, seed)]
    with rtsp(f"{codec}:{written(tmp_path / 'torn', spoiled)}") as url:
        with pytest.raises(NoPictureError) as refused:
            still(url, 6.0)
        assert refused.value.detail.code == "key_frames_torn"
        assert int(str(refused.value.detail.params["count"])) > len(spoiled)
    with rtsp(f"{codec}:{written(tmp_path / 'some', [*spoiled, key])}") as url:
        difference = ImageChops.difference(still(url, 30.0), orchard.image(3, 362).resize((640, 360)))
        assert max(ImageStat.Stat(difference).mean) < 10.0


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_key_frame_with_parameter_sets_before_each_slice_is_a_picture(tmp_path: Path, codec: str) -> None:
    """Some cameras send them so: whole it is the picture, torn it is none."""
    key, later = encoded(codec, 4, pictures(), between=25)
    spoiled = [with_sets_everywhere(codec, frame) for _, frame in torn(codec, key, later, SEEDS[0])]
    with rtsp(f"{codec}:{written(tmp_path / 'torn', spoiled)}") as url, pytest.raises(NoPictureError) as refused:
        still(url, 3.0)
    assert refused.value.detail.code == "key_frames_torn"
    with rtsp(f"{codec}:{written(tmp_path / 'whole', [with_sets_everywhere(codec, key)])}") as url:
        difference = ImageChops.difference(still(url, 30.0), orchard.image(3, 362).resize((640, 360)))
    assert max(ImageStat.Stat(difference).mean) < 10.0


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_two_halves_of_key_frames_around_an_outage_are_no_picture(tmp_path: Path, codec: str) -> None:
    """Slices of a later key frame of the same size are not put in the place of those that were lost."""
    keys = written(tmp_path / "frames", encoded(codec, 4, pictures()))
    with rtsp(f"{codec}-outage:{keys}") as url, pytest.raises(NoPictureError) as refused:
        still(url, 3.0)
    assert refused.value.detail.code == "key_frames_torn"


@pytest.mark.parametrize(("codec", "slices"), STREAMS)
def test_a_key_frame_whose_first_packet_is_lost_is_no_picture(tmp_path: Path, codec: str, slices: int) -> None:
    """Over a link that loses the first packet of each picture there is none, and a reason why."""
    keys = encoded(codec, slices, pictures())
    with rtsp(f"{codec}-lossy:{written(tmp_path / 'frames', keys)}") as url, pytest.raises(NoPictureError) as refused:
        still(url, 3.0)
    assert refused.value.detail.code in ("key_frames_torn", "no_key_frame_in_time")


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("times", ["still", "apart"])
def test_whole_key_frames_are_pictures_whatever_their_times_say(tmp_path: Path, codec: str, times: str) -> None:
    """A camera whose RTP time stands still, or is another in each packet, gives a picture all the same."""
    key, later = encoded(codec, 4, pictures(), between=25)
    with rtsp(f"{codec}-{times}:{written(tmp_path / 'frames', [key, later, later])}") as url:
        difference = ImageChops.difference(still(url, 30.0), orchard.image(3, 362).resize((640, 360)))
    assert max(ImageStat.Stat(difference).mean) < 10.0


def test_a_jpeg_stream_gives_the_camera_s_own_picture() -> None:
    """What an MJPEG camera has coded is not coded anew, and is whole."""
    with rtsp("mjpeg") as url:
        assert still(url, 10.0).size == (640, 360)
