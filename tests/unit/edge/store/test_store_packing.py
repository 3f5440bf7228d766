"""Bodies in fewer bytes: what is read, sent and salvaged is byte for byte what came, of older stores too."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.store import rows
from edge.store.errors import StoreCause, StoreError
from edge.store.folder import DATABASE
from edge.store.outbox import PLATFORM
from edge.store.packing import packed, unpacked
from edge.store.schema import MIGRATIONS
from edge.store.store import Store
from tests.bench.store import draft
from tests.kits.store_kit import minute

OLD = Path(__file__).resolve().parents[3] / "stores" / "0.1.0.db.gz"
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=20), values, max_size=6), st.booleans())
def test_any_object_comes_back_byte_for_byte(body: dict[str, Any], spaced: bool) -> None:
    """Whoever compares bodies by their bytes, as a receiver does, finds no difference."""
    data = json.dumps(body, ensure_ascii=False, separators=None if spaced else (",", ":")).encode("utf-8", "replace")
    kept = packed(data)
    assert unpacked(kept) == data
    assert len(kept) <= len(data)


@given(st.binary(max_size=200))
def test_what_was_never_packed_is_refused(data: bytes) -> None:
    """Rubbish raises the one error that a reader takes for damage, or gives bytes back."""
    try:
        unpacked(data)
    except ValueError:
        assert not data.startswith(b"{")


def test_a_minute_of_fourteen_channels_is_short() -> None:
    """Names and flags cost next to nothing: under 150 bytes, where its JSON has more than 550."""
    body = bytes(rows.record_of(draft(9), "a", 9).body)
    assert (len(body) > 550, len(packed(body)) < 150) == (True, True)


def old_store(folder: Path) -> list[tuple[Any, ...]]:
    """Put the store of version 0.1.0 there. Return its records' seqs and bodies."""
    folder.mkdir()
    (folder / DATABASE).write_bytes(gzip.decompress(OLD.read_bytes()))
    connection = apsw.Connection(str(folder / DATABASE))
    found = connection.execute("SELECT seq, body FROM record ORDER BY seq").fetchall()
    connection.close()
    return found


def test_an_older_store_is_taken_over_as_it_is(tmp_path: Path) -> None:
    """Records of version 0.1.0 keep their bytes; new ones lie beside them, and all are read."""
    old = old_store(tmp_path / "state")
    store = Store.open(tmp_path / "state", epoch="new", destinations=(PLATFORM,))
    new = store.append(minute(1))
    found = store.range(1, new.seq)
    assert [(record.seq, bytes(record.body)) for record in found[:-1]] == old
    assert found[-1] == new
    assert store.repaired is None
    store.close()


def test_an_older_version_leaves_a_store_with_packed_bodies_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A downgrade says that the store is a newer one's, instead of taking its bodies for damage."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,))
    store.append(minute(1))
    store.close()
    monkeypatch.setattr("edge.store.schema.MIGRATIONS", MIGRATIONS[:2])
    with pytest.raises(StoreError) as caught:
        Store.open(tmp_path, epoch="b", destinations=(PLATFORM,))
    assert caught.value.cause is StoreCause.NEWER
