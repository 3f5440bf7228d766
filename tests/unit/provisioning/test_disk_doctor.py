"""The doctor's judgment of the disk: what is free, what the archive has already, who may write there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.config.file import load
from edge.config.sections import Config
from provisioning.doctor.box import disk
from tests.kits.station_text import HEAD

MB = 1_000_000
Free = Callable[[float], None]


@pytest.fixture(name="config")
def a_config(tmp_path: Path) -> Config:
    """Return a station's file that grants its archive 300 MB, of which it has 50."""
    file, state = tmp_path / "station.toml", tmp_path / "state"
    (state / "pictures").mkdir(parents=True)
    (state / "pictures" / "one").write_bytes(b"")
    os.truncate(state / "pictures" / "one", 50 * MB)
    file.write_text(HEAD.format(state=state) + "records_mb = 200\npictures_mb = 100\n")
    return load(file)


@pytest.fixture(name="free")
def the_room(monkeypatch: pytest.MonkeyPatch) -> Free:
    """Return what lets the machine say that so many MB are free."""

    def says(mb: float) -> None:
        found = SimpleNamespace(f_bavail=round(mb * 1000), f_frsize=1000)
        monkeypatch.setattr("os.statvfs", lambda _folder: found)

    return says


@pytest.mark.parametrize(
    ("mb", "well", "said"),
    [
        (250, True, "can be written, 250.0 MB are free"),
        (249.99, False, "but the file lets the archive grow to 300.0 MB"),
        (100, False, "but the file lets the archive grow to 300.0 MB"),
        (99.99, False, "disk: only 100.0 MB are free"),
    ],
)
def test_what_the_archive_has_already_needs_no_room(
    config: Config, free: Free, mb: float, well: bool, said: str
) -> None:
    """The file's 300 MB are there where 250 are free beside its 50; below 100 MB nothing is well."""
    free(mb)
    found = disk(config, running=False)
    assert (found.well, said in found.sentence) == (well, True), found.sentence
    assert well or found.remedy


def test_what_the_station_deletes_meanwhile_is_not_missed(
    config: Config, free: Free, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It renames and deletes files while the doctor counts them."""
    walk = os.walk

    def gone_meanwhile(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
        for where, folders, names in walk(folder):
            yield where, folders, ["renamed", *names]

    monkeypatch.setattr("os.walk", gone_meanwhile)
    free(250)
    assert disk(config, running=True).well


def test_a_running_station_is_asked_nothing_by_writing_beside_it(config: Config, free: Free) -> None:
    """A folder that is none is told with its remedy; not where the station runs there, which says so itself."""
    free(1000)
    blocked = config.model_copy(update={"state": config.state.model_copy(update={"dir": str(config.path)})})
    found = disk(blocked, running=False)
    assert not found.well and "cannot be written" in found.sentence and "There is a file in its place" in found.remedy
    assert disk(blocked, running=True).well
    assert not list(config.state_dir.glob(".minshan-doctor"))
