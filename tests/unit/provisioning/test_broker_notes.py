"""What the doctor notes of a right [broker], and what it advises where the broker's certificate is refused."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from drivers.reason import Reason
from drivers.tls import NOT_YET, distrust
from edge.config.file import load
from edge.config.sections import BrokerSection
from edge.wire.certificates import CERTIFICATE
from edge.wire.errors import LinkError
from edge.wire.mqtt_link import connect
from edge.wire.session import Session
from provisioning.doctor.broker import broker, record, remedy
from provisioning.doctor.broker_notes import notes
from tests.kits.scripted_broker import Manners, Scripted
from tests.kits.station_text import HEAD


@pytest.mark.parametrize(
    ("url", "open_to_all"),
    [
        ("mqtt://farm.example", True),
        ("mqtt://user:secret@192.168.1.9:1883", True),
        ("mqtt://[2001:db8::1]:1883", True),
        ("mqtt://127.0.0.1:1883", False),
        ("mqtt://localhost", False),
        ("mqtt://[::1]:1883", False),
        ("mqtts://farm.example", False),
    ],
)
def test_a_connection_that_others_can_read_is_noted(url: str, open_to_all: bool) -> None:
    """Beyond this machine mqtt:// is noted with its remedy, and no password is shown."""
    said = [" ".join(note) for note in notes(BrokerSection(url=url, proof="committed"))]
    assert [("is not encrypted" in one, "mqtts://" in one) for one in said] == [(True, True)] * open_to_all
    assert "secret" not in "".join(said)


def test_a_connection_that_others_can_read_is_noted_though_the_broker_is_away(tmp_path: Path) -> None:
    """What is amiss with the file does not depend on who answers."""
    file = tmp_path / "station.toml"
    file.write_text(HEAD.format(state=tmp_path) + '[broker]\nurl = "mqtt://s@farm.invalid"\n')
    away, note = broker(load(file))
    assert (away.well, note.well) == (False, True)
    assert "is not encrypted" in note.sentence and "mqtts://" in note.remedy


def test_a_proof_that_may_lose_data_is_noted() -> None:
    """`broker` has its price, `committed` none."""
    assert ["what it drops is lost" in one for one, _ in notes(BrokerSection(url="mqtts://h", proof="broker"))] == [
        True
    ]


def test_each_trouble_with_a_certificate_has_a_remedy_of_its_own() -> None:
    """What is wrong with a certificate decides what has to be mended: the box's date, a file, or the broker."""
    told = {code: remedy(LinkError(Reason(code, "x"))) for code in CERTIFICATE}
    network = remedy(LinkError(Reason("broker_silent", "x")))
    assert network not in told.values()
    assert told["certificate_not_yet"].startswith("Set this box's date: ")
    assert told["certificate_expired_on"].startswith("Check this box's date: ")
    assert "ca_file" in told["certificate_distrusted"]
    assert all(one.endswith(" The station keeps everything and sends it later.") for one in (network, *told.values()))


@pytest.mark.slow  # ten seconds and more, of waiting for the most part
def test_another_service_and_a_missing_password_file_are_no_matter_of_the_network(tmp_path: Path) -> None:
    """A port of another service, and a password file that is not there: each has its own remedy."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=hang_up, args=(server,), daemon=True).start()
        elsewhere = refused(f"mqtt://127.0.0.1:{server.getsockname()[1]}")
    assert remedy(elsewhere).startswith("Check the port: ")
    missing = refused("mqtt://someone@127.0.0.1:9", password_file=str(tmp_path / "missing"))
    assert remedy(missing).startswith("Correct the path in [broker], ")


@pytest.mark.parametrize(("proof", "taken"), [("broker", 0), ("committed", 0), ("committed", 1)])
def test_a_broker_that_refuses_the_station_is_not_told_as_a_platform_that_is_not_there(
    tmp_path: Path, proof: str, taken: int
) -> None:
    """Whatever the proof is, its operator is to allow the topics: no receiver that is started would help."""
    scripted = Scripted(Manners(puback=lambda n: 0x87 if n > taken else 0))
    file = tmp_path / "station.toml"
    url = scripted.section(proof=proof).url
    file.write_text(HEAD.format(state=tmp_path) + f'[broker]\nurl = "{url}"\nproof = "{proof}"\n')
    link = connect(BrokerSection(url=url), Session("test", ()))
    found = record(link, load(file))
    link.drop()
    scripted.close()
    assert (found.well, "refuses a test record (code 0x87)" in found.sentence) == (False, True)
    assert "to allow minshan/1/s/#" in found.remedy


def hang_up(server: socket.socket) -> None:
    """Take one caller, and close without a word."""
    server.accept()[0].close()


def refused(url: str, **keys: str) -> LinkError:
    """Return why there is no connection to that broker."""
    with pytest.raises(LinkError) as why:
        connect(BrokerSection.model_validate({"url": url, **keys}), Session("test", ()))
    return why.value


def test_a_certificate_that_is_not_valid_yet_is_told_in_words() -> None:
    """A box whose clock stands in 1970 finds every certificate too new: cameras' and platforms' are told so too."""
    assert str(distrust(NOT_YET)) == "it is not valid yet: is this box's date right?"
