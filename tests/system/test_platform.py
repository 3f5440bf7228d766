"""The platform's side against a real Mosquitto: away for a day, attacked, with logins that hold everyone to his own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.clock.clock import system_utc
from edge.config.sections import BrokerSection
from edge.records.spans import Span
from edge.store.outbox import PLATFORM
from edge.wire.contract import Batch, Receipt, Topic, decode, encode, encode_chunk, topic
from edge.wire.errors import LinkError
from edge.wire.link import REFUSED
from tests.kits.broker import PATH, Broker, password_file, until
from tests.kits.command import ENGLISH, minshan
from tests.kits.receiver_kit import minute
from tests.kits.system import url
from tests.kits.uplink_kit import Box, Listener, records_of
from tests.kits.watching import Parts, Watch
from tests.unit.hub.test_receiver import BAD, CHUNK, HELLO
from tests.unit.hub.test_receiver_fuzz import RAW

RULES = Path(__file__).resolve().parents[2] / "docs" / "wire-contract" / "mosquitto"


@pytest.mark.parametrize(
    ("minutes", "queue"), [(150, 60), pytest.param(1440, 1000, marks=pytest.mark.slow)], ids=["some-hours", "a-day"]
)
def test_a_receiver_that_was_away_lacks_nothing(parts: Parts, tmp_path: Path, minutes: int, queue: int) -> None:
    """The broker keeps so many messages for it and drops the rest, which it had acknowledged: all come all the same.

    A thousand is Mosquitto's own number, as it is packaged.
    """
    broker = Broker(tmp_path, queue=queue).start()
    watch = Watch(tmp_path, broker.url).start()
    box = Box(tmp_path / "state", BrokerSection(url=broker.url))  # as the defaults have it
    parts += [box, watch]
    box.minute(-60)
    box.uplink.notify()
    box.run_until(lambda: watch.seqs() == [1] and not box.store.outbox.unproven(PLATFORM))
    watch.end()
    box.recording()
    box.run(minutes * 60 + 1)
    assert sum(s.last - s.first + 1 for s in box.store.outbox.unproven(PLATFORM)) >= minutes - 1, (
        "what the broker acknowledged is not proven"
    )
    watch.start()
    box.run_until(lambda: len(watch.seqs()) > minutes and box.is_proven(minutes + 1), 90)
    found = watch.seqs()
    assert len(found) == len(set(found))
    assert set(range(1, minutes + 2)) <= set(found)
    assert "all received" in watch.end()
    broker.stop()


def test_no_message_ends_a_receiver_or_comes_back(parts: Parts, tmp_path: Path) -> None:
    """Messages that once ended it are set aside, the honest minute behind them is kept, and none waits at a restart."""
    broker = Broker(tmp_path).start()
    sender = Listener(broker)
    watch = Watch(tmp_path, broker.url).start()
    parts.append(watch)
    until(lambda: sender.take(0.1))
    whole: Any = json.loads(encode(minute(1)))
    for number, fields in enumerate(BAD):
        record = whole | {"seq": 100 + number} | fields
        sender.send(topic("s", Topic.LIVE), json.dumps({"v": 1, "station": "s", "records": [record]}).encode())
    for station in ("+", "#", "x" * 60_000, "\0"):
        sender.send(topic("s", Topic.HELLO), json.dumps({**msgspec.to_builtins(HELLO), "station": station}).encode())
        sender.send(topic("s", Topic.BACKFILL), encode(Batch(1, station, [minute(1)])))
    for payload in RAW[:-2]:
        for channel in (Topic.LIVE, Topic.HELLO, Topic.PICTURE, Topic.STATUS):
            sender.send(topic("s", channel), payload)
    for round_ in (1, 2):
        sender.send(topic("s", Topic.LIVE), encode(Batch(1, "s", [minute(1)])))
        until(lambda: Span("e", 1, 1) in receipted(sender), 20)
        assert watch.seqs() == [1]
        said = watch.end()
        assert "Traceback" not in said
        assert (f"messages could not be handled; see {watch.minutes}.set-aside" in said) == (round_ == 1)
        (tmp_path / "watch.out").unlink()
        sender.messages.clear()
        watch.start()
    broker.stop()


def receipted(listener: Listener) -> list[Span]:
    """Return the spans of all receipts that came."""
    return [span for message in listener.on("s", Topic.RECEIPT) for span in decode(message.payload, Receipt).has]


def guarded(folder: Path, *stations: str, without: str = "none") -> Broker:
    """Start a Mosquitto with the documents' rules `without` some, and a login for the platform and each station."""
    rules = (RULES / "minshan.conf").read_text().splitlines()
    lines = (RULES / "minshan.acl").read_text().splitlines()
    (folder / "minshan.acl").write_text("\n".join(line for line in lines if not line.startswith(without)) + "\n")
    own = [line for line in rules if line.startswith("max_packet_size")]
    own += [password_file(folder, "platform", "apple"), f"acl_file {folder}/minshan.acl"]
    tool = shutil.which("mosquitto_passwd", path=PATH)
    for station in stations:
        subprocess.run([str(tool), "-b", str(folder / "passwords"), station, "apple"], check=True, capture_output=True)
    return Broker(folder, "\n".join(own)).start()


