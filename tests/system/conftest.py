"""What these tests share: brokers, a sensor, boxes and receivers, other platforms, services, a demo, a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.kits.broker import Broker
from tests.kits.browser import chromium
from tests.kits.http_platform import Platform
from tests.kits.services import Services
from tests.kits.shown_demo import Shown, shown_demo
from tests.kits.system import running_broker, talking
from tests.kits.uplink_kit import Box
from tests.kits.watching import Parts


@pytest.fixture(name="broker")
def plain_broker(tmp_path: Path) -> Iterator[Broker]:
    """Give a Mosquitto that forgets everything when it ends."""
    broker = Broker(tmp_path).start()
    yield broker
    broker.stop()


@pytest.fixture(name="login_broker", scope="module")
def broker_with_logins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Give a broker that requires a login."""
    with running_broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(name="port")
def port_of_a_sensor() -> Iterator[str]:
    """Give the port of a sensor that sends."""
    with talking() as path:
        yield path


@pytest.fixture(name="boxes")
def closing_boxes() -> Iterator[list[Box]]:
    """Give a list of boxes that are closed at the end of the test."""
    boxes: list[Box] = []
    yield boxes
    for box in boxes:
        box.close()


@pytest.fixture(name="parts")
def ended_parts() -> Iterator[Parts]:
    """Give a list of boxes and receivers that are ended after the test."""
    parts: Parts = []
    yield parts
    for part in parts:
        if isinstance(part, Box):
            part.close()
        else:
            part.kill()


@pytest.fixture(name="server", scope="session")
def a_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Give another platform's process, which the tests share."""
    found = Platform(tmp_path_factory.mktemp("server") / "platform").start()
    yield found
    found.end()


@pytest.fixture(name="platform")
def a_platform(server: Platform) -> Platform:
    """Return another platform that has nothing yet."""
    server.forget()
    return server


@pytest.fixture(name="services")
def the_services() -> Iterator[Services]:
    """Give the robots and the gateway that carry messages to people."""
    with Services() as running:
        yield running


@pytest.fixture(name="shown", scope="module")
def a_demo_with_its_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """Give a demo that has measured for a while."""
    with shown_demo(tmp_path_factory.mktemp("demo")) as found:
        yield found


@pytest.fixture(name="browser", scope="module")
def a_browser() -> Iterator[Browser]:
    """Give Chromium."""
    with chromium() as found:
        yield found
