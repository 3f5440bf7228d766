"""The uplink's parts that need no broker: spans, pauses, the window, addresses, commands, certificates' dates."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.config import address
from edge.config.sections import BrokerSection
from edge.northbound.minshan import Minshan, OutgoingBatch
from edge.records import spans
from edge.records.bodies import raw
from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.records.spans import Span
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.command_results import KEPT, REMEMBERED, Results
from edge.uplink.send_queue import PHASES, phase
from edge.uplink.window import BYTES, MESSAGES, Window
from edge.wire import credentials
from edge.wire.certificates import validity
from edge.wire.contract import Batch, Command, Result, Topic, decode
from edge.wire.errors import broken
from edge.wire.retry import LOGIN, Retry


@pytest.fixture(name="store")
def opened(tmp_path: Path) -> Iterator[Store]:
    """Give an empty store."""
    made = Store.open(tmp_path, epoch="e1", destinations=(PLATFORM,))
    yield made
    made.close()


SPANS = st.lists(
    st.builds(lambda e, a, n: Span(e, a, a + n), st.sampled_from("ef"), st.integers(1, 40), st.integers(-1, 9)),
    max_size=8,
)


def numbers(some: list[Span]) -> set[tuple[str, int]]:
    """Return the records of spans, one by one."""
    return {(span.epoch, seq) for span in some for seq in range(span.first, span.last + 1)}


@given(SPANS, SPANS)
def test_spans_are_sets_of_numbers(some: list[Span], others: list[Span]) -> None:
    """Merging, taking away and what is common are those of sets; the result is as short as can be."""
    assert numbers(spans.merged(some)) == numbers(some)
    assert numbers(spans.minus(some, others)) == numbers(some) - numbers(others)
    assert numbers(spans.common(some, others)) == numbers(some) & numbers(others)
    merged = spans.merged(some)
    assert all(a.epoch != b.epoch or a.last + 1 < b.first for a, b in pairwise(merged))


def test_pauses_double_up_to_the_longest_and_begin_anew_when_the_link_was_stable() -> None:
    """Each pause is anywhere between nothing and a bound that doubles; a seed gives the same ones again."""
    retry = Retry(120.0, seed=3)
    pauses = [retry.pause() for _ in range(200)]
    assert all(0 <= pause <= min(120, 2**number) for number, pause in enumerate(pauses))
    assert max(pauses) > 100
    assert min(pauses[10:]) < 20
    retry.reset()
    assert retry.pause() <= 1
    again = Retry(120.0, seed=3)
    assert [again.pause() for _ in range(200)] == pauses


def test_a_refused_login_waits_for_minutes() -> None:
    """Brokers lock who tries too often, and only a person can help."""
    retry = Retry(30.0, seed=3)
    assert all(0.7 * LOGIN < retry.pause(login=True) < 1.3 * LOGIN for _ in range(20))


def test_only_links_that_break_again_and_again_are_explained() -> None:
    """What the broker says itself stands, a connection that never was is no such break, and a stable one ends it."""
    retry, broke, said = Retry(30.0), broken("mqtt://h"), Reason("broker_ended", "ended", where="mqtt://h")
    assert [retry.explained(broke, stood=True) for _ in range(2)] == [broke, broke]
    assert retry.explained(broke, stood=False) == broke
    assert retry.explained(said, stood=True) == said
    assert str(retry.explained(broke, stood=True)).startswith("the connection to mqtt://h breaks soon after")
    retry.reset()
    assert retry.explained(broke, stood=True) == broke


def test_the_window_is_bounded_in_messages_and_bytes() -> None:
    """It takes what the broker grants and no more than its own bounds; what is acknowledged makes room."""
    window = Window(receive_maximum=3, payload_bytes=None)
    for mid in range(3):
        assert window.room()
        window.add(mid, OutgoingBatch(Topic.LIVE, b"x"))
    assert not window.room()
    assert window.acknowledged(1, 0.0) is not None
    assert window.acknowledged(1, 0.0) is None
    assert window.room()
    window = Window(receive_maximum=65535, payload_bytes=None)
    window.add(1, OutgoingBatch(Topic.BACKFILL, b"x" * BYTES))
    assert not window.room()
    window = Window(receive_maximum=65535, payload_bytes=None)
    for mid in range(MESSAGES):
        window.add(mid, OutgoingBatch(Topic.LIVE, b"x"))
    assert not window.room()


@pytest.mark.parametrize(
    ("rate", "way", "least", "most"),
    [(8000.0, 0.5, 8_000, 25_000), (1e7, 0.5, BYTES, BYTES + 8_000), (1e6, 5.0, BYTES, BYTES + 8_000)],
    ids=["weak", "good", "far"],
)
def test_little_is_in_flight_on_a_weak_link_and_much_on_a_good_one(
    rate: float, way: float, least: int, most: int
) -> None:
    """A picture on request waits for 4 s at most behind a backlog; a good link always has enough to do, a far one too.

    `rate`: bytes a second; `way`: seconds there and back.
    """
    window, flying = Window(receive_maximum=65535, payload_bytes=None), deque[tuple[int, float]]()
    message, waits = OutgoingBatch(Topic.BACKFILL, b"x" * 8_000), []
    now = free_at = 0.0
    for mid in range(300):
        while not window.room():
            first, now = flying.popleft()
            window.acknowledged(first, now)
        waits.append(free_at - now)
        free_at = max(free_at, now) + len(message.payload) / rate
        window.add(mid, message, now)
        flying.append((mid, free_at + way))
    assert least <= len(window) * len(message.payload) <= most
    assert max(waits[100:]) <= 4.0


def minutes(count: int) -> list[Record]:
    """Return minutes, newest first."""
    mark = ClockMark("ntp", 0.01)
    body = {"values": {f"channel_{n}": n / 7 for n in range(14)}}
    return [
        Record("e", n, Kind.MINUTE, Stamp("b", 0.0), 60.0, n, mark, 0, None, raw(body)) for n in range(count, 0, -1)
    ]


@pytest.mark.parametrize("most", [None, 400, 2000])
def test_records_fit_the_brokers_packets(most: int | None) -> None:
    """Split until each message fits, a batch and what goes live keep all their records in their order."""
    for messages in (Minshan("a").backfill(minutes(100), most), Minshan("a").live(minutes(100), most)):
        assert [r.seq for m in messages for r in decode(m.payload, Batch).records] == list(range(100, 0, -1))
        assert all(len(m.payload) <= (most or 10**6) or len(m.records) == 1 for m in messages)


def test_compressed_backfill_is_small() -> None:
    """A batch of 360 minutes of 14 channels takes less than a sixth of its JSON."""
    records = minutes(360)
    (message,) = Minshan("a").backfill(records, None)
    assert len(message.payload) < sum(len(m.payload) for r in records for m in Minshan("a").live([r])) / 6


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "user", "password"),
    [
        ("mqtt://h", "h", 1883, False, None, None),
        ("mqtts://h", "h", 8883, True, None, None),
        ("mqtt://u:p%40ss@10.0.0.1:99", "10.0.0.1", 99, False, "u", "p@ss"),
        ("mqtt://[::1]:5/", "::1", 5, False, None, None),
    ],
)
def test_a_url_is_taken_apart(
    url: str, host: str, port: int, tls: bool, user: str | None, password: str | None
) -> None:
    """Ports have their defaults, logins their escapes."""
    assert address.parse(url) == address.Address(host, port, tls, user, password)
    assert "p@ss" not in address.parse(url).url


@pytest.mark.parametrize(
    "url", ["http://h", "mqtt://", "mqtt://h:x", "mqtt://h:70000", "mqtt://u:secret@:1", "mqtt://h/x"]
)
def test_a_url_that_is_none_is_refused_without_its_password(url: str) -> None:
    """The sentence says what would be right and keeps the password to itself."""
    with pytest.raises(address.AddressError, match="write mqtt://HOST:1883") as refused:
        address.parse(url)
    assert "secret" not in str(refused.value)


def test_keys_beside_the_url_go_before_those_in_it() -> None:
    """A login beside the URL is the one that counts."""
    section = BrokerSection(url="mqtt://a:b@h", username="c", password="d")
    assert credentials.login(section) == ("c", "d")
    assert credentials.login(BrokerSection(url="mqtt://a:b@h")) == ("a", "b")


def results_of(store: Store) -> Results:
    """Return the outcomes as a station's start finds them."""
    return Results("a", store.notes, SystemClock().inbox(KEPT))


