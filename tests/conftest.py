"""What every test shares: the options for real devices, and an environment that is the same everywhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.data import shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A loaded machine must not turn a sound property into a failure: no deadline for one example.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", parent=settings.get_profile("here"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "here"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the real device that tests marked `hil` talk to."""
    hil = parser.getgroup("hil", "real devices (with -m hil)")
    hil.addoption("--port", help="serial port of the device, as /dev/serial/by-id/...")
    hil.addoption("--bus", help="I2C bus of the device, as /dev/i2c-1")
    hil.addoption("--driver", help="name of the driver that the device wants, as bme280")


@pytest.fixture(scope="session", autouse=True)
def plain_environment() -> None:
    """Commands that tests start speak English and neither colour nor reach for packages by themselves."""
    os.environ.update(LC_ALL="C.UTF-8", LANGUAGE="", NO_COLOR="1", BLINKA_SKIP_DEPENDENCY_CHECK="1")


@pytest.fixture(name="shared")
def shared_data() -> Callable[[str], Path]:
    """`tests.data.shared` as a fixture."""
    return shared
