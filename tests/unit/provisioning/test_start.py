"""What a command loads before it answers, and the daemon before it measures."""

from __future__ import annotations

import subprocess
import sys

import pytest

DATACLASSES = """import edge.daemon
found = {value for module in list(sys.modules.values()) for value in vars(module).values() if isinstance(value, type)}
print(*[f"dataclass:{one.__module__}:{one.__name__}" for one in found if "__dataclass_fields__" in vars(one)])"""


def loaded(code: str) -> set[str]:
    """Return the modules that are loaded after these lines ran."""
    words = [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"]
    return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("words", [["--help"], ["status", "--help"], ["status", "--state", "nowhere"]], ids=" ".join)
def test_a_short_question_loads_little(words: list[str]) -> None:
    """What needs no station's file loads neither the check of one nor any other command: half a second on a Pi."""
    found = loaded(f"from provisioning.main import outcome\noutcome({words})")
    assert not found & {"pydantic", "apsw", "paho", "pymodbus", "rich", "sqlalchemy", "edge.sim"}
    assert not found & {"edge.measure.quality", "provisioning.doctor.box"}


def test_a_help_needs_neither_paths_nor_sockets() -> None:
    """Each of these is a twentieth of the time in which a help is there."""
    assert not loaded("from provisioning.main import outcome\noutcome(['--help'])") & {"pathlib", "socket", "json"}


def test_a_station_without_camera_or_channels_does_not_load_what_serves_them() -> None:
    """Neither the sun's height for pictures nor mail and the robots, which most boxes have no use for; nor paho, which
    its lane loads when measuring has begun; nor all profiles, which only an unknown driver's name is looked for in."""
    found = loaded("import edge.daemon")
    assert not found & {"astral", "smtplib", "edge.wire.post", "edge.pictures.schedule", "edge.notify.lane"}
    assert not found & {"paho", "drivers.devices.profiles"}


def test_few_of_the_values_of_a_station_are_dataclasses() -> None:
    """Each takes as long to define as thirty Structs."""
    ours = [word for word in loaded(DATACLASSES) if word.startswith(("dataclass:edge.", "dataclass:drivers."))]
    assert {word.rpartition(":")[2] for word in ours} == {"ChannelLine", "Channel", "Frame", "Refused", "DriverInfo"}
