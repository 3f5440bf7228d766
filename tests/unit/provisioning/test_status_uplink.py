"""What `minshan status` says of the uplink when something is unusual, in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from drivers.reason import Reason
from edge.language import texts
from edge.snapshots import LedgerSnapshot, SetAsideSnapshot, TooLargeSnapshot
from provisioning.commands import uplink_lines
from tests.kits.statuses import UPLINK

LARGE = Reason(
    "record_too_large",
    "record {number} has {size} bytes, and the broker accepts at most {most}",
    number=7,
    size=900,
    most=458,
)
NO_JSON = Reason("said", "{text}", text="minshan/1/s/receipt: Receipt: no JSON")
UNUSUAL = replace(
    UPLINK,
    ledger=LedgerSnapshot("old", "new", 3),
    set_aside=SetAsideSnapshot(2, NO_JSON, "/var/lib/minshan/set-aside"),
    too_large=TooLargeSnapshot(1, LARGE),
    never_arrives=("12 (setup)", "13 (minute)"),
)


@pytest.fixture(autouse=True)
def _english_after() -> Iterator[None]:
    yield
    texts.speak("en")


def test_what_is_unusual_is_named_with_its_remedy() -> None:
    """Another receiver, messages set aside and records too large are a line each; an ordinary uplink is one line."""
    texts.speak("en")
    assert uplink_lines.lines(UPLINK) == ["Connected to the broker."]
    other, aside, large, never = uplink_lines.lines(UNUSUAL)[1:]
    assert "(new)" in other
    assert "3 times" in other
    assert other.endswith("minshan accept-ledger")
    assert "2 messages" in aside
    assert "/var/lib/minshan/set-aside" in aside
    assert aside.endswith("Receipt: no JSON")
    assert large.endswith("record 7 has 900 bytes, and the broker accepts at most 458")
    assert never == ("2 records were sent again and again and never arrived; they stay here: 12 (setup), 13 (minute)")


def test_the_same_in_chinese() -> None:
    """Each line is translated, the station's own sentence in it too."""
    texts.speak("zh")
    lines = uplink_lines.lines(UNUSUAL)
    for line, word in zip(
        lines,
        ("消息服务器", "接收端", "消息无法处理", "最多接受 458 字节", "始终未送达，留在本站：12 (setup)"),
        strict=True,
    ):
        assert word in line
