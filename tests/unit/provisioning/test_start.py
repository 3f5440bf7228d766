"""What a command loads before it answers."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("words", [["--help"], ["status", "--help"], ["status", "--state", "nowhere"]], ids=" ".join)
def test_a_short_question_loads_little(words: list[str]) -> None:
    """What needs no station's file loads neither the check of one nor any other command: half a second on a Pi."""
    code = f"import sys\nfrom provisioning.main import outcome\noutcome({words})\nprint(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"pydantic", "apsw", "paho", "pymodbus", "rich", "sqlalchemy", "edge.sim"}
    assert not loaded & {"edge.measure.quality", "provisioning.doctor.box"}
