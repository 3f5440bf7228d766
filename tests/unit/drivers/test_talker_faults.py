"""Particle sensors that talk by themselves and fall silent, slow, noisy or short."""

from __future__ import annotations

import pytest

from drivers.devices import plantower, sds011
from drivers.driver import DriverInfo
from drivers.errors import DeviceError, Garbled, NoAnswer, NoFrame
from drivers.twins.twin import Fault
from tests.kits.streams import Bench


@pytest.mark.parametrize("info", [plantower.INFO, sds011.INFO], ids=["plantower", "sds011"])
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault.SILENT, {NoAnswer}),
        (Fault.SLOW, {NoAnswer}),
        (Fault.NOISE, {Garbled}),
        (Fault.SHORT, {Garbled, NoFrame}),  # after a while it may be another device, or another speed
    ],
)
def test_faults_are_told_and_pass(info: DriverInfo, fault: Fault, told: set[type[DeviceError]]) -> None:
    """A silent, slow, noisy or halting sensor is told as such, and is read again as soon as it behaves."""
    with Bench(info, {}) as bench:
        bench.run(10.0)
        bench.twin.misbehave(fault)
        bench.run(60.0)
        during = len(bench.frames)
        assert {type(found) for found in bench.errors} == told
        assert during <= 13
        bench.twin.misbehave(None)
        bench.run(110.0)
        assert len(bench.frames) >= during + 20
