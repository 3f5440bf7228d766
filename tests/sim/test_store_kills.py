"""SIGKILL at any instant: what `append` returned for is there, and the store goes on."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.record import Kind
from edge.store.check import check
from edge.store.store import Store
from tests.unit.store_kit import event

ROOT = Path(__file__).resolve().parents[2]
APPENDING = """
import sys
from pathlib import Path
from edge.anchors import Anchor
from edge.store.store import Store
from edge.uplink.contract import Span
from tests.unit.store_kit import minute

folder, epoch = Path(sys.argv[1]), sys.argv[2]
store = Store.open(folder, epoch=epoch)
for n in range(1, 100_000):
    record = store.append(minute(n, epoch, timed=n % 3 != 0), {"n": n})
    print(record.seq, flush=True)
    if n % 5 == 0:
        store.mark_sent(store.newest(limit=3))
    if n % 7 == 0:
        store.prove([Span(epoch, record.seq - 6, record.seq - 3)])
    if n % 50 == 0:
        store.add_anchor(Anchor(epoch, n * 60.0, n * 60_000_000, "ntp", 0.1))
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
        store = Store.open(tmp_path, epoch=f"look-{start}")
        assert store.repaired is None
        kept = [record.seq for record in store.range(1, 1_000_000)]
        assert kept == list(range(1, len(kept) + 1))
        assert set(printed) <= set(kept)
        assert len(kept) <= len(printed) + 2 * (start + 1)  # one a kill may be on the disk and not yet printed
        last = store.last(Kind.MINUTE)
        assert last is not None
        assert store.state() == {"n": last.body["n"]}
        printed.append(store.append(event(Kind.HEALTH, 0, {}), store.state()).seq)
        store.close()
        assert check(tmp_path) == []
    assert len(printed) == len(set(printed))
    assert len(printed) > 100
