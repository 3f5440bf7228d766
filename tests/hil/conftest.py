"""What a real device needs to be named by, beside --port, --bus and --driver."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for further keys of the driver's settings."""
    parser.getgroup("hil").addoption(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a key of the driver's settings; repeatable"
    )
