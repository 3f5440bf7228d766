"""What every test shares: the options for real devices, and an environment that is the same everywhere."""

from __future__ import annotations

import os
import secrets
import signal
import tempfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.data import shared
from tests.kits import leftovers
from tests.kits.broker import RUNNING
from tests.kits.postgres import Cluster, running_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# A loaded machine must not turn a sound property into a failure: no deadline for one example.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", parent=settings.get_profile("here"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "here"))

# A shell has what runs in its background ignore Ctrl-C, and programs inherit that: those under test are not to.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the real device that tests marked `hil` talk to."""
    hil = parser.getgroup("hil", "real devices (with -m hil)")
    hil.addoption("--port", help="serial port of the device, as /dev/serial/by-id/...")
    hil.addoption("--bus", help="I2C bus of the device, as /dev/i2c-1")
    parser.addoption(
        "--kills", type=int, default=8, help="how many processes the tests of kills kill (100: a quarter of an hour)"
    )
    hil.addoption("--driver", help="name of the driver that the device wants, as bme280")


@pytest.fixture(scope="session", autouse=True)
def plain_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commands that tests start speak English and neither colour nor reach for packages by themselves.

    What a test leaves running, or beside pytest's own folders, fails the session.
    """
    os.environ.update(LC_ALL="C.UTF-8", LANGUAGE="", NO_COLOR="1", BLINKA_SKIP_DEPENDENCY_CHECK="1")
    for name in ("ARGS", "MAKEFLAGS", "MFLAGS"):  # or `make test ARGS=...` hands its words to a `make install`
        os.environ.pop(name, None)
    mark = f"{os.getpid()}-{secrets.token_hex(8)}"
    folder = tmp_path_factory.mktemp("temporary")
    with leftovers.tidied_if_killed(mark):
        os.environ[leftovers.MARK] = mark
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
        yield
    left = [*leftovers.after_a_while(), *leftovers.files(folder)]
    assert not left, "the tests left behind: " + "; ".join(left)


@pytest.fixture(autouse=True)
def brokers_end() -> Iterator[None]:
    """End the brokers that a test has started and, because it failed, not ended."""
    before = set(RUNNING)
    yield
    for broker in RUNNING - before:
        broker.kill()


@pytest.fixture(scope="session")
def only_cluster() -> Iterator[Cluster]:
    """Give a PostgreSQL, which costs seconds to make: one for all tests of a process."""
    with running_cluster("fsync=off") as cluster:
        yield cluster


@pytest.fixture(name="cluster")
def a_cluster(only_cluster: Cluster) -> Cluster:
    """Return a PostgreSQL that runs, though a test that failed has killed it."""
    return only_cluster if only_cluster.pids() else only_cluster.start()


@pytest.fixture(name="shared")
def shared_data() -> Callable[[str], Path]:
    """`tests.data.shared` as a fixture."""
    return shared
