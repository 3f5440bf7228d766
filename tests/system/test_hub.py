"""`minshan hub` as a process, with a real station, a real broker and both databases, whatever is killed."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.config.errors import ConfigError
from edge.store.outbox import PLATFORM
from edge.wire.contract import Receipt, Topic, decode
from hub.config import BAD_LISTEN, load
from provisioning.commands.exits import Exit
from tests.kits.broker import Broker, password_file, until
from tests.kits.command import minshan
from tests.kits.hub_process import Hub
from tests.kits.postgres import Cluster
from tests.kits.sink_kit import query
from tests.kits.uplink_kit import Box, Listener


def open_records(box: Box) -> int:
    """Return how many records of a station no receipt has closed."""
    unproven = box.store.outbox.unproven(PLATFORM)
    return box.store.outbox.count_unsent(PLATFORM) + sum(span.last - span.first + 1 for span in unproven)


@pytest.fixture(name="hubs")
def ended_hubs() -> Iterator[list[Hub]]:
    """Give a list of hubs that are ended at the end."""
    hubs: list[Hub] = []
    yield hubs
    for hub in hubs:
        hub.end(signal.SIGKILL)


def test_kills_of_the_hub_lose_and_double_nothing(
    broker: Broker, boxes: list[Box], hubs: list[Hub], tmp_path: Path
) -> None:
    """A station with a backlog sends while the hub is killed: each minute is there once, all of them, the ledger says
    so, and the station has closed them all by receipts."""
    hub = Hub(tmp_path, broker.url, f"sqlite://{tmp_path}/hub.db")
    hubs.append(hub.start())
    box = Box(tmp_path / "state", broker.section(proof="committed"))
    boxes.append(box)
    box.backlog(600)
    box.recording()
    for number in range(3):
        box.run(600 + 77 * number)
        hub.end(signal.SIGKILL)
        hub.start()
    box.run_until(lambda: open_records(box) <= 2 and len(hub.seqs()) >= 620)
    seqs = hub.seqs()
    assert seqs == list(range(1, len(seqs) + 1))
    assert query(hub.url, "SELECT first FROM ledger") == [(1,)]
    assert hub.end() == 0
    hub.start()


def test_a_database_that_is_away_loses_nothing(
    broker: Broker, boxes: list[Box], hubs: list[Hub], tmp_path: Path, cluster: Cluster
) -> None:
    """While PostgreSQL is away nothing is receipted; when it is back all flows again, with no restart of the hub."""
    hub = Hub(tmp_path, broker.url, cluster.database())
    hubs.append(hub.start())
    box = Box(tmp_path / "state", broker.section(proof="committed"))
    boxes.append(box)
    box.backlog(20)
    box.run_until(lambda: len(hub.seqs()) >= 20)
    cluster.kill()
    box.backlog(200)
    box.uplink.notify()
    box.run(2000)
    assert open_records(box) >= 200
    cluster.start()
    box.run_until(lambda: not open_records(box) and len(hub.seqs()) >= 220)
    assert hub.said.count("cannot be used") == 1, "one outage is one line, whatever each lane and each try meets"


def test_a_hub_that_starts_on_a_database_that_takes_nothing_says_so_and_waits(
    broker: Broker, boxes: list[Box], hubs: list[Hub], tmp_path: Path, cluster: Cluster
) -> None:
    """A standby, or a setting: one line and `hub status` say so, and what waited comes once it is over."""
    url = cluster.database()
    hub = Hub(tmp_path, broker.url, url)
    hubs.append(hub.start())
    box = Box(tmp_path / "state", broker.section(proof="committed"))
    boxes.append(box)
    box.backlog(20)
    box.run_until(lambda: len(hub.seqs()) >= 20)
    assert hub.end() == 0
    name = url.rpartition("/")[2]
    cluster.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    hub.start()
    why = "the server takes nothing in: it is a standby, or default_transaction_read_only is set"
    until(lambda: why in hub.said, 60)
    code, said = hub.asked("status")
    assert (code, why in said) == (1, True), said
    box.backlog(30)
    box.uplink.notify()
    cluster.run(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    box.run_until(lambda: not open_records(box) and len(hub.seqs()) >= 50)


def receipted(listener: Listener) -> int:
    """Return how many records receipts have named."""
    messages = [decode(message.payload, Receipt) for message in listener.on("orchard-1", Topic.RECEIPT)]
    return sum(span.last - span.first + 1 for receipt in messages for span in receipt.has)


def two_hubs(folder: Path, broker: Broker, url: str, hubs: list[Hub]) -> None:
    """Start two hubs on one database, of which the first answers."""
    hubs.append(Hub(folder, broker.url, url, "a").start())
    until(lambda: "connected to" in hubs[0].said, 30)
    hubs.append(Hub(folder, broker.url, url, "b").start())
    until(lambda: hubs[0].said.count("connected to") == 2, 30)


@pytest.mark.slow
def test_two_hubs_on_one_database(
    broker: Broker, boxes: list[Box], hubs: list[Hub], tmp_path: Path, cluster: Cluster
) -> None:
    """Two hubs are handed the same: every minute is there once, and a receipt, which the SIM pays for, comes from one
    of them; when that one ends the other answers. A photo is one file in their folder; a hub that has another folder
    refuses to start."""
    listener = Listener(broker)
    url = cluster.database()
    two_hubs(tmp_path, broker, url, hubs)
    stray = Hub(tmp_path, broker.url, url, "c")
    stray.config.write_text(stray.config.read_text().replace('/pictures"', '/elsewhere"'))
    stray.start()
    box = Box(tmp_path / "state", broker.section(proof="committed"))
    boxes.append(box)
    box.backlog(300)
    box.run_until(lambda: not open_records(box) and len(hubs[1].seqs()) >= 300)
    assert 0 < receipted(listener) <= len(listener.records()), "what was sent once was receipted by both"
    box.picture(b"x" * 200_000, b"y" * 900)
    photos = tmp_path / "pictures"
    box.run_until(lambda: not box.store.pictures.count(PLATFORM).bytes_left)
    assert stray.awaited() == Exit.STORE
    assert f"keeps the photos in another folder than {tmp_path}/elsewhere" in stray.said
    until(lambda: not list(photos.glob("*.part")), 30)
    assert sorted(len(file.read_bytes()) for file in photos.glob("*.jpg")) == [900, 200_000]
    assert query(url, "SELECT count(*) FROM picture WHERE file <> ''") == [(2,)]
    assert hubs[0].end() == 0
    box.backlog(100)
    box.uplink.notify()
    box.run_until(lambda: not open_records(box) and len(hubs[1].seqs()) >= 400)
    assert hubs[1].seqs() == [*range(1, 301), *range(302, 402)]  # between them is the photo's own record
    hubs[0].start()


@pytest.mark.slow  # a hub that was killed is waited for
def test_the_hub_that_answers_is_killed_in_the_middle(
    broker: Broker, boxes: list[Box], hubs: list[Hub], tmp_path: Path, cluster: Cluster
) -> None:
    """What the dead one had committed and not receipted, the other receipts: nothing is lost, twice, or stuck."""
    two_hubs(tmp_path, broker, cluster.database(), hubs)
    box = Box(tmp_path / "state", broker.section(proof="committed"))
    boxes.append(box)
    box.backlog(2000)
    box.run_until(lambda: len(hubs[1].seqs()) >= 300)
    hubs[0].end(signal.SIGKILL)
    box.run_until(lambda: not open_records(box) and len(hubs[1].seqs()) >= 2000, 90)
    assert hubs[1].seqs() == list(range(1, 2001))
    hubs[0].start()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_station_fills_up_a_database_that_was_restored(
    broker: Broker, boxes: list[Box], hubs: list[Hub], tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    """A backup is made while the hub runs, more is received and closed by receipts, and then the backup is put back:
    the station sends again what came after it, though it had receipts, and each minute is there once."""
    url = f"sqlite://{tmp_path}/hub.db" if kind == "sqlite" else request.getfixturevalue("cluster").database()
    hub, backup = Hub(tmp_path, broker.url, url), str(tmp_path / "backup")
    hubs.append(hub.start())
    box = Box(tmp_path / "state", broker.section(proof="committed"))
    boxes.append(box)
    box.backlog(100)
    box.run_until(lambda: not open_records(box) and len(hub.seqs()) >= 100)
    assert hub.asked("backup", "--out", backup)[0] == 0
    box.backlog(150)
    box.uplink.notify()
    box.run_until(lambda: not open_records(box) and len(hub.seqs()) >= 250)
    assert hub.asked("restore", "--from", backup)[0] == 6, "the hub runs"
    assert hub.end() == 0
    assert hub.asked("restore", "--from", backup)[0] == 0
    assert len(hub.seqs()) == 100
    hub.start()
    box.run_until(lambda: len(hub.seqs()) >= 250)
    assert hub.seqs() == list(range(1, 251))


def test_what_status_and_gaps_say(broker: Broker, boxes: list[Box], hubs: list[Hub], tmp_path: Path) -> None:
    """A hole in the numbers is named as not received, with its records; a program gets the same as JSON."""
    hub = Hub(tmp_path, broker.url, f"sqlite://{tmp_path}/hub.db")
    assert hub.asked("gaps") == (0, "No minute has arrived yet.\n")
    hubs.append(hub.start())
    box = Box(tmp_path / "state", broker.section(proof="committed"))
    boxes.append(box)
    box.backlog(120)
    box.run_until(lambda: len(hub.seqs()) >= 120)
    newest = query(hub.url, "SELECT max(start_us) FROM minute")[0][0]
    day = time.strftime("%Y-%m-%d", time.gmtime(newest / 1e6))
    query(hub.url, "DELETE FROM record WHERE seq BETWEEN 50 AND 59")
    hub.end()
    hub.start()  # it holds its ledger against its rows
    until(lambda: "records are missing from" in hub.said, 20)
    code, said = hub.asked("gaps", "--day", day, "--json")
    (found,) = [json.loads(line) for line in said.splitlines()]
    whole = found["measured"]
    assert (found["received"], code) == (whole - 10, 1)
    assert (found["gaps"][0]["cause"], found["gaps"][0]["records"]) == ("not_received", 10)
    code, said = hub.asked("gaps", "--day", day, "--station", "orchard-1")
    assert "10 records not received" in said
    assert "minutes measured" in hub.asked("status")[1]
    assert hub.asked("gaps", "--station", "nobody")[0] == 2


def test_bad_files_are_one_clear_line(tmp_path: Path, broker: Broker) -> None:
    """A password on the command line, a key that is none, another program's database: a sentence and a code each."""
    out = str(tmp_path / "hub.toml")
    said = minshan("hub", "init", "--broker", "mqtt://hub:SECRET@x:1", "--out", out)
    assert (said.code, "does not belong on a command line" in said.err) == (2, True)
    assert minshan("hub", "init", "--out", out).code == 2
    hub = Hub(tmp_path, broker.url, f"sqlite://{tmp_path}/hub.db")
    text = hub.config.read_text()
    for wrong, right in (("[pictures]", "[picture]"), ("url = ", "ulr = "), ('dir = "', "dir = 7 #")):
        hub.config.write_text(text.replace(wrong, right))
        code, line = hub.asked("run")
        assert code == 3, line
        assert "hub.toml:" in line
    for listen in ("127.0.0.1:99999", "8080", "::1:8080", "[127.0.0.1]:80", "999.1.1.1:80", "127.0.0.1:٨٠"):
        hub.config.write_text(f'{text}[http]\nlisten = "{listen}"\n')
        with pytest.raises(ConfigError) as wrong_address:
            load(hub.config)
        assert [mistake.reason for mistake in wrong_address.value.mistakes] == [BAD_LISTEN]
    page = minshan("page", "--listen", "127.0.0.1:99999", "--socket", str(tmp_path / "none"))
    assert (page.code, "must be an address of this machine and a port" in page.err) == (3, True)
    for other, exit_code, sentence in ("/pictures", 3, "is a folder"), ("/none.db", 6, "is not there yet"):
        hub.config.write_text(text.replace("/hub.db", other))
        assert [(code, sentence in line) for code, line in [hub.asked("gaps")]] == [(exit_code, True)]
    (tmp_path / "hub.db").write_text("somebody's notes " * 400)
    hub.config.write_text(text)
    for command in ("run", "status", "gaps"):
        code, line = hub.asked(command)
        assert (code, "is not an SQLite database" in line) == (6, True)


def test_a_password_comes_from_a_file(broker: Broker, hubs: list[Hub], tmp_path: Path) -> None:
    """A broker that wants a login is served from the file that hub.toml names; a wrong one is said in the log."""
    inner = tmp_path / "inner"
    inner.mkdir(mode=0o755)
    guarded = Broker(inner, password_file(tmp_path, "hub", "apple")).start()
    try:
        secret = tmp_path / "secret"
        secret.write_text("pear\n")
        hub = Hub(tmp_path, guarded.url.replace("//", "//hub@"), f"sqlite://{tmp_path}/hub.db")
        text = hub.config.read_text().replace('# password_file = ""', f'password_file = "{secret}"', 1)
        hub.config.write_text(text)
        hubs.append(hub.start())
        until(lambda: "refuses the login" in hub.said, 20)
        hub.end()
        secret.write_text("apple\n")
        hub.start()
        until(lambda: "connected to" in hub.said, 20)
    finally:
        guarded.stop()