def test_a_command_runs_once_and_the_memory_of_it_is_bounded(store: Store) -> None:
    """A known id gives its last outcome again; only so many are remembered, and told ones wait no more."""
    results = results_of(store)
    command = Command(1, "x", "picture", {}, 9)
    assert results.admit(command, 5)
    assert not results.admit(command, 5)
    assert [r.state for r in results.waiting()] == ["accepted"]
    done = Result(1, "x", "a", "done")
    results.put(done)
    assert results.waiting() == [done]
    results.delivered(done)
    assert results.waiting() == []
    for number in range(3 * KEPT):
        results.put(Result(1, str(number), "a", "done"))
    assert len(results.waiting()) == KEPT
    for number in range(REMEMBERED):
        results.put(Result(1, f"later-{number}", "a", "done"))
    assert results.admit(command, 5)


def test_a_command_is_known_after_a_restart(store: Store) -> None:
    """What was done is not done again by the next start; what was begun and not done is told as failed."""
    for name in ("done", "begun"):
        assert results_of(store).admit(Command(1, name, "picture", {}, 9), 5)
    results_of(store).put(Result(1, "done", "a", "done", "taken"))
    after = results_of(store)
    assert [after.admit(Command(1, name, "picture", {}, 9), 5) for name in ("done", "begun")] == [False, False]
    assert [(r.state, r.text) for r in after.waiting()] == [
        ("done", "taken"),
        ("failed", "the station ended before it was done"),
    ]


