"""What stands before a simulated station: a rough network, a broker in memory, and the platform's real receiver.

The receiver's own loop is left out (it wakes five times a second for a person's screen); what it takes in, keeps,
proves and answers is `hub.receiver` on real files, in simulated time.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from drivers.clock import Inbox
from drivers.reason import Reason
from edge.config.sections import BrokerSection
from edge.northbound import version2
from edge.records.record import Record
from edge.sim.asks import CommandSending
from edge.sim.faults import Mishap
from edge.sim.lane import FOREVER
from edge.sim.network import Network
from edge.sim.record_checkers import Version
from edge.sim.rig import Rig
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.destination import Way
from edge.wire.contract import ROLLCALL
from edge.wire.errors import LinkError
from edge.wire.link import Link
from edge.wire.session import KEPT_SESSION, Incoming, Session
from hub import intake
from hub.jsonl import LineIdentity
from hub.live_first import RECEIVE
from hub.receiver import Files, Receiver
from hub.told_time import ToldTime
from tests.kits.asker import Asker, WatchedBroker, WatchedLink
from tests.kits.batches import Reader

SECTION = BrokerSection(url="mqtt://simulated")
AGAIN_S = 5.0  # between two tries of the platform
GATHERED_S = 60.0  # between two looks at which receipts have waited for long enough
STEP_S, STEPS = 60.0, 240  # in which a station has to have everything proven when nothing goes wrong any more
OVERDUE_S = 300.0  # after a roll call, by which what is lacking has been opened again
FILES = ("minutes.jsonl", "events.jsonl", "minutes.jsonl.ledger")
PICTURES = "photos"
STATION = "sim"


class FarEnd:
    """`arrived`: every record that the receiver was handed, duplicates too, in their order; `topics`: on which.

    `asker`: who asks the station for things, and hears the answers; `told`: the time that stations are told.
    `reads`: the version that it reads until it leaves; when it returns it is of today. `own_cpu`: seconds of reading
    and copying its files, which hold the more the longer a life is.
    """

    files: tuple[str, ...] = FILES  # what a copy of its database is

    def __init__(self, folder: Path, seed: int, reads: int = version2.VERSION, tells_time: bool = False) -> None:
        self.topics: list[str] = []
        self.own_cpu = 0.0
        self._reads = reads
        self.arrived: list[Record] = []
        self._reader = Reader()
        rng = random.Random(f"broker {seed}")
        self.broker = broker = WatchedBroker(
            rng.choice((100, 1000)), rng.choice((1, 5, 20)), rng.choice((None, 16 * 1024))
        )
        self.network = Network(seed, broker)
        self.network.link = WatchedLink
        self.waited = broker.waited
        self.asker = Asker(broker, STATION, self.network.utc)
        self._told = lambda: ToldTime(self.network.utc() if tells_time else 0)
        self._folder, self._copy, self._seed = folder, folder.with_name(folder.name + ".copy"), seed
        folder.mkdir(parents=True, exist_ok=True)
        self._receiver: Receiver | None = self._opened()
        self._link: Link | None = None
        self._news: Inbox | None = None

    def serve(self, rig: Rig) -> None:
        """Be there in this boot's time from now on."""
        self.network.serve(rig)
        rig.way = Way(self.network.rough, self._seed)
        self._news = rig.clock.inbox(1)

        def run() -> None:
            while True:
                try:
                    self._receive(rig)
                except LinkError:
                    assert self._news is not None
                    self._news.get(rig.clock.now() + (AGAIN_S if self._receiver else FOREVER))

        rig.beside.append(rig.clock.lane("platform", run))

    def reachable(self, there: bool) -> None:
        """Let the broker go or come back."""
        self.network.cut(not there)

    def befall(self, what: Mishap) -> None:
        """Let something happen to the broker or the platform."""
        with self._with_files():
            self._befall(what)

    def _befall(self, what: Mishap) -> None:
        if what is Mishap.FORGETS:
            self.network.broker.forget()
        elif what is Mishap.LEAVES:
            self._stop()
        elif what is Mishap.RETURNS:
            self._reads = version2.VERSION
            self._start()
        elif what is Mishap.COPIED:
            shutil.rmtree(self._copy, ignore_errors=True)
            shutil.copytree(self._folder, self._copy)
        elif self._copy.exists():
            was_there = self._receiver is not None
            self._stop()
            self._restore()
            if was_there:
                self._start()

    def _restore(self) -> None:
        for name in self.files:
            (self._folder / name).unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(self._copy / name, self._folder / name)
        shutil.rmtree(self._folder / PICTURES)
        shutil.copytree(self._copy / PICTURES, self._folder / PICTURES)

    def ask(self, what: CommandSending) -> None:
        """Ask the station for something, where the broker can be reached."""
        if not self.network.away:
            self.asker.ask(what)

    def settle(self, rig: Rig) -> None:
        """Let time pass until all is proven, call the roll, ask everything again, and let time pass again."""
        self.network.calm = True
        self.reachable(True)
        self.network.broker.hang_up()  # the connections that are doomed, too
        with self._with_files():
            self._stop()
            self._start()  # it calls the roll
        self._await_proof(rig)
        self.asker.ask_again()
        rig.clock.run_until(rig.clock.now() + OVERDUE_S)
        self._await_proof(rig)

    def database(self) -> Iterator[Version]:
        """Yield what its files hold, line by line: those of a year are long."""
        self._stop()
        for name in FILES[:2]:
            with (self._folder / name).open("rb") as lines:
                for line in lines:
                    with contextlib.suppress(msgspec.ValidationError):  # its own notes about stations
                        of = msgspec.json.decode(line, type=LineIdentity)
                        yield of.epoch, of.seq, of.revision

    def picture_files(self) -> list[str]:
        """Return the SHA-256 of each picture file that is whole."""
        files = sorted((self._folder / PICTURES).glob("*.jpg"))
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]

    def _await_proof(self, rig: Rig) -> None:
        assert rig.station is not None and rig.station.services.uplink is not None
        store: Store = rig.station.store
        for _ in range(STEPS):
            left = store.pictures.count(PLATFORM)
            records = store.outbox.unsent(PLATFORM, limit=1) or store.outbox.unproven(PLATFORM)
            if not (records or left.thumbnails or left.full):
                return
            rig.station.services.uplink.retry_now()
            rig.clock.run_until(rig.clock.now() + STEP_S)

    # -- the platform's lane -------------------------------------------------------------------------------------

    def _receive(self, rig: Rig) -> None:
        receiver = self._receiver
        if receiver is None:
            raise LinkError(Reason("said", "{text}", text="the receiver is stopped"))
        receiver._reads = self._reads  # as an older one answers
        receiver._clock = rig.clock
        topics = tuple(topic for topic in intake.subscribed_topics() if self._reads > 1 or not intake.in_columns(topic))
        self._link = link = self.network.connect(
            SECTION, Session("platform", topics, expiry=KEPT_SESSION, receive=RECEIVE), rig.clock
        )
        link.publish(ROLLCALL, b"{}")
        while True:
            link.wait(rig.clock.now() + GATHERED_S)
            receiver.send_receipts(link, rig.clock.now())
            link.acks.clear()
            messages = list(link.incoming)
            link.incoming.clear()
            if messages:
                self._note(messages)
                receiver.batch(link, messages)

    def _note(self, messages: list[Incoming]) -> None:
        for message in messages:
            self.topics.append(message.topic)
            self.arrived += self._reader.records(message.topic, message.payload)

    def _opened(self) -> Receiver:
        files = Files(self._folder / FILES[0], self._folder / FILES[1], self._folder / PICTURES)
        return Receiver(SECTION, files, True, lambda _station, _record: None, utc=lambda: 0, told=self._told)

    @contextlib.contextmanager
    def _with_files(self) -> Iterator[None]:
        before = time.process_time()
        yield
        self.own_cpu += time.process_time() - before

    def _stop(self) -> None:
        if self._receiver is not None:
            self._receiver.close()
            self._receiver = None
        self.network.broker.leave("platform")

    def _start(self) -> None:
        if self._receiver is None:
            self._receiver = self._opened()
        if self._news is not None:
            self._news.offer("started")