def refused(listener: Listener, to: str, payload: bytes) -> bool:
    """Return whether the broker refuses a message; some releases end the connection after that."""
    mid = listener.link.publish(to, payload)
    try:
        while mid not in listener.link.acks:
            listener.take(0.05)
    except LinkError:
        listener.again()
        return True
    return listener.link.acks.pop(mid) >= REFUSED


def test_a_stations_login_speaks_for_no_other(parts: Parts, tmp_path: Path) -> None:
    """With the documents' rules a thief's login reads nothing of another station and writes nothing in its name."""
    broker = guarded(tmp_path, "victim", "thief")
    (tmp_path / "platform.password").write_text("apple\n")
    watch = Watch(tmp_path, url(broker, "platform@"), "--password-file", str(tmp_path / "platform.password")).start()
    thief = Listener(BrokerSection(url=url(broker, "thief:apple@")), "thief")
    box = Box(tmp_path / "state", BrokerSection(url=url(broker, "victim:apple@")), station="victim", epoch="e")
    parts += [box, watch]
    forged = encode(Batch(1, "victim", [minute(1, air_temperature=-99.0)]))
    junk = encode_chunk(msgspec.structs.replace(CHUNK, size=7, sha256="0" * 64), b"nothing")
    payloads = dict.fromkeys(Topic, forged) | {Topic.HELLO: encode(HELLO), Topic.PICTURE: junk}
    for channel, payload in payloads.items():
        assert refused(thief, topic("victim", channel), payload), f"the thief may write victim's {channel}"
    for channel in (Topic.LIVE, Topic.HELLO, Topic.PICTURE, Topic.STATUS):
        thief.send(topic("thief", channel), payloads[channel])  # in its own topic it may say what it likes
    box.minute(-60)
    box.uplink.notify()
    box.run_until(lambda: watch.seqs() == [1] and not box.store.outbox.unproven(PLATFORM))
    assert [line["values"]["air_temperature"] for line in watch.lines()] == [1.25]
    platform = Listener(BrokerSection(url=url(broker, "platform:apple@")), "platform-asks")
    platform.send(topic("victim", Topic.COMMAND), b'{"v":1,"id":"x","name":"none","args":{},"expires":1}')
    box.run(60)
    assert {message.topic for message in thief.take(0.5)} <= {"minshan/1/all/rollcall"}
    assert list(records_of(thief.messages)) == []
    assert "messages could not be handled" in watch.end()
    assert not list(watch.pictures.iterdir())
    broker.stop()


def test_a_second_receiver_with_other_files_does_not_disturb(parts: Parts, tmp_path: Path) -> None:
    """Two receivers at one broker, each with a file of the same name in a folder of its own: both have all."""
    broker = Broker(tmp_path).start()
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        parts.append(Watch(tmp_path / name, broker.url).start())
    first, second = (part for part in parts if isinstance(part, Watch))
    box = Box(tmp_path / "state", broker.section())
    parts.append(box)
    box.backlog(20)
    box.uplink.notify()
    box.run_until(lambda: len(first.seqs()) == len(second.seqs()) == 20)
    assert "another client" not in first.end() + second.end()
    broker.stop()


