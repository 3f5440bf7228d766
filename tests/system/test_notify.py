"""A real station without a hub tells people of frost, whatever ends it and its processes meanwhile."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec
import pytest

from edge.clock.clock import SystemClock, boot_id, system_utc
from edge.notify.cases import NotifyState
from edge.records.bodies import Alert, plain
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.broker import until
from tests.kits.command import minshan
from tests.kits.services import KEY, Services
from tests.kits.station_text import HEAD, SHELTER
from tests.kits.system import running_station

CHANNEL = """\
[clock]
trust_system_clock = true
[[channel]]
name = "robot"
kind = "wecom"
base_url = "{url}"
key_file = "{folder}/key"
timeout_s = 8
[[person]]
name = "张三"
phone = "13800000001"
"""
WITHIN_S = 60.0


def frost(folder: Path) -> None:
    """Keep an alert that was raised and that nobody was told of, as a station that was killed then leaves it."""
    store = Store.open(folder / "state", epoch="e", destinations=(PLATFORM,))
    said = Alert("frost-e-1", "frost", "raised", 1, 5, 0.8, 0.2, 1, "wet_bulb_temperature", "degC", crop="apple")
    stamp = Stamp(boot_id(), SystemClock().now())
    store.append(Draft(Kind.ALERT, stamp, 0.0, system_utc(), ClockMark("ntp", 0.1), plain(said)))
    store.notes.put("notify", "now", msgspec.json.encode(NotifyState(0, boot_id())))
    store.close()


def senders() -> list[Path]:
    """Return the processes that send messages."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"edge.notify.process" in (process / "cmdline").read_bytes():
                found.append(process)
        except OSError:  # it has ended
            continue
    return [one for one in found if str(os.getuid()) in (one / "status").read_text()]


@pytest.mark.slow
def test_killed_while_it_sends_it_sends_once_more_and_says_so(tmp_path: Path) -> None:
    """SIGKILL in the middle of a request: its process ends too, the next start sends once more, marked, and no more;
    `minshan notify test` then says what the service answered, and `status` what goes on."""
    (tmp_path / "key").write_text(KEY)
    file = tmp_path / "station.toml"
    with Services() as services:
        more = CHANNEL.format(url=services.url, folder=tmp_path)
        file.write_text(HEAD.format(state=tmp_path / "state") + SHELTER + more)
        frost(tmp_path)
        services.wecom.mode = "hang"
        with running_station(file) as station:
            until(lambda: services.wecom.requests, WITHIN_S)
            station.send_signal(signal.SIGKILL)
            station.wait()
        until(lambda: not senders(), WITHIN_S)
        services.wecom.mode = "ok"
        with running_station(file):
            until(lambda: services.wecom.taken, WITHIN_S)
        with running_station(file):
            until(lambda: minshan("status", "--config", str(file)).code == 0, WITHIN_S)
            tried = minshan("notify", "test", "--config", str(file))
            shown = minshan("status", "--config", str(file))
        texts = [got.text for got in services.wecom.taken]
        assert ["可能重复" in text for text in texts] == [True, False], texts
        assert "霜冻" in texts[0] and "由站自己发出" in texts[0] and "测试" in texts[1]
        assert services.wecom.taken[0].to == ["13800000001"]
        assert tried.out == '✓ "robot" accepted the message to 张三: 0 ok\n' and tried.code == 0
        assert "The station itself notifies people: Frost\n" in shown.out
