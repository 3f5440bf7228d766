"""People, tokens and sessions in both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from edge.wire.contract import VERSION, Command, Result
from hub.database import schema
from hub.database.accounts import LAST_ADMIN, MOST_SESSIONS, SESSION_US, AccountError, Accounts
from hub.database.engine import Engine, opened
from hub.database.orders import Orders
from hub.passwords import hash_password, matches
from hub.random_secrets import digest
from hub.rights import Account, Right, Role

NOW = 1_770_000_000_000_000
LI = Account("user", "李四", Role.TECHNICIAN, frozenset({"a", "b"}))


@pytest.fixture(name="engine")
def an_engine(url: str) -> Iterator[Engine]:
    engine = opened(url)
    schema.migrate(engine)
    yield engine
    engine.close()


@pytest.fixture(name="accounts")
def some_accounts(engine: Engine) -> Accounts:
    return Accounts(engine)


def test_what_is_kept_of_secrets_opens_nothing(accounts: Accounts, engine: Engine) -> None:
    """Neither a password, a token nor a session's secret stands in the database."""
    accounts.add(LI, hash_password("open sesame, please"), NOW)
    accounts.add(Account("token", "county", Role.OPERATOR, None), digest("a token's secret"), NOW)
    session = accounts.begin_session("李四", NOW)
    told = repr([engine.query(f"SELECT * FROM {table}") for table in ("account", "session")])
    assert not any(secret in told for secret in ("open sesame", "a token's secret", session))
    found = accounts.user("李四")
    assert found is not None and matches(found[1], "open sesame, please") and not matches(found[1], "open sesame")
    assert accounts.by_token("a token's secret") == Account("token", "county", Role.OPERATOR, None)
    assert accounts.by_session(session, NOW) == LI


def test_a_name_is_taken_once_and_an_unknown_one_is_said(accounts: Accounts) -> None:
    """A second account of a name is refused and the first stays; a person and a token may share a name."""
    accounts.add(LI, "x", NOW)
    with pytest.raises(AccountError, match="李四"):
        accounts.add(Account("user", "李四", Role.ADMIN, None), "y", NOW)
    accounts.add(Account("token", "李四", Role.GROWER, None), "z", NOW)
    assert accounts.listed("user") == [LI]
    with pytest.raises(AccountError, match="王五"):
        accounts.change_password("王五", "x")
    with pytest.raises(AccountError, match="王五"):
        accounts.end("token", "王五", NOW)


def test_a_session_ends_in_time_and_the_oldest_of_many_ends_first(accounts: Accounts) -> None:
    """After a month a browser logs in again; somebody with many browsers loses the oldest."""
    accounts.add(LI, "x", NOW)
    secrets = [accounts.begin_session("李四", NOW + place) for place in range(MOST_SESSIONS + 3)]
    alive = [accounts.by_session(secret, NOW + 100) is not None for secret in secrets]
    assert alive == [False] * 3 + [True] * MOST_SESSIONS
    assert accounts.by_session(secrets[-1], NOW + SESSION_US + len(secrets)) is None


def test_a_revoked_token_and_a_disabled_person_may_do_nothing(accounts: Accounts) -> None:
    """Both stay in the list, as ended; a person who is let in again may do what the role says, after a new login."""
    accounts.add(Account("token", "t", Role.ADMIN, None), digest("s"), NOW)
    accounts.end("token", "t", NOW)
    assert accounts.by_token("s") is None
    assert not accounts.listed("token")[0].may(Right.READ)
    accounts.add(LI, "x", NOW)
    session = accounts.begin_session("李四", NOW)
    accounts.end("user", "李四", NOW)
    assert [account.ended for account in accounts.listed("user")] == [True]
    accounts.end("user", "李四", None)
    assert accounts.listed("user") == [LI]
    assert accounts.by_session(session, NOW) is None


@pytest.mark.parametrize("way", ["disable", "role"])
def test_two_administrators_who_remove_each_other_at_once_do_not_leave_none(url: str, engine: Engine, way: str) -> None:
    """Both ask at the same moment, over two connections: one of them is told that somebody has to stay."""
    held, one, other = Accounts(engine), opened(url), opened(url)
    for name in ("one", "other"):
        held.add(Account("user", name, Role.ADMIN, None), "x", NOW)
    calls = {
        "disable": lambda of, name: Accounts(of).end("user", name, NOW),
        "role": lambda of, name: Accounts(of).change_role(Account("user", name, Role.GROWER, None)),
    }
    with ThreadPoolExecutor(2) as pool:
        with engine.transaction():  # who holds the rows, so that both have begun before either goes on
            engine.query("UPDATE account SET made = made")
            asked = [pool.submit(partial(calls[way], one, "other")), pool.submit(partial(calls[way], other, "one"))]
            while engine.postgres and waiting(url) < 2:
                pass
        told = [done.exception() for done in asked]
    assert sorted(str(error) for error in told) == ["None", str(AccountError(LAST_ADMIN))]
    left = [found for found in held.listed("user") if found.may(Right.MANAGE)]
    assert len(left) == 1
    one.close()
    other.close()


def waiting(url: str) -> int:
    """Return how many statements wait for a row: asked from outside, as a transaction sees one such count alone."""
    engine = opened(url)
    statement = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    ((count,),) = engine.query(statement)
    engine.close()
    return int(count)


def test_an_account_is_about_its_own_stations(accounts: Accounts) -> None:
    """A technician of two boxes commands these, and reads no other."""
    assert LI.may(Right.COMMAND, "a") and not LI.may(Right.READ, "c") and not LI.may(Right.MANAGE)


def test_a_command_is_sent_once_and_its_last_word_stays(engine: Engine) -> None:
    """What went out or is too old is not sent again; another station's answer or a late one changes nothing."""
    orders = Orders(engine)
    first = orders.add("a", Command(VERSION, "1" * 16, "picture", {"camera": "south"}, NOW + 10), LI, NOW)
    orders.add("a", Command(VERSION, "2" * 16, "hello", {}, NOW + 5), LI, NOW)
    assert [order.id[0] for order in orders.unsent(NOW + 1)] == ["1", "2"]
    assert orders.unsent(NOW + 7) == [first]
    orders.sent(first.id, NOW + 2, nobody=False)
    assert [order.id[0] for order in orders.unsent(NOW + 3)] == ["2"]
    for station, state in (("b", "failed"), ("a", "accepted"), ("a", "done"), ("a", "accepted"), ("a", "failed")):
        orders.answered(Result(VERSION, first.id, station, state, "", {"picture": "0"}), NOW + 4)
    found = orders.order(first.id)
    assert found is not None
    assert (found.state, found.result, found.sent_us, found.nobody) == ("done", {"picture": "0"}, NOW + 2, False)
    assert (found.asked_by, found.arguments) == ("user 李四", {"camera": "south"})
