"""The kernel makes the card's file system read-only under a running station: it measures on, and people are told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.data import CHECKOUT
from tests.kits.real_parts import missing

ON_A_DISK = """
set -e
mount -o loop,errors=remount-ro "$1" "$2"
device=$(basename "$(findmnt -no SOURCE "$2")")
code=0
"$4" -m tests.kits.failing_card "$2" "$3" "$device" || code=$?
umount "$2"
exit $code
"""


def disk_of(folder: Path) -> Path:
    """Return a file with an ext4 file system in it; skip, with the reason, where this machine mounts none."""
    for part in ("mkfs.ext4", "unshare", "findmnt"):
        if not shutil.which(part):
            missing(part)
    if os.geteuid() or not Path("/dev/loop-control").exists():
        pytest.skip("NOT CHECKED HERE, a card that turns read-only: only root may mount a file as a disk")
    image = folder / "card.img"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True, timeout=60)
    return image


@pytest.mark.slow
def test_a_card_that_turns_read_only_is_told_and_stops_nothing(tmp_path: Path) -> None:
    """Minutes go on in memory and reach the platform; status names the card and what to do, and calls nothing safe."""
    image, disk, folder = disk_of(tmp_path), tmp_path / "disk", tmp_path / "beside"
    disk.mkdir()
    folder.mkdir()
    ran = subprocess.run(
        ["unshare", "-m", "sh", "-c", ON_A_DISK, "sh", str(image), str(disk), str(folder), sys.executable],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "failed to setup loop device" in ran.stderr or "unshare failed" in ran.stderr:
        pytest.skip(f"NOT CHECKED HERE, a card that turns read-only: {ran.stderr.strip()}")
    assert ran.returncode == 0, ran.stderr[-3000:]
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["falls"] == {}
    assert told["store"]["waiting"] >= 9
    assert told["minute"]["values"]["air_temperature"] is not None, "it measures on"
    said = "\n".join(told["lines"])
    assert "(the system has made the file system read-only): look at the kernel's log and replace the card" in said
    assert f"{told['store']['waiting']} records are in memory alone" in said
    assert "Everything is sent" not in said
    assert told["late"] >= 8, "the platform hears of it as it is measured"
    assert ran.stderr.count("the store refuses records, they wait in memory") == 1
    assert ran.stderr.count("the store goes on in memory") == 1
