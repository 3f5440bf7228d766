"""Pictures and commands over the API: each is the station's own, and hidden from who may not see that station."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import pytest

from edge.alerts.crops import CRITICAL
from edge.clock.clock import system_utc
from edge.wire.contract import ChunkHeader
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from hub.sink import Delivery, PictureRow
from tests.kits.office import FOREIGN, MINE, Office, entered, office

BYTES = {name: f"the picture of {name}".encode() * 200 for name in (MINE, FOREIGN)}
SHA = {name: hashlib.sha256(data).hexdigest() for name, data in BYTES.items()}


@pytest.fixture(name="shared", scope="module")
def an_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Give an office with minutes and a picture, without its thumbnail, of two stations."""
    folder = tmp_path_factory.mktemp("office")
    with office(folder) as made:
        made.keep_minutes(MINE, FOREIGN)
        sink = DatabaseSink(opened(made.database))
        for seq, (station, data) in enumerate(BYTES.items(), 100):
            (folder / f"{station}.jpg").write_bytes(data)
            header = ChunkHeader(1, station, SHA[station], "full", 0, len(data), SHA[station], "mast", "e", seq, 1)
            sink.commit(Delivery(pictures=(PictureRow(header, f"{station}.jpg"),)))
        sink.close()
        yield made


def test_a_picture_is_sent_as_it_is_to_whoever_may_see_its_station(shared: Office) -> None:
    """Its bytes, not packed again, to be kept for ever; another station's is as one that is not there."""
    with shared.client(shared.token(Role.GROWER, MINE), {"accept-encoding": "gzip, br"}) as grower:
        told = grower.get(f"/pictures/{SHA[MINE]}")
        assert told.content == BYTES[MINE]
        assert "content-encoding" not in told.headers
        assert "immutable" in told.headers["cache-control"]
        assert "private" in told.headers["cache-control"]
        foreign = grower.get(f"/pictures/{SHA[FOREIGN]}")
        assert (foreign.status_code, foreign.json()["error"]["code"]) == (404, "picture_unknown")
    with shared.client(shared.token(Role.GROWER)) as everybody:
        assert everybody.get(f"/pictures/{SHA[FOREIGN]}").content == BYTES[FOREIGN]


def test_a_part_that_is_not_here_is_told_apart_from_a_picture_that_is_unknown(shared: Office) -> None:
    """The thumbnail of a picture whose other part came says that it is not here."""
    with shared.client(shared.token(Role.GROWER, MINE)) as grower:
        told = grower.get(f"/pictures/{SHA[MINE]}/thumbnail")
    assert (told.status_code, told.json()["error"]["code"]) == (404, "picture_not_here")


def test_what_became_of_a_command_is_told_to_who_may_command_that_station(shared: Office) -> None:
    """Another station's technician learns nothing of it, not even that there is one."""
    with shared.client(shared.token(Role.TECHNICIAN, FOREIGN)) as theirs:
        order = theirs.post(f"/stations/{FOREIGN}/commands", json={"name": "hello"}).json()
        assert theirs.get(f"/commands/{order['id']}").json()["station"] == FOREIGN
    with shared.client(shared.token(Role.TECHNICIAN, MINE)) as mine:
        assert mine.get(f"/commands/{order['id']}").status_code == 404
        assert mine.post(f"/stations/{FOREIGN}/commands", json={"name": "hello"}).status_code == 404


@pytest.mark.parametrize("name", ["accept-ledger", "picture-file", "horn", ""])
def test_a_command_that_is_none_from_afar_is_refused_before_it_is_kept(shared: Office, name: str) -> None:
    """What no station may be asked from afar is refused at once and goes nowhere."""
    before = len(shared.engine.query("SELECT id FROM command"))
    with shared.client(shared.token(Role.ADMIN)) as admin:
        assert admin.post(f"/stations/{MINE}/commands", json={"name": name}).status_code == 422
    assert len(shared.engine.query("SELECT id FROM command")) == before


def test_commands_of_long_ago_are_forgotten(shared: Office) -> None:
    """The table does not grow for ever; what was asked lately stays."""
    shared.engine.query("UPDATE epoch SET arrived_last = %s", (system_utc(),))
    shared.engine.query("UPDATE record SET start = %s WHERE seq = 0", (system_utc(),))  # a station vouches for the time
    with shared.client(shared.token(Role.ADMIN)) as admin:
        old, new = (admin.post(f"/stations/{MINE}/commands", json={"name": "hello"}).json()["id"] for _ in range(2))
        shared.engine.query("UPDATE command SET asked = %s WHERE id = %s", (system_utc() - 91 * 86_400_000_000, old))
        admin.post(f"/stations/{MINE}/commands", json={"name": "hello"}).raise_for_status()
        assert admin.get(f"/commands/{old}").status_code == 404
        assert admin.get(f"/commands/{new}").status_code == 200


def test_no_stage_stands_in_the_form_before_somebody_has_chosen_it(shared: Office) -> None:
    """The hardiest one, which comes first, would be set by one tap too many: frost would then raise no alert."""
    with entered(shared, shared.add(Role.TECHNICIAN, MINE)) as technician:
        page = technician.get(f"/stations/{MINE}/commands").text
    assert re.findall(r'<select name="stage" required><option value="(.*?)"', page) == [""] * len(CRITICAL)
