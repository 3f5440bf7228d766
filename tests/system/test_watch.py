"""`minshan watch` as a process: every record once in its files, whatever is killed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.clock.anchors import Anchor
from edge.clock.timekeeper import KernelTime
from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.store.outbox import PLATFORM
from edge.wire.contract import ROLLCALL, Batch, encode
from tests.kits.broker import Broker, until
from tests.kits.uplink_kit import BOOT, UTC0, Box, Listener
from tests.kits.watching import Parts, Watch


def both(parts: Parts, tmp_path: Path, broker: Broker, *words: str, **section: Any) -> tuple[Box, Watch]:
    """Start a receiver and a station."""
    watch = Watch(tmp_path, broker.url, *words).start()
    box = Box(tmp_path / "state", broker.section(**section))
    parts += [box, watch]
    return box, watch


def test_a_line_has_what_the_contract_says(broker: Broker, parts: Parts, tmp_path: Path) -> None:
    """A minute is one JSON object with its identity, time, values, flags, and a reason beside each bad flag."""
    box, watch = both(parts, tmp_path, broker)
    box.minute(-60)
    box.uplink.notify()
    box.run_until(watch.seqs)
    assert watch.lines() == [
        {
            "station": "orchard-1",
            "epoch": "e1",
            "seq": 1,
            "time": "2025-12-31T23:59:00Z",
            "duration_s": 60.0,
            "clock": {"source": "ntp", "error": 0.01},
            "revision": 0,
            "setup": None,
            "values": {"air_temperature": 1.25, "wind_speed": None},
            "quality": {"air_temperature": 1, "wind_speed": 9},
            "reasons": {"wind_speed": "no answer"},
        }
    ]
    said = watch.end()
    assert "Received: minutes 1, events 0, photos 0; duplicates skipped: 0" in said
    assert "orchard-1: all received" in said


def test_a_receiver_killed_again_and_again_loses_and_doubles_nothing(
    broker: Broker, parts: Parts, tmp_path: Path
) -> None:
    """Killed at random and with its last line torn, it has every minute once in the end."""
    box, watch = both(parts, tmp_path, broker)
    box.backlog(600)
    box.recording()
    for number in range(4):
        box.run(1200 + 7 * number)
        watch.kill()
        with watch.minutes.open("ab") as file:
            file.write(b'{"station":"orchard-1","epoch":"e1","se')
        box.run(900)
        watch.start()
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) <= 1 and len(watch.seqs()) >= 730)
    seqs = watch.seqs()
    assert len(seqs) == len(set(seqs))
    assert set(range(1, 731)) <= set(seqs)
    watch.end()


def test_what_comes_twice_is_kept_once(broker: Broker, parts: Parts, tmp_path: Path) -> None:
    """A record sent again, at once, after a restart, or in an older revision, makes no second line."""
    sender = Listener(broker)
    watch = Watch(tmp_path, broker.url).start()
    parts.append(watch)
    until(lambda: [message for message in sender.take(0.1) if message.topic == ROLLCALL])
    record = Record(
        "e", 1, Kind.MINUTE, Stamp("b", 0.0), 60.0, UTC0, ClockMark("ntp", 0.1), 0, None, msgspec.Raw(b"{}")
    )
    batch = encode(Batch(1, "orchard-1", [record]))
    newer = encode(Batch(1, "orchard-1", [msgspec.structs.replace(record, revision=1)]))
    for payload in (batch, batch, newer, batch, newer):
        sender.send("minshan/1/orchard-1/backfill", payload)
    last = encode(Batch(1, "orchard-1", [msgspec.structs.replace(record, seq=2)]))
    sender.send("minshan/1/orchard-1/backfill", last)
    until(lambda: len(watch.seqs()) == 3)
    assert "duplicates skipped: 3" in watch.end()
    watch.start()
    for payload in (batch, newer, encode(Batch(1, "orchard-1", [msgspec.structs.replace(record, seq=3)]))):
        sender.send("minshan/1/orchard-1/live", payload)
    until(lambda: 3 in watch.seqs())
    assert [(line["seq"], line["revision"]) for line in watch.lines()] == [(1, 0), (1, 1), (2, 0), (3, 0)]


def test_what_a_killed_broker_had_promised_is_sent_again(broker: Broker, parts: Parts, tmp_path: Path) -> None:
    """Minutes that the broker acknowledged and lost come again, and each is in the file once."""
    box, watch = both(parts, tmp_path, broker, proof="committed")
    box.recording()
    for _ in range(3):
        box.run(600)
        watch.kill()
        box.run(600)  # the broker takes these for the receiver that is away, and then forgets them
        broker.kill()
        broker.start()
        watch.start()
    box.run_until(lambda: box.is_proven(60), 40)
    seqs = watch.seqs()
    assert len(seqs) == len(set(seqs))
    assert set(range(1, 60)) <= set(seqs)
    watch.end()


def test_a_database_from_a_backup_is_filled_again(broker: Broker, parts: Parts, tmp_path: Path) -> None:
    """A file put back to an older state gets what it lacks, though all of it had been proven."""
    box, watch = both(parts, tmp_path, broker, proof="committed")
    box.backlog(40)
    box.uplink.notify()
    box.run_until(lambda: len(watch.seqs()) == 40 and not box.store.outbox.unproven(PLATFORM))
    watch.end()
    kept = watch.minutes.read_text().splitlines(keepends=True)
    watch.minutes.write_text("".join(kept[:25]))
    box.run(300)
    watch.start()
    box.run_until(lambda: len(watch.seqs()) >= 40)
    assert sorted(watch.seqs()) == list(range(1, 41))


def test_an_undated_minute_is_dated_by_its_arrival_and_then_corrected(
    broker: Broker, parts: Parts, tmp_path: Path
) -> None:
    """By arrival the time is now less the minute, its error unknown; the corrected one is a further line."""
    box, watch = both(parts, tmp_path, broker)
    box.minute(-60, dated=False)
    box.uplink.notify()
    box.run_until(watch.seqs)
    first = watch.lines()[0]
    began = datetime.fromisoformat(first["time"])
    assert abs(began - (datetime.now(UTC) - timedelta(seconds=60))) < timedelta(seconds=20)
    assert first["clock"] == {"source": "arrival", "error": None}
    box.store.times.add_anchor(Anchor(BOOT, 0.0, UTC0, "ntp", 0.01))
    box.uplink.notify()
    box.run_until(lambda: len(watch.seqs()) == 2)
    second = watch.lines()[1]
    assert (second["seq"], second["revision"], second["time"]) == (1, 1, "2025-12-31T23:59:00Z")


def test_a_picture_is_whole_though_the_receiver_is_killed(broker: Broker, parts: Parts, tmp_path: Path) -> None:
    """Thumbnail and picture end up as files with their names and hashes, after kills in the middle too."""
    box, watch = both(parts, tmp_path, broker, proof="committed")
    full, thumbnail = os.urandom(1_200_000), os.urandom(20_000)
    name = box.picture(full, thumbnail)
    for _ in range(3):
        box.run(0.05)
        watch.kill()
        watch.start()
    files, book = watch.pictures, box.store.pictures
    box.run_until(lambda: len(list(files.glob("*.jpg"))) == 2 and not book.unproven(PLATFORM), 40)
    names = sorted(path.name for path in watch.pictures.iterdir())
    assert names == [f"orchard-1-20260101T000000Z-north-{name[:8]}{end}" for end in (".jpg", ".thumb.jpg")]
    assert hashlib.sha256((watch.pictures / names[0]).read_bytes()).hexdigest() == name
    assert (watch.pictures / names[1]).read_bytes() == thumbnail
    assert [line["kind"] for line in watch.lines(watch.events) if line["kind"] != "status"] == ["picture"]


def test_a_broker_that_is_away_is_waited_for(tmp_path: Path, parts: Parts) -> None:
    """Started before its broker, the receiver says so in one line and receives when it comes."""
    broker = Broker(tmp_path)
    watch = Watch(tmp_path, broker.url).start()
    parts.append(watch)
    until(lambda: b"refuses connections" in (tmp_path / "watch.out").read_bytes())
    broker.start()
    box = Box(tmp_path / "state", broker.section())
    parts.append(box)
    box.minute(-60)
    box.run_until(watch.seqs)
    assert watch.end().count("refuses connections") == 1
    broker.stop()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--broker", "http://x"], "must be an address such as mqtt://"),
        (["--broker", "mqtt://x", "--receipts"], "--receipts needs --jsonl"),
        ([], "Missing option '--broker'"),
        (["--broker", "mqtt://x", "--jsonl", "/nowhere/m.jsonl"], "/nowhere: this folder is not there"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(words: list[str], said: str) -> None:
    """What cannot work ends with a sentence and code 2."""
    command = [sys.executable, "-m", "provisioning.main", "watch", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_two_receivers_of_one_machine_do_not_share_a_file(broker: Broker, parts: Parts, tmp_path: Path) -> None:
    """A second one on the same file says so and ends; the first one keeps what it had, and its end frees the file."""
    first = Watch(tmp_path, broker.url)
    parts.append(first.start())
    before = first.minutes.stat().st_ino
    command = [sys.executable, "-m", "provisioning.main", "watch", "--broker", broker.url]
    done = subprocess.run([*command, "--jsonl", str(first.minutes)], capture_output=True, timeout=60, check=False)
    assert done.returncode == 6
    assert b"m.jsonl is in use" in done.stderr
    assert first.minutes.stat().st_ino == before
    first.kill()
    first.start()


def test_a_receiver_whose_clock_nobody_keeps_right_tells_no_station_the_time(
    broker: Broker, parts: Parts, tmp_path: Path
) -> None:
    """An office computer that is minutes off proves what it has received, and dates nothing."""
    box, _watch = both(parts, tmp_path, broker)
    box.minute(-60)
    box.uplink.notify()
    box.run_until(lambda: box.store.notes.get("ledger", PLATFORM) is not None)  # its answer was taken in
    synchronised = KernelTime().probe("", 0.0) is not None
    assert bool(box.anchors) == synchronised
