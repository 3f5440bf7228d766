"""SIGKILL at any instant: what `append` returned for is there, and the store goes on."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.records.record import Kind
from edge.store.check import check
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.store_kit import damaged_pages, event, many

ROOT = Path(__file__).resolve().parents[2]
APPENDING = """
import sys
from pathlib import Path
from edge.clock.anchors import Anchor
from edge.store.store import Store
from edge.records.spans import Span
from tests.kits.store_kit import minute

folder, epoch = Path(sys.argv[1]), sys.argv[2]
store = Store.open(folder, epoch=epoch, destinations=("platform",))
for n in range(1, 100_000):
    record = store.append(minute(n, epoch, timed=n % 3 != 0), {"n": n})
    print(record.seq, flush=True)
    if n % 5 == 0:
        store.outbox.mark_sent(store.outbox.newest("platform", limit=3), "platform")
    if n % 7 == 0:
        store.outbox.prove([Span(epoch, record.seq - 6, record.seq - 3)], "platform")
    if n % 50 == 0:
        store.times.add_anchor(Anchor(epoch, n * 60.0, n * 60_000_000, "ntp", 0.1))
"""


def run_and_kill(folder: Path, epoch: str, seconds: float) -> list[int]:
    """Append in another process until it is killed; the seqs that it printed."""
    child = subprocess.Popen(
        [sys.executable, "-c", APPENDING, str(folder), epoch], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    first = child.stdout.readline()
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read().splitlines()
    child.wait()
    return [int(line) for line in [first, *rest] if line.strip()]


@pytest.mark.timeout(120)
def test_nothing_that_was_appended_is_lost(tmp_path: Path) -> None:
    """Killed at random, several times over: every seq it printed is there, none twice, none beyond one more."""
    rng = random.Random(9)
    printed: list[int] = []
    for start in range(6):
        printed += run_and_kill(tmp_path, f"e{start}", rng.uniform(0.05, 0.6))
        store = Store.open(tmp_path, epoch=f"look-{start}", destinations=(PLATFORM,))
        assert store.repaired is None
        kept = [record.seq for record in store.range(1, 1_000_000)]
        assert kept == list(range(1, len(kept) + 1))
        assert set(printed) <= set(kept)
        assert len(kept) <= len(printed) + 2 * (start + 1)  # one a kill may be on the disk and not yet printed
        last = store.last(Kind.MINUTE)
        assert last is not None
        assert store.state() == {"n": last.fields()["n"]}
        printed.append(store.append(event(Kind.HEALTH, 0, {}), store.state()).seq)
        store.close()
        assert check(tmp_path) == []
    assert len(printed) == len(set(printed))
    assert len(printed) > 100


OPENING = """
import sys
from pathlib import Path
from edge.store.store import Store

print("opening", flush=True)
Store.open(Path(sys.argv[1]), epoch=sys.argv[2], destinations=("platform",)).range(1, 100_000)
print("open", flush=True)
"""


def open_and_kill(folder: Path, epoch: str, seconds: float) -> bool:
    """Open a store in another process that is killed after a while; whether it had opened it by then."""
    child = subprocess.Popen(
        [sys.executable, "-c", OPENING, str(folder), epoch], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    done = child.stdout.read()
    child.wait()
    return bool(done)


def kill_salvages(folder: Path, records: int, kills: int, longest: float) -> int:
    """Kill so many salvages of that many records, several in a row; how many salvages were seen through."""
    rng = random.Random(records)
    many(folder / "whole", records)
    lost = damaged_pages(folder / "whole", rng, pages=20)
    seen, killed = 0, 0
    while killed < kills:
        state = folder / f"state-{seen}"
        shutil.copytree(folder / "whole", state)
        for _ in range(min(4, kills - killed)):
            if open_and_kill(state, "k", rng.uniform(0, longest)):
                break
            killed += 1
        store = Store.open(state, epoch="look", destinations=(PLATFORM,))
        kept = {record.seq for record in store.range(1, records)}
        told = store.take_repair()
        assert told is not None
        named = {n for span in told.lost or () for n in range(span.first, span.last + 1)}
        assert set(range(1, records + 1)) - kept == lost == named
        assert store.append(event(Kind.HEALTH, 0, {})).seq == records + 1
        assert list(state.glob("records.damaged-1.db"))
        assert not list(state.glob("records.salvage*"))
        store.close()
        assert check(state) == []
        shutil.rmtree(state)
        seen += 1
    return seen


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_salvage_may_be_killed(tmp_path: Path) -> None:
    """Killed in a salvage, at any instant and again: every row that can be read is there, each lost one is named."""
    assert kill_salvages(tmp_path, 2000, kills=5, longest=0.3)


@pytest.mark.slow
def test_thirty_salvages_of_three_weeks_may_be_killed(tmp_path: Path) -> None:
    """The same with 30,000 records."""
    assert kill_salvages(tmp_path, 30_000, kills=30, longest=2.0)


MEETING_DAMAGE = """
import random
import sys
import threading
from pathlib import Path
from edge.store.store import Store
from tests.kits.store_kit import damaged_pages, minute

folder = Path(sys.argv[1])
store = Store.open(folder, epoch="b", destinations=("platform",))
with store._db.reading() as connection:
    connection.execute("PRAGMA shrink_memory").fetchall()
lost = damaged_pages(folder, random.Random(5), pages=2)
print(*lost, flush=True)
threading.Thread(target=store.range, args=(1, 100_000), daemon=True).start()
while True:
    print(store.append(minute(store._ledger.last + 1)).seq, flush=True)
"""


def kill_beside(folder: Path, records: int, kills: int, longest: float) -> int:
    """Kill a station that keeps records while it salvages so many; how many of these records were in the interim."""
    rng = random.Random(records)
    many(folder / "whole", records)
    beside = 0
    for number in range(kills):
        state = folder / f"beside-{number}"
        shutil.copytree(folder / "whole", state)
        child = subprocess.Popen(
            [sys.executable, "-c", MEETING_DAMAGE, str(state)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        lost = set(map(int, child.stdout.readline().split()))
        time.sleep(rng.uniform(0, longest))
        child.send_signal(signal.SIGKILL)
        printed = {int(line) for line in child.stdout.read().splitlines()}
        child.wait()
        beside += bool(list(state.glob("records.interim.db")))
        store = Store.open(state, epoch="look", destinations=(PLATFORM,))
        kept = [record.seq for record in store.range(1, 1_000_000)]
        assert set(kept) >= (set(range(1, records + 1)) - lost) | printed
        assert len(kept) <= records - len(lost) + len(printed) + 1  # one may be on the disk and not yet printed
        store.close()
        assert check(state) == []
        shutil.rmtree(state)
    return beside


@pytest.mark.timeout(120)
def test_what_is_kept_beside_a_salvage_outlives_a_kill(tmp_path: Path) -> None:
    """Killed while it salvages and keeps records, at any instant: each record it printed is there, once."""
    assert kill_beside(tmp_path, 5000, kills=4, longest=0.1)


@pytest.mark.slow
def test_what_is_kept_beside_forty_salvages_outlives_a_kill(tmp_path: Path) -> None:
    """The same with 20,000 records."""
    assert kill_beside(tmp_path, 20_000, kills=40, longest=0.4) > 10