def test_a_retained_command_is_refused_once_and_never_carried_out(store: Store) -> None:
    """The broker hands a retained command over at each connection: one refusal, then silence."""
    command = Command(1, "x", "picture", {}, 9)
    results = results_of(store)
    assert not results.admit(command, 5, retained=True)
    (refusal,) = results.waiting()
    assert "retained" in refusal.text
    results.delivered(refusal)
    after = results_of(store)
    assert not after.admit(command, 5, retained=True)
    assert after.waiting() == []


@pytest.mark.parametrize(
    ("command", "utc", "text"),
    [
        (Command(2, "x", "picture"), 5, "version 1"),
        (Command(1, "x", "picture", {}, 4), 5, "expired"),
        (Command(1, "x", "picture", {}, 4), None, "does not know the time"),
        (Command(1, "x", "picture"), 5, "does not say when it expires"),
    ],
)
def test_a_command_that_cannot_be_judged_is_refused(store: Store, command: Command, utc: int | None, text: str) -> None:
    """Another version, an expiry that is past or cannot be judged: refused with a reason."""
    results = results_of(store)
    assert not results.admit(command, utc)
    assert text in results.waiting()[0].text


def test_stations_speak_at_phases_of_their_own() -> None:
    """The same station at the same phase for ever, many stations spread over all of it."""
    phases = [phase(f"station-{number}") for number in range(200)]
    assert phases == [phase(f"station-{number}") for number in range(200)]
    assert all(0 <= p < PHASES for p in phases)
    assert max(phases) - min(phases) > 0.9 * PHASES


def test_a_certificates_dates_are_found() -> None:
    """UTCTime's two-digit years, and GeneralizedTime, as RFC 5280 wants them."""
    assert validity(b"..\x17\r500101000000Z\x18\x0f20500101000000Z..") == (
        datetime(1950, 1, 1, tzinfo=UTC),
        datetime(2050, 1, 1, tzinfo=UTC),
    )
    assert validity(b"\x17\r240229235959Z\x17\r490101000000Z") == (
        datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(2049, 1, 1, tzinfo=UTC),
    )
    assert validity(b"\x17\r241399000000Z\x17\r490101000000Z") is None
    assert validity(b"no certificate") is None
