"""A process that commits without end and says what was committed, to be killed in the middle of it.

    python -m tests.kits.committer URL STATION [ROWS]        prints the last seq of each delivery after its commit

It goes on where the ledger ends, hands over the end of the delivery before a second time, as a broker does, with some
of its minutes dated anew into the next day, and commits again what failed.
"""

from __future__ import annotations

import subprocess
import sys
import time

from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import SinkError
from tests.kits.sink_kit import delivery, redated, row


class Committer:
    """The process; `last` is the highest seq that it has said was committed."""

    def __init__(self, url: str, station: str = "s", rows: int = 40) -> None:
        self._words = [sys.executable, "-m", "tests.kits.committer", url, station, str(rows)]
        self.last = 0
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(self._words, stdout=subprocess.PIPE, text=True)

    def hear(self, deliveries: int) -> None:
        """Wait for so many commits."""
        assert self._process.stdout is not None
        for _ in range(deliveries):
            line = self._process.stdout.readline()
            assert line, "it ended by itself"
            self.last = int(line)

    def kill(self) -> None:
        """End it in the middle of whatever it does; what it had said before counts."""
        if self._process.returncode is not None:
            return
        self._process.kill()
        out, _ = self._process.communicate()
        said = [int(line) for line in out.splitlines(keepends=True) if line.endswith("\n")]
        self.last = max([self.last, *said])

    def again(self) -> None:
        """Start it anew."""
        self.kill()
        self._start()


def main(url: str, station: str, rows: int) -> None:
    """Commit without end."""
    sink: DatabaseSink | None = None
    first: int | None = None
    while True:
        try:
            sink = sink or DatabaseSink(opened(url))
            if first is None:
                first = max((span.last for span in sink.held(station, frozenset({"e"}))), default=0) + 1
            anew = (redated(row(seq, station=station), 1500) for seq in range(max(1, first - 30), first, 7))
            sink.commit(delivery(*anew, *(row(seq, station=station) for seq in range(max(1, first - 5), first + rows))))
        except SinkError:
            time.sleep(0.05)
            continue
        first += rows
        print(first - 1, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
