"""A hub that runs while the disk of its database, or that of its photos, fills up and has room again."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest

from edge.store.outbox import PLATFORM
from edge.wire.contract import ROLLCALL
from hub.receiver import SINK_PAUSE
from tests.kits.broker import Broker, until
from tests.kits.command import minshan
from tests.kits.hub_process import Hub
from tests.kits.small_disk import empty, fill, mounted, small_disk
from tests.kits.uplink_kit import Box, Listener, make


def received_from(boxes: list[Box], folder: Path, broker: Broker) -> Box:
    """Return a station of which the hub has 20 minutes, closed with the other `boxes`."""
    box = make(boxes, folder, broker, proof="committed")
    box.backlog(20)
    box.run_until(lambda: box.is_proven(20), 60)
    return box


def test_a_database_without_room_confirms_nothing_and_goes_on_when_there_is_some(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """No receipt, one line, a page and a status that say so; with room again all of it comes, with no restart.

    No try in vain has all stations say again what they have.
    """
    listener = Listener(broker)
    with small_disk(tmp_path / "disk") as disk:
        hub = Hub(tmp_path, broker.url, f"sqlite://{disk}/hub.db").start()
        try:
            box = received_from(boxes, tmp_path, broker)
            fill(disk)
            box.backlog(600)
            box.uplink.notify()
            box.run(600)
            until(lambda: f"no space is left for {disk}/hub.db" in hub.said, 60)
            box.run(3000)
            assert not box.is_proven(600)
            time.sleep(3 * SINK_PAUSE)  # of tries in vain
            code, said = hub.asked("status")
            assert (code, f"{disk}/hub.db: only 0 MB are left on its disk" in said) == (1, True), said
            empty(disk)
            box.run_until(lambda: box.is_proven(620), 60)
            assert hub.seqs() == list(range(1, len(hub.seqs()) + 1))
            told = [line for line in hub.said.splitlines() if "minshan.watch" in line]
            assert sum("no space is left" in line for line in told) == 1, told
            assert "what arrives is kept again" in told[-1]
            rolls = [message for message in listener.take() if message.topic == ROLLCALL]
            assert len(rolls) <= 2, "once as it started, and once as it kept again"
        finally:
            hub.end(signal.SIGKILL)


def test_a_hub_that_starts_on_a_disk_that_became_read_only_says_so_and_waits(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """After a power cut a system may mount a disk so: one line, `hub status`, and no restart once it is repaired."""
    with small_disk(tmp_path / "disk") as disk:
        hub = Hub(tmp_path, broker.url, f"sqlite://{disk}/hub.db").start()
        try:
            box = received_from(boxes, tmp_path, broker)
            assert hub.end() == 0
            mounted(disk, "ro")
            hub.start()
            why = f"{disk}/hub.db cannot be used: the system has made the file system read-only"
            until(lambda: why in hub.said, 60)
            code, said = hub.asked("status")
            assert (code != 0, why in said) == (True, True), said
            box.backlog(50)
            box.uplink.notify()
            mounted(disk, "rw")
            box.run_until(lambda: box.is_proven(70), 60)
            assert hub.said.count(why) == 1
        finally:
            hub.end(signal.SIGKILL)


@pytest.mark.slow  # ten seconds and more, of waiting for the most part
def test_a_full_disk_of_photos_holds_up_no_minute(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """Minutes are received and confirmed meanwhile, and the photo is whole once there is room, with no restart."""
    with small_disk(tmp_path / "disk") as disk:
        hub = Hub(tmp_path, broker.url, f"sqlite://{tmp_path}/hub.db")
        hub.config.write_text(hub.config.read_text().replace(f"{tmp_path}/pictures", f"{disk}/pictures"))
        hub.start()
        try:
            box = received_from(boxes, tmp_path, broker)
            fill(disk)
            box.picture(b"x" * 300_000, b"y" * 9000)
            box.backlog(50)
            box.uplink.notify()
            box.run_until(lambda: "no photos can be kept" in hub.said and box.is_proven(71), 60)
            assert box.store.pictures.count(PLATFORM).bytes_left or box.store.pictures.unproven(PLATFORM)
            assert not list((disk / "pictures").glob("*.jpg"))
            empty(disk)
            box.run_until(lambda: len(list((disk / "pictures").glob("*.jpg"))) == 2, 60)
            box.run_until(lambda: not box.store.pictures.unproven(PLATFORM), 60)
            assert sorted(len(file.read_bytes()) for file in (disk / "pictures").glob("*.jpg")) == [9000, 300_000]
            assert hub.said.count("no photos can be kept") == hub.said.count("photos are kept again") == 1
        finally:
            hub.end(signal.SIGKILL)


def test_a_receiver_without_a_database_names_the_file_that_has_no_room(tmp_path: Path) -> None:
    """`watch` ends at once, and says which file could not be written and why."""
    with small_disk(tmp_path / "disk", 1) as disk:
        fill(disk)
        told = minshan("watch", "--broker", "mqtt://127.0.0.1:9", "--jsonl", str(disk / "minutes.jsonl"))
    assert told.code == 2
    assert re.search(rf"Error: {disk}/minutes\.jsonl\S* cannot be used: No space left on device\n", told.err)
