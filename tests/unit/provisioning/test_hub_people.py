"""`minshan hub user` and `token` for stations that nothing was heard of: it is allowed, and it is said."""

from __future__ import annotations

from pathlib import Path

from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from tests.kits.command import minshan
from tests.kits.sink_kit import delivery, row


def test_a_right_to_a_station_that_was_never_heard_is_given_and_said(tmp_path: Path) -> None:
    """A station may come later; a name that is nearly one that is known is told, and a known one needs no word."""
    config, password = tmp_path / "hub.toml", tmp_path / "password"
    config.write_text(
        f'[broker]\nurl = "mqtt://127.0.0.1:9"\n[database]\nurl = "sqlite://{tmp_path}/hub.db"\n'
        f'[pictures]\ndir = "{tmp_path}/pictures"\n'
    )
    password.write_text("correct horse battery")
    sink = DatabaseSink(opened(f"sqlite://{tmp_path}/hub.db"))
    sink.commit(delivery(row(1, station="orchard-1"), row(1, station="orchard-2")))
    sink.close()
    assert minshan("hub", "user", "list", "--config", str(config)).out == "Nobody has an account yet.\n"
    assert minshan("hub", "token", "list", "--config", str(config)).out == "There is no token yet.\n"
    given = ("--role", "grower", "--station", "orchard-1", "--station")
    secret = minshan("hub", "token", "add", "county", *given, "orchrd-2", "--config", str(config))
    near = "No station orchrd-2 has sent anything yet: is its name right, or was orchard-2 meant?"
    assert secret.code == 0 and near in secret.err
    assert len(secret.out.split()) == 1, "the secret stands alone"
    to_come = minshan(
        "hub", "user", "add", "li", *given, "upper-village", "--password-file", str(password), "--config", str(config)
    )
    assert to_come.code == 0
    assert to_come.err == "No station upper-village has sent anything yet: is its name right?\n"
    known = minshan("hub", "token", "add", "office", *given, "orchard-2", "--config", str(config))
    assert known.code == 0 and "has sent anything" not in known.err
    listed = minshan("hub", "token", "list", "--config", str(config)).out
    assert "county: grower, orchard-1, orchrd-2" in listed
