"""What to do about a picture that does not come: by what is at fault, which is not always the camera."""

from __future__ import annotations

import pytest

from drivers.cameras.camera import NoPictureError, NotAnImageError
from drivers.cameras.http_answer import refusal
from drivers.reason import Reason
from edge.pictures.reasons import AWAY, ENDED, HUNG, not_kept, not_within, password_unread
from provisioning.doctor.cameras import camera_remedy


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (AWAY, "systemctl start minshan-camera"),
        (ENDED, "journalctl -u minshan-camera"),
        (HUNG, "power off for ten seconds"),
        (not_within(30.0), "power off for ten seconds"),
        (not_kept(OSError(28, "x")), "disk first"),
        (password_unread("/etc/pw", FileNotFoundError(2, "x")), "password_file"),
        (password_unread("/etc/pw", ValueError()), "password_file"),
    ],
    ids=lambda one: one.code if isinstance(one, Reason) else "",
)
def test_nobody_climbs_the_pole_for_a_service_that_does_not_run(trouble: Reason, said: str) -> None:
    """The station's own program is started or its log is read; only a camera that hangs has its power switched off."""
    assert said in camera_remedy(trouble)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("no_mjpeg_in_time", "H.264"),
        ("stream_coded_otherwise", "H.264"),
        ("no_video", "RTSP address"),
        ("stream_without_video", "RTSP address"),
        ("no_rtp_over_tcp", "interleaved"),
        ("jpeg_not_shown", "baseline"),
        ("other_picture", "baseline"),
        ("too_many_pixels", "smaller"),
    ],
)
def test_what_a_setting_of_the_camera_mends_is_sent_to_its_settings(code: str, said: str) -> None:
    """Neither the power switch nor the address of a snapshot helps there."""
    for kind in (NoPictureError, NotAnImageError):
        assert said in camera_remedy(kind(Reason(code, "x")).reason)


@pytest.mark.parametrize("code", ["redirected_elsewhere", "login_elsewhere", "login_in_clear"])
def test_a_camera_that_is_elsewhere_is_sought_there(code: str) -> None:
    """The address is in the sentence, and no manual is needed, of RTSP least of all one for the address of a JPEG."""
    said = camera_remedy(NotAnImageError(Reason(code, "x")).reason)
    assert "to which it redirects" in said
    assert "JPEG" not in said


@pytest.mark.parametrize("status", [423, 429, 453, 454, 503])
def test_a_camera_that_is_busy_is_left_alone(status: int) -> None:
    """It is well: nobody goes there to switch its power off."""
    said = camera_remedy(NoPictureError(refusal(status)).reason)
    assert "tries again by itself" in said
    assert "power" not in said
