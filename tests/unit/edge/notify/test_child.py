"""A channel that is asked in a process of its own: what hangs or dies there costs that message's time alone."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clock.clock import SystemClock, system_utc
from edge.config.delivery import DingTalk, WeCom
from edge.delivery.message import Message, MessageFate, Recipient, Short
from edge.notify import child
from edge.notify.child import InChild
from tests.kits.services import KEY, SECRET, TOKEN, Services

SHORT = Short("上寨果园", "霜冻", "零下2点3度", "3点12分")
MESSAGE = Message("m1", ("Minshan【霜冻】上寨果园",), "", "", (Recipient("张三", "13800000001"),), "frost", True, SHORT)


@pytest.fixture(name="services")
def the_services() -> Iterator[Services]:
    with Services() as running:
        yield running


def robot(services: Services, folder: Path, key: str = KEY, kind: str = "wecom") -> InChild:
    """Return a channel to a robot."""
    (folder / "key").write_text(key + "\n")
    common = {"name": kind, "kind": kind, "timeout_s": 2.0, "base_url": services.url, "key_file": str(folder / "key")}
    if kind == "wecom":
        return InChild(WeCom.model_validate(common), SystemClock(), system_utc)
    (folder / "secret").write_text(SECRET)
    section = DingTalk.model_validate({**common, "secret_file": str(folder / "secret")})
    return InChild(section, SystemClock(), system_utc)


def test_a_message_arrives_through_the_process(services: Services, tmp_path: Path) -> None:
    """The service takes it, signed with the station's own time, and its answer comes back."""
    told = robot(services, tmp_path).send(MESSAGE)
    assert (told.fate, told.answer) == (MessageFate.DELIVERED, "0 ok")
    told = robot(services, tmp_path, TOKEN, "dingtalk").send(MESSAGE)
    assert told.fate is MessageFate.DELIVERED
    assert services.wecom.taken[0].text == services.dingtalk.taken[0].text.partition(" @")[0]


def test_what_is_wrong_comes_back_as_what_it_is(services: Services, tmp_path: Path) -> None:
    """A wrong key, and a service that cannot be reached, are told from each other through the process."""
    told = robot(services, tmp_path, "wrong").send(MESSAGE)
    assert told.reason is not None
    assert (told.fate, told.reason.code) == (MessageFate.REFUSED, "wecom_gone")
    services.close()
    told = robot(services, tmp_path).send(MESSAGE)
    assert told.reason is not None
    assert (told.fate, told.reason.code) == (MessageFate.FAILED, "forward_unreachable")


def test_a_process_that_is_killed_while_it_asks_may_have_delivered(services: Services, tmp_path: Path) -> None:
    """Its end is known at once, and that nobody knows whether the message arrived."""
    services.wecom.mode = "hang"
    others, found = children(), list[int]()
    pause = threading.Event()

    def kill() -> None:
        while not services.wecom.requests:
            pause.wait(0.01)
        found.extend({*children()} - {*others})
        for number in found:
            os.kill(number, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    told = robot(services, tmp_path).send(MESSAGE)
    killer.join()
    assert told.reason is not None
    assert (told.fate, told.reason.code, len(found)) == (MessageFate.UNKNOWN, "notify_child_died", 1)


def children() -> list[int]:
    """Return the processes that this one has started, those of other tests too."""
    return [int(number) for number in Path(f"/proc/self/task/{main_thread()}/children").read_text().split()]


def main_thread() -> int:
    """Return the number of the thread that sends."""
    assert threading.main_thread().native_id is not None
    return threading.main_thread().native_id or 0


def test_a_process_that_hangs_is_ended(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not even begin in its time is ended, and surely has sent nothing."""
    monkeypatch.setattr(child, "START_S", -1.9)
    others = children()
    told = robot(services, tmp_path).send(MESSAGE)
    assert told.reason is not None
    assert (told.fate, told.reason.code) == (MessageFate.FAILED, "notify_child_hung")
    assert not services.wecom.requests and children() == others
