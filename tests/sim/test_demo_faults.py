"""`minshan demo --faults SEED`: what goes missing, why, and its return, while all others keep their minutes whole."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kits.system import paths


def demo(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the demo as a person would."""
    command = [sys.executable, "-m", "provisioning.main", "--lang", "en", "demo", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=paths(), timeout=100)


@pytest.mark.parametrize("seed", ["2", pytest.param("3", marks=pytest.mark.slow)])
def test_faults_are_shown_and_borne(tmp_path: Path, seed: str) -> None:
    """Each gap is told with its reason and its return; nothing is wrongly good, and no other device is harmed."""
    report = tmp_path / "report.json"
    ran = demo("--faults", seed, "--seed", seed, "--for", "45m", "--speed", "max", "--report", str(report))
    assert ran.returncode == 0, ran.stderr
    faults = json.loads(report.read_text())["faults"]
    # one line for all sensors that went missing together
    gone = [name for names in re.findall(r"  ([\w, -]+): missing, [^:]+:", ran.stdout) for name in names.split(", ")]
    back = re.findall(r"  ([\w-]+): back after \d+ minute", ran.stdout)
    assert faults == {"gaps": len(gone), "complaints": []}
    assert len(gone) >= 3
    assert len(back) >= 2
    assert set(back) <= set(gone)
    assert "no wrong value passed as good" in ran.stdout


def test_faults_do_not_go_with_a_capture(tmp_path: Path) -> None:
    """A captured day has no twins to fail: one sentence says so."""
    capture = tmp_path / "day.txt"
    capture.write_text("2021-06-22T00:00:10 A0000B000C0000D0000E0000F0000G0000H0000I0000J0000K0000L0000M000N00000*00\n")
    ran = demo("--faults", "1", "--capture", str(capture))
    assert ran.returncode == 2
    assert "leave out --capture" in ran.stderr
    assert "Traceback" not in ran.stderr
