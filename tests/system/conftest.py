"""What the tests of the uplink share: a broker, and boxes that are closed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kits.broker import Broker
from tests.kits.uplink_kit import Box


@pytest.fixture(name="broker")
def running_broker(tmp_path: Path) -> Iterator[Broker]:
    """Give a Mosquitto that forgets everything when it ends."""
    broker = Broker(tmp_path).start()
    yield broker
    broker.stop()


@pytest.fixture(name="boxes")
def closing_boxes() -> Iterator[list[Box]]:
    """Give a list of boxes that are closed at the end of the test."""
    boxes: list[Box] = []
    yield boxes
    for box in boxes:
        box.close()
