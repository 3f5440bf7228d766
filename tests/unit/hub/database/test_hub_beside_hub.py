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
from tests.unit.hub.test_columns_received import LIVE, payload, silent, whole, without_tables


class Beside:
    """One hub's receiver, and the numbers of the minutes that its listeners are told of."""

    granted = Granted()

    def __init__(self, url: str, folder: Path, own: str = "") -> None:
        self.told: list[int] = []
        files = Files(pictures=folder, own=own)
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
        self.hand(topic("s", Topic.LIVE), encode(Batch(1, "s", [minute(seq) for seq in seqs])))

    def hand(self, where: str, message: bytes) -> None:
        """Hand it a message."""
        self.receiver.batch(cast(Link, self), [Incoming(where, message, 1, 1, False)])


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


def test_two_hubs_with_one_folder_of_photos_write_no_file_together(cluster: Cluster, tmp_path: Path) -> None:
    """What waits at one hub for its table is not taken by the other, and neither writes the other's tables: two writers
    of one file broke off a commit, and with it a minute of now."""
    url = cluster.emptied()
    first, second = (Beside(url, tmp_path / "pictures", own) for own in ("a", "b"))
    for hub in (first, second):
        hub.hand(LIVE, payload(without_tables(whole(silent(1)))))
    for hub in (first, second):
        hub.hand(LIVE, payload(whole(silent(2))))
    assert sorted(first.told) == sorted(second.told) == [1, 2]
    tables = [path.relative_to(tmp_path) for path in tmp_path.rglob("s.json")]
    assert sorted(map(str, tables)) == ["pictures.tables.a/s.json", "pictures.tables.b/s.json"]
    for hub in (first, second):
        hub.receiver.close()
