"""The Pi's camera driver against the real Picamera2 package; only what needs a Pi beneath it is a stand-in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import TimeoutError as NotInTime
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock, create_autospec

import pytest

from drivers.cameras import picamera
from drivers.cameras.camera import CameraSettings, NoPictureError, UnreachableError
from drivers.cameras.picamera import PiCamera
from edge.clock.clock import SystemClock
from tests.kits.real_parts import missing

SETTINGS = CameraSettings("picamera", timeout=12.0)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Give the real picamera2, over stand-ins of libcamera and of the display library, which exist on a Pi alone."""
    for name in ("libcamera", "libcamera.controls", "pykms"):
        monkeypatch.setitem(sys.modules, name, MagicMock(name=name))
    try:
        import picamera2
    except ImportError as error:
        missing(f"picamera2 ({error}): it belongs to the extra [camera]")
    monkeypatch.setattr(picamera, "SETTLE", 0.01)
    yield picamera2
    for name in [name for name in sys.modules if name.split(".")[0] == "picamera2"]:
        del sys.modules[name]


@pytest.fixture
def camera(package: Any, monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """Return a Picamera2 that takes no call which the real class would not take."""
    instance: MagicMock = create_autospec(package.Picamera2, instance=True)
    instance.options = {}
    instance.capture_file.side_effect = lambda out, *a, **k: out.write(b"\xff\xd8\xff picture")
    kind = create_autospec(package.Picamera2, return_value=instance)
    kind.global_camera_info.return_value = [{"Model": "imx708", "Num": 0}]
    monkeypatch.setattr(package, "Picamera2", kind)
    return instance


def test_a_still_is_taken_by_calls_that_picamera2_knows(camera: MagicMock) -> None:
    """Configured for a still of the wished size, started, captured as JPEG with a deadline, stopped, closed."""
    pi = PiCamera(SETTINGS, SystemClock())
    assert pi.still() == b"\xff\xd8\xff picture"
    pi.close()
    named = [call[0] for call in camera.method_calls]
    assert named == ["create_still_configuration", "configure", "start", "capture_file", "stop", "close"]
    assert camera.create_still_configuration.call_args.kwargs["main"] == {"size": (2688, 1520)}
    assert camera.create_still_configuration.call_args.kwargs["raw"] is None  # 8 MB that nobody wants
    assert camera.capture_file.call_args.kwargs == {"format": "jpeg", "wait": 12.0}


def test_the_configuration_is_one_that_picamera2_makes(package: Any) -> None:
    """The real class makes of our arguments a still configuration of the full size without a raw stream."""
    real = package.Picamera2.__new__(package.Picamera2)
    real._reset_flags()
    real.is_open, real._preview = False, None
    real.camera = MagicMock()
    real.camera.id = "/base/soc/i2c0mux/i2c@1/imx708@1a"
    real.sensor_resolution, real.sensor_format = (4608, 2592), "SBGGR10_CSI2P"
    made = real.create_still_configuration(main={"size": (2688, 1520)}, raw=None, buffer_count=1)
    assert made["main"]["size"] == (2688, 1520)
    assert made["raw"] is None
    assert made["buffer_count"] == 1
    real.camera = None


def test_a_camera_that_does_not_deliver_is_stopped_and_named(camera: MagicMock) -> None:
    """When the frame does not come in time the sensor is stopped all the same, and the sentence says so."""
    camera.capture_file.side_effect = NotInTime
    pi = PiCamera(SETTINGS, SystemClock())
    with pytest.raises(NoPictureError, match="within 12 s"):
        pi.still()
    camera.stop.assert_called_once_with()


def test_a_cable_that_is_not_seated_is_named(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where libcamera finds no camera the sentence says what to look at."""
    kind = create_autospec(package.Picamera2)
    kind.global_camera_info.return_value = []
    monkeypatch.setattr(package, "Picamera2", kind)
    with pytest.raises(UnreachableError, match="ribbon cable"):
        PiCamera(SETTINGS, SystemClock())


def test_a_camera_that_another_program_holds_is_named(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """libcamera's own reason comes through, not Picamera2's wrapping of it."""
    kind = create_autospec(package.Picamera2)
    kind.global_camera_info.return_value = [{"Num": 0}]
    refusal = RuntimeError("Camera __init__ sequence did not complete.")
    refusal.__cause__ = RuntimeError("Failed to acquire camera: Device or resource busy")
    kind.side_effect = refusal
    monkeypatch.setattr(package, "Picamera2", kind)
    with pytest.raises(NoPictureError, match="resource busy"):
        PiCamera(SETTINGS, SystemClock())


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Off a Pi, or without Debian's package, the sentence names the package."""
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(UnreachableError, match="Picamera2 is not installed"):
        PiCamera(SETTINGS, SystemClock())