def test_a_file_may_be_rotated_while_it_is_written(parts: Parts, tmp_path: Path) -> None:
    """Renamed in the middle of the day: the file and the new one together have each minute once."""
    broker = Broker(tmp_path).start()
    watch = Watch(tmp_path, broker.url).start()
    box = Box(tmp_path / "state", broker.section(proof="committed"))
    parts += [box, watch]
    box.backlog(10)
    box.recording()
    box.uplink.wait_no_longer()  # for receipts, those of the last minutes are awaited below
    box.run_until(lambda: len(watch.seqs()) >= 15)
    watch.minutes.rename(tmp_path / "m.jsonl.1")
    box.run_until(lambda: watch.minutes.exists() and len(watch.seqs()) >= 5)
    watch.end()
    watch.start()
    box.run_until(lambda: len(watch.seqs()) >= 10 and not box.store.outbox.unproven(PLATFORM))
    old = [line["seq"] for line in watch.lines(tmp_path / "m.jsonl.1")]
    found = [*old, *watch.seqs()]
    assert sorted(found) == list(range(1, len(found) + 1))
    watch.end()
    broker.stop()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "No receipts are sent, because no file is named to keep the minutes in (--jsonl FILE).\n"),
        (
            ("--no-receipts", "--jsonl", "m.jsonl"),
            "No receipts are sent: what the broker drops while there is no receiver is lost.\n",
        ),
    ],
    ids=["no-file", "no-receipts"],
)
def test_a_viewer_gives_no_receipts_and_says_so(more: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """Without a file nothing is kept, so nothing is proven; with --no-receipts its price is said."""
    broker = Broker(tmp_path).start()
    listener, batch = Listener(broker), encode(Batch(1, "s", [minute(1)]))
    command = [sys.executable, "-m", "provisioning.main", "watch", "--broker", broker.url, *more]
    env = {**os.environ, **ENGLISH}
    out = tmp_path / "out"
    with out.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file, cwd=tmp_path, env=env) as watch:
        try:
            until(lambda: said in out.read_text(), 60)

            def shown() -> bool:
                listener.send(topic("s", Topic.LIVE), batch)  # it may not have subscribed yet
                return "\ns " in out.read_text()

            until(shown, 60)
            assert listener.on("s", Topic.RECEIPT, quiet=1.0) == []
        finally:
            watch.terminate()
    broker.stop()


def test_a_command_expires(tmp_path: Path) -> None:
    """A command always says until when it may be carried out, and the person is told that."""
    broker = Broker(tmp_path).start()
    listener = Listener(broker)
    said = minshan("remote", "maoxian-1", "picture", "--timeout", "1", env={"MINSHAN_BROKER": broker.url})
    assert said.code == 1
    assert "the command is carried out if it arrives within 10 min, and not later" in said.err
    (command,) = listener.on("maoxian-1", Topic.COMMAND)
    assert abs(json.loads(command.payload)["expires"] - system_utc() - 600_000_000) < 60_000_000
    broker.stop()


@pytest.mark.parametrize("without", ["pattern write minshan/2", "topic read minshan/2"])
def test_a_brokers_older_rules_cost_no_record(parts: Parts, tmp_path: Path, without: str) -> None:
    """Where the rules know nothing of version 2, for the station or for the platform, all arrives in version 1."""
    broker = guarded(tmp_path, "orchard-1", without=without)
    (tmp_path / "platform.password").write_text("apple\n")
    watch = Watch(tmp_path, url(broker, "platform@"), "--password-file", str(tmp_path / "platform.password")).start()
    box = Box(tmp_path / "state", BrokerSection(url=url(broker, "orchard-1:apple@")), epoch="e")
    parts += [box, watch]
    box.recording()
    box.run_until(lambda: len(watch.seqs()) >= 5, real=60.0)
    assert not watch.minutes.with_name(f"{watch.minutes.name}.tables").exists()
