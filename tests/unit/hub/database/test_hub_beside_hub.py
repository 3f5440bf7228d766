"""Two hubs on one PostgreSQL: whoever looks at either sees each minute come."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from edge.config.sections import BrokerSection
from edge.wire.contract import Batch, Topic, encode, topic
from edge.wire.link import Link
from edge.wire.session import Granted, Incoming
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.receiver import Files, Receiver
from tests.kits.postgres import Cluster
from tests.kits.receiver_kit import minute


class Beside:
    """One hub's receiver, and the numbers of the minutes that its listeners are told of."""

    granted = Granted()

    def __init__(self, url: str, folder: Path) -> None:
        self.told: list[int] = []
        files = Files(pictures=folder)
        self.receiver = Receiver(
            BrokerSection(url="mqtt://127.0.0.1:9"),
            files,
            True,
            lambda _station, record: self.told.append(record.seq),
            sink=DatabaseSink(opened(url)),
        )

    def publish(self, _to: str, _payload: bytes) -> int:
        """Let an answer go nowhere."""
        return 1

    def ack(self, _message: Incoming) -> None:
        """Let the broker forget a message."""

    def take(self, *seqs: int) -> None:
        """Hand it minutes, as the broker does to each hub."""
        payload = encode(Batch(1, "s", [minute(seq) for seq in seqs]))
        self.receiver.batch(cast(Link, self), [Incoming(topic("s", Topic.LIVE), payload, 1, 1, False)])


def test_a_minute_that_the_other_hub_committed_first_is_told_at_both(cluster: Cluster, tmp_path: Path) -> None:
    """Whichever hub is first, a page of the other shows the minute at once too, and it is in the database once."""
    url = cluster.emptied()
    first, second = (Beside(url, tmp_path / name) for name in ("a", "b"))
    first.take(1)
    second.take(1, 2)
    first.take(2, 3)
    second.take(3)
    assert first.told == second.told == [1, 2, 3]
    assert second.receiver.tally.doubles == 2
    for hub in (first, second):
        hub.receiver.close()
