"""A pooler between hub and PostgreSQL, which hands each transaction to another connection, changes nothing."""

from __future__ import annotations

from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import RowFate
from tests.kits.pooler import pooled
from tests.kits.postgres import Cluster
from tests.kits.recount import check_hours
from tests.kits.sink_kit import delivery, kept, query, row


def test_hubs_behind_a_pooler(cluster: Cluster) -> None:
    """Two hubs and a reader share two connections of the server: tables, commits, hours, doubles, the lease and a look
    at what changed are as without it, and nothing of one transaction is left for the next."""
    url = cluster.database()
    with pooled(cluster, url.rpartition("/")[2]) as pooled_url:
        hubs = [DatabaseSink(opened(pooled_url), name) for name in "ab"]
        assert [hub.speaks() for hub in hubs] == [True, False]
        for number in range(20):
            rows = [row(seq) for seq in range(1, 10 + number)]
            fates = [hub.commit(delivery(*rows)).fates[-1] for hub in hubs]
            assert fates == [RowFate.NEW, RowFate.DOUBLE]
            assert query(pooled_url, "SELECT count(*) FROM minute") == [(len(rows),)]
        assert not any(hub.look() for hub in hubs)
        hubs[0].fall_silent()
        assert hubs[1].speaks()
        for hub in hubs:
            hub.close()
        assert len(kept(url)) == 28
        check_hours(pooled_url)
