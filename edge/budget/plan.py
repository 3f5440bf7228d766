"""Estimate a configuration's monthly data in advance: synthetic minutes are encoded by the real encoder.

Each channel is a random walk with steps of three times its resolution per minute, more than air changes over a whole
day: the bench's 25 noisy channels cost a tenth more than a recorded day. A full picture is estimated by its pixels.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice, pairwise

import msgspec

from drivers.quantity import QUANTITIES
from edge.budget import reckoning
from edge.budget.thinning import LIVE_EVERY, Rates, ThinningStep, forward_every
from edge.config.forward import Forward, HttpJson
from edge.config.sections import BrokerSection, CameraSection, Config
from edge.northbound import http_json, mqtt_json, version2
from edge.northbound.column_writer import KnownTables
from edge.northbound.minshan import Minshan
from edge.northbound.verdict import EncodeError
from edge.records.bodies import raw
from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.records.spans import Span
from edge.wire.contract import CHUNK, VERSION, Hello, HelloAnswer, Receipt, Topic, encode, topic
from edge.wire.packets import ALIAS, MQTT5, MQTT311, overhead

MINUTES = 60  # in the sample
MESSAGES = 6  # encoded of each kind: each takes a Pi some milliseconds
DAY_MIN = 1440
DAYLIGHT = 12.2  # h of daylight a day, averaged over a year: 12, and what refraction and the sun's disc add
THUMBNAIL = 20_000  # bytes at most (edge/pictures/judge.py)
PIXEL = 0.24  # bytes of a full picture for each pixel: 0.97 MB of 2688 x 1520, as the demo's camera makes them
CONNECTIONS = 4  # a day: a mobile network drops one now and then
HELLOS = 2  # a day, besides one for each connection
RECEIPTS = DAY_MIN / 15  # a day
REQUEST_HEAD, ANSWER = 320, 300  # bytes of a request's headers, of a whole response
CHUNK_HEADER = 400  # bytes before a chunk: topic and the header in JSON


def rates(config: Config) -> Rates:
    """Return the bytes per day that the configuration needs."""
    broker = config.broker or BrokerSection(url="mqtts://broker")
    tls = broker.url.startswith("mqtts")
    station = config.station.id
    cameras = [pictures_of(one) for one in config.camera]
    others = forward(config)
    alone = bool(others) and config.broker is None  # there is no platform of our own
    return Rates(
        live={every: 0.0 if alone else size for every, size in live(station, channels(config), broker, tls).items()},
        live_every=broker.live_every_min,
        link=0.0 if alone else link(station, broker, tls),
        forward=others,
        thumbnails=sum(count * part(THUMBNAIL) for count, _ in cameras),
        thumbnails_hourly=sum(min(count, DAYLIGHT) * part(THUMBNAIL) for count, _ in cameras),
        full=sum(count * part(size) for count, size in cameras),
        full_daily=sum(min(count, 1.0) * part(size) for count, size in cameras),
    )


def channels(config: Config) -> list[str]:
    """Return the channel names of its minutes."""
    names = sorted(set(config.channels().values()))
    gusts = [name.replace("wind_speed", "wind_speed_of_gust", 1) for name in names if is_wind_speed(name)]
    return [*names, *gusts]


def is_wind_speed(name: str) -> bool:
    """Return whether a channel has a gust beside it."""
    return name.partition(".")[0] == "wind_speed"


def live(station: str, names: list[str], broker: BrokerSection, tls: bool) -> dict[int, float]:
    """Return the bytes per day of live minutes and keep-alive, by the minutes between two messages."""
    contract = broker.contract
    records = list(minutes(names))
    found = {}
    for every in sorted({1, *LIVE_EVERY.values()}):
        parts = [records[first:end] for first, end in pairwise(range(0, MINUTES + 1, every))][:MESSAGES]
        sizes = [message(station, Topic.LIVE, size, contract, tls) for size in payloads(station, parts, contract)]
        pings = len(parts) * ((every * 60 - 1) // broker.keepalive_s) * reckoning.ping(tls)
        found[every] = (sum(sizes) + pings) / (len(parts) * every) * DAY_MIN
    return found


def payloads(station: str, parts: list[list[Record]], contract: int) -> Iterator[int]:
    """Yield the sizes of the messages of these records, for a receiver that has their table."""
    tables = KnownTables(station)
    for part in parts:
        _, along = version2.batch(tables, part)
        payload = version2.encode(version2.batch(tables, part, [table.hash for table in along])[0])
        if contract == VERSION or payload is None:
            yield sum(len(message.payload) for message in Minshan(station).live(part))
        else:
            yield len(payload)


def minutes(names: list[str]) -> Iterator[Record]:
    """Yield synthetic minutes of these channels."""
    noise = random.Random(1)
    values = dict.fromkeys(names, 20.0)
    for number in range(MINUTES):
        for name in names:
            quantity = QUANTITIES[name.partition(".")[0]]
            values[name] = quantity.rounded(values[name] + noise.gauss(0, 3 * quantity.resolution))
        body = raw({"values": dict(values), "quality": dict.fromkeys(names, 1), "reasons": {}})
        mark = ClockMark("ntp", round(0.05 + number % 17 * 0.000_131, 6))
        stamp = Stamp("00000000-0000-0000-0000-000000000000", round(20.126841 + 60.0 * number, 6))
        start = 1_767_225_600_000_000 + 60_000_000 * number
        yield Record("000000000000", 100_000 + number, Kind.MINUTE, stamp, 60.0, start, mark, 0, 2, body)


def link(station: str, broker: BrokerSection, tls: bool) -> float:
    """Return the bytes per day of the link itself: connecting, hellos and answers, receipts."""
    epoch, ledger = "0" * 12, "0" * 16
    hello = Hello(1, station, ledger, epoch, [Span(epoch, 1, 123_456)], 123_457, [], 0, "ntp", broker.proof, 900)
    answer = HelloAnswer(1, ledger, 1_782_097_200_000_000, ledger, 1, hello.epochs, reads=2, gathers=900)
    greeting = message(station, Topic.HELLO, len(encode(hello)), VERSION, tls)
    greeting += message(station, Topic.ANSWER, len(encode(answer)), VERSION, tls)
    receipt = message(
        station, Topic.RECEIPT, len(encode(Receipt(1, ledger, 1, [Span(epoch, 123_456, 123_470)]))), VERSION, tls
    )
    receipts = RECEIPTS * receipt if broker.proof == "committed" else 0.0
    return CONNECTIONS * reckoning.CONNECTING + (HELLOS + CONNECTIONS) * greeting + receipts


def forward(config: Config) -> dict[int, float]:
    """Return the bytes per day to other destinations, by the minutes that the budget has them gather; empty: none."""
    made = list(islice(minutes(channels(config)), MESSAGES))
    sizes = {one.name: sum(len(encoded(one, config.station.id, record)) for record in made) for one in config.forward}
    return {
        wait: sum(forward_day(one, sizes[one.name] / len(made), wait) for one in config.forward)
        for wait in {forward_every(step) for step in ThinningStep}
        if config.forward
    }


def encoded(section: Forward, station: str, record: Record) -> bytes:
    """Return a minute as a destination gets it; empty if it cannot be encoded for it."""
    try:
        if isinstance(section, HttpJson):
            return http_json.encode(station, record)
        return mqtt_json.encode(section, station, record)
    except EncodeError:
        return b""


def forward_day(section: Forward, line: float, wait: int) -> float:
    """Return the bytes per day to one destination; `line`: the average bytes of a minute, `wait`: minutes gathered."""
    tls = section.url.startswith(("https", "mqtts"))
    if isinstance(section, HttpJson):
        together = max(section.every_min, wait, 1)
        return DAY_MIN / together * reckoning.exchange(REQUEST_HEAD + round(together * line), ANSWER, tls)
    packet = overhead(section.topic, MQTT311) + round(line)
    return CONNECTIONS * reckoning.CONNECTING + DAY_MIN * reckoning.message(packet, tls)


def message(station: str, channel: Topic, payload: int, version: int, tls: bool) -> int:
    """Return the bytes of a message of `payload` bytes and its acknowledgement. A live one's topic has an alias."""
    name = overhead("", MQTT5) + ALIAS if channel is Topic.LIVE else overhead(topic(station, channel, version), MQTT5)
    return reckoning.message(name + payload, tls)


def pictures_of(camera: CameraSection) -> tuple[float, int]:
    """Return the scheduled pictures per day, and the bytes of a full one."""
    hours = 24.0 if camera.by_night else DAYLIGHT
    return hours * 60 / camera.every_min, round(camera.width * camera.height * PIXEL)


def part(size: int) -> int:
    """Return the bytes on the link of a picture's part of `size` bytes, each chunk with its header."""
    chunks = -(-size // CHUNK)
    return sum(reckoning.message(CHUNK_HEADER + min(CHUNK, size - number * CHUNK)) for number in range(chunks))


class Bill(msgspec.Struct, frozen=True):
    """Megabytes per month of 30 days at a step, by use; `forward`: to other platforms."""

    step: ThinningStep
    live: float
    pictures: float
    link: float
    forward: float

    @property
    def total(self) -> float:
        """Return the sum."""
        return self.live + self.pictures + self.link + self.forward


def bill(found: Rates, step: ThinningStep) -> Bill:
    """Return a configuration's data per month at a step of thinning."""
    month = reckoning.MONTH / reckoning.MEGABYTE
    live_day = found.live[found.minutes(step)]
    others = found.forwarded(step) * month
    return Bill(step, live_day * month, found.pictures(step) * month, found.link * month, others)
