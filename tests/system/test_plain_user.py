"""What a plain user hears of files that are another's. Nobody is refused as root, so these run as the user nobody."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning import main
from tests.kits.command import ENGLISH
from tests.unit.edge.config.test_config import STATION

NOBODY = 65534
PYTHON = f"/usr/bin/python3.{sys.version_info.minor}"  # that of a developer may lie in root's home
USE_SUDO = "  → Join its group (sudo adduser $USER minshan, then log in again), or use sudo.\n"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes nobody"),
    pytest.mark.skipif(not Path(PYTHON).exists(), reason=f"there is no {PYTHON}, which nobody could run"),
]


def as_nobody(*words: str) -> tuple[int, str]:
    """Return the code of a command that nobody gives, and what it says is wrong."""
    paths = os.pathsep.join((str(Path(main.__file__).parent.parent), *site.getsitepackages()))
    env = {**os.environ, **ENGLISH, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [PYTHON, "-m", "provisioning.main", *words]
    ran = subprocess.run(
        command,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        env=env,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return ran.returncode, ran.stderr.decode()


@pytest.fixture(name="folder")
def open_to_all(tmp_path: Path) -> Path:
    """Give a folder that everybody may enter, with a station's file that only root may read."""
    for one in (tmp_path, tmp_path.parent, tmp_path.parent.parent, tmp_path.parent.parent.parent):
        one.chmod(0o755)
    file = tmp_path / "etc" / "station.toml"
    file.parent.mkdir()
    file.write_text(STATION)
    file.chmod(0o600)
    return tmp_path


@pytest.mark.parametrize("closed", [0o755, 0o700])
@pytest.mark.parametrize("words", ["status", "doctor", "run --check", "maintenance 5m", "hub status"])
def test_a_file_that_is_closed_is_told_with_the_way_in(folder: Path, words: str, closed: int) -> None:
    """Whether the file itself is closed or its folder: one line, and how one comes to read it."""
    (folder / "etc").chmod(closed)
    file = folder / "etc" / "station.toml"
    way = USE_SUDO.replace("minshan,", "minshan-hub,") if words.startswith("hub") else USE_SUDO
    said = f"Error: {file}: the file cannot be read: Permission denied\n{way}"
    assert as_nobody(*words.split(), "--config", str(file)) == (3, said)


def test_a_folder_that_is_closed_is_told_by_who_writes_into_it(folder: Path) -> None:
    """`init` cannot even see what is there."""
    (folder / "etc").chmod(0o700)
    out = folder / "etc" / "new.toml"
    assert as_nobody("init", "--out", str(out), "--station", "a") == (
        2,
        f"Error: {out} cannot be written: Permission denied\n  → Use sudo, or name a file in a folder of your own.\n",
    )


def test_a_hub_s_files_in_a_closed_folder_are_told_with_the_folder(folder: Path) -> None:
    """Photos, database or file of a hub in a folder that is closed to who sets it up: which one, and why."""
    (folder / "etc").chmod(0o700)
    folder.chmod(0o777)
    for option, place in (
        ("--pictures", str(folder / "etc/a/photos")),
        ("--database", f"sqlite://{folder}/etc/a/hub.db"),
        ("--out", str(folder / "etc/a/hub.toml")),
    ):
        given = {
            "--broker": "mqtt://127.0.0.1:9",
            "--pictures": str(folder / "photos"),
            "--database": f"sqlite://{folder}/hub.db",
            "--out": str(folder / "hub.toml"),
            option: place,
        }
        code, said = as_nobody("hub", "init", *(word for pair in given.items() for word in pair))
        assert code in (2, 6), said
        assert f"{folder}/etc" in said and "Permission denied" in said and "Unexpected" not in said
        assert not (folder / "hub.toml").exists()


@pytest.mark.parametrize("words", ["run --check", "doctor"])
def test_a_password_in_a_closed_folder_is_not_called_absent(folder: Path, words: str) -> None:
    """Whoever checks a file whose password is open to the service alone hears nothing untrue of it, and no crash."""
    (folder / "etc").chmod(0o700)
    (folder / "etc/password").write_text("apple\n")
    file = folder / "station.toml"
    broker = f'[broker]\nurl = "mqtt://a@127.0.0.1:9"\npassword_file = "{folder}/etc/password"\n'
    file.write_text(STATION.replace("[state]", f"{broker}[state]") if "[state]" in STATION else STATION + broker)
    file.chmod(0o644)
    code, said = as_nobody(*words.split(), "--config", str(file))
    assert code != 70, said
    assert "not there" not in said
