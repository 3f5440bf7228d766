"""What the doctor says of the channels by which a station tells people itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config.file import load
from provisioning.commands.finding import Finding
from provisioning.doctor.notify import notify
from tests.kits.broker import free_port
from tests.kits.services import Services
from tests.kits.station_text import HEAD, SHELTER

CHANNEL = '[[channel]]\nname = "{kind}"\nkind = "{kind}"\nbase_url = "{url}"\nkey_file = "{folder}/key"\n'


def findings(folder: Path, text: str) -> list[Finding]:
    """Return what is found of a station with these channels."""
    (folder / "key").write_text("key")
    file = folder / "station.toml"
    file.write_text(HEAD.format(state=folder / "state") + SHELTER + text)
    return list(notify(load(file)))


@pytest.mark.parametrize("also", [False, True])
def test_dingtalk_alone_is_warned_of(tmp_path: Path, also: bool) -> None:
    """What signs wants a clock that is right: alone, it is no way out of a box without a time; with another it is."""
    with Services() as services:
        text = CHANNEL.format(kind="dingtalk", url=services.url, folder=tmp_path) + f'secret_file = "{tmp_path}/key"\n'
        text += CHANNEL.format(kind="wecom", url=services.url, folder=tmp_path) if also else ""
        found = findings(tmp_path, text)
    assert all(one.well for one in found)
    assert any("only DingTalk" in one.sentence for one in found) is not also


def test_a_channel_that_cannot_work_is_said_with_its_cause(tmp_path: Path) -> None:
    """A key that is not there and a service that cannot be reached: named by the channel, with what to do."""
    away = f"http://127.0.0.1:{free_port()}"
    (found,) = findings(tmp_path, CHANNEL.format(kind="wecom", url=away, folder=tmp_path))
    assert not found.well and 'channel "wecom"' in found.sentence and "minshan notify test" in found.remedy
    (found,) = findings(tmp_path, CHANNEL.format(kind="wecom", url=away, folder=tmp_path / "elsewhere"))
    assert not found.well and "elsewhere/key" in found.sentence
