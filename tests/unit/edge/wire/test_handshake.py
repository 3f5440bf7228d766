"""Each cause for which TLS with a broker fails is told by itself, with what to do; real handshakes with OpenSSL."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.wire.credentials import context
from edge.wire.errors import LinkError
from edge.wire.mqtt_link import connect
from edge.wire.post import Endpoint, RequestError, requested
from edge.wire.session import Session
from provisioning.doctor.broker import remedy
from tests.kits.broker import Broker, Certificates
from tests.kits.certificate import Authority, served

SHORT = ("rsa:1024",)
EVEN_WEAK = ("-cipher", "DEFAULT@SECLEVEL=0")
FOR_CLIENTS = "extendedKeyUsage=clientAuth"


@pytest.fixture(name="authority", scope="module")
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Give an authority that the broker and the station trust."""
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(name="stranger", scope="module")
def another_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Give one that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("tls") / "stranger")


def told(section: BrokerSection) -> Reason:
    """Return why there is no connection; its remedy is not that of a network which is away."""
    with pytest.raises(LinkError) as error:
        connect(section, Session("box", ()))
    assert "Check the network" not in remedy(error.value)
    return error.value.reason


def section(port: int, authority: Authority, host: str = "127.0.0.1", **more: str) -> BrokerSection:
    """Return a broker's section that trusts an authority."""
    return BrokerSection.model_validate({"url": f"mqtts://{host}:{port}", "ca_file": str(authority.certificate)} | more)


@pytest.mark.parametrize("names", ["DNS:localhost", "IP:127.0.0.2", "DNS:127.0.0.1", "email:a@b.cn"])
def test_a_certificate_for_another_name_or_address_is_told_as_that(authority: Authority, names: str) -> None:
    """Most brokers of an orchard are called by their address, of which many a certificate says nothing."""
    with served(authority.issued(names)) as port:
        assert told(section(port, authority)).code == "certificate_name"
        with pytest.raises(RequestError) as error:
            where = Endpoint(f"https://127.0.0.1:{port}/", "x", str(authority.certificate))
            requested("GET", where, None, {}, SystemClock(), 5.0)
        assert error.value.reason.code == "certificate_name"


def test_an_unfit_and_a_weak_certificate_are_no_question_of_ca_file(authority: Authority) -> None:
    """Neither is helped by trusting its authority: only the broker's operator can do something."""
    with served(authority.issued(more=FOR_CLIENTS)) as port:
        assert told(section(port, authority)).code == "certificate_unfit"
    with served(authority.issued(kind=SHORT), *EVEN_WEAK) as port:
        assert told(section(port, authority)).code == "certificate_weak"


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_a_broker_of_an_old_tls_is_told_as_that(authority: Authority, version: str) -> None:
    """No file of the station's is at fault."""
    with served(authority.issued(), version, *EVEN_WEAK) as port:
        assert told(section(port, authority)).code == "old_tls"


def test_a_host_that_the_server_does_not_know_is_told_as_that(authority: Authority) -> None:
    """A server of several names refuses one that it has no certificate for."""
    mine = authority.issued()
    other = ("-servername", "broker.example", "-servername_fatal", "-cert2", str(mine[0]), "-key2", str(mine[1]))
    with served(mine, *other) as port:
        assert told(section(port, authority, "localhost")).code == "name_unknown_there"


@pytest.mark.parametrize("version", ["tlsv1.2", "tlsv1.3"])
def test_a_broker_that_wants_a_certificate_says_whether_there_is_one(
    authority: Authority, stranger: Authority, tmp_path: Path, version: str
) -> None:
    """Without one, with a stranger's, with a good one: three different answers, of Mosquitto itself."""
    with wanting(authority, tmp_path, version) as port:
        assert told(section(port, authority)).code == "certificate_wanted"
        certificate, key = map(str, stranger.issued())
        why = told(section(port, authority, cert_file=certificate, key_file=key))
        assert (why.code, certificate in str(why)) == ("certificate_unwanted", True)
        certificate, key = map(str, authority.issued())
        connect(section(port, authority, cert_file=certificate, key_file=key), Session("box", ())).close()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_server_that_ends_the_handshake_for_it_is_told_alike(authority: Authority, version: str) -> None:
    """OpenSSL's own server refuses within the handshake, or after it, as the version has it."""
    words = ("-Verify", "1", "-verify_return_error", "-CAfile", str(authority.certificate), version)
    with served(authority.issued(), *words) as port:
        assert told(section(port, authority)).code == "certificate_wanted"


def test_a_key_that_is_encrypted_or_anothers_is_named(authority: Authority, tmp_path: Path) -> None:
    """No password is asked for: nobody sits at a station's terminal, and a command would wait there for ever."""
    certificate, key = authority.issued()
    other, encrypted = authority.issued()[1], tmp_path / "encrypted.pem"
    words = ["openssl", "pkey", "-in", str(key), "-aes256", "-passout", "pass:secret", "-out", str(encrypted)]
    subprocess.run(words, check=True, capture_output=True)
    for file, code in ((other, "key_of_another"), (encrypted, "key_encrypted")):
        why = told(section(9, authority, cert_file=str(certificate), key_file=str(file)))
        assert (why.code, str(file) in str(why)) == (code, True)


@pytest.mark.parametrize("form", ["utf-16", "utf-16-le", "der"])
def test_what_windows_makes_of_a_certificate_is_named_with_a_command_that_mends_it(
    authority: Authority, tmp_path: Path, form: str
) -> None:
    """Notepad saves UTF-16, and the store of Windows writes DER; the command is run."""
    pem = authority.certificate.read_text()
    file, mended = tmp_path / "ca.cer", tmp_path / "NEW-FILE"
    file.write_bytes(ssl.PEM_cert_to_DER_cert(pem) if form == "der" else pem.replace("\n", "\r\n").encode(form))
    why = str(told(section(9, authority, ca_file=str(file))))
    assert why.startswith(str(file))
    subprocess.run(why.split(": ", 1)[1], shell=True, check=True, cwd=tmp_path, capture_output=True)
    assert context(section(9, authority, ca_file=str(mended))).cert_store_stats()["x509_ca"] > 0


@pytest.mark.parametrize(
    "form",
    [
        ("pkey", "-outform", "der"),
        ("rsa", "-traditional", "-outform", "der"),
        ("pkcs8", "-topk8", "-passout", "pass:secret", "-outform", "der"),
        ("pkcs12", "-export", "-passout", "pass:secret"),
    ],
    ids=lambda form: form[0],
)
def test_a_key_in_another_form_is_named_with_a_command_that_mends_it(
    authority: Authority, tmp_path: Path, form: tuple[str, ...]
) -> None:
    """As Windows and shops of certificates give it; the command is run, with the password that it asks for."""
    certificate = authority.issued()[0]
    plain, file = tmp_path / "plain.pem", tmp_path / "key.der"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a", "-keyout", str(plain)]
    subprocess.run([*made, "-out", str(tmp_path / "own.pem")], check=True, capture_output=True)
    own = ["-inkey", str(plain), "-in", str(tmp_path / "own.pem")] if form[0] == "pkcs12" else ["-in", str(plain)]
    subprocess.run(["openssl", *form, *own, "-out", str(file)], check=True, capture_output=True)
    why = str(told(section(9, authority, cert_file=str(certificate), key_file=str(file))))
    assert why.startswith(str(file))
    command = f"{why.split(': ', 1)[1]} -passin pass:secret"
    subprocess.run(command, shell=True, check=True, cwd=tmp_path, capture_output=True)
    assert "PRIVATE KEY" in (tmp_path / "NEW-FILE").read_text()


def test_a_chain_of_windows_is_named_with_a_command_that_mends_it(authority: Authority, tmp_path: Path) -> None:
    """PKCS #7, .p7b."""
    file = tmp_path / "ca.p7b"
    words = ["openssl", "crl2pkcs7", "-nocrl", "-certfile", str(authority.certificate), "-outform", "der"]
    subprocess.run([*words, "-out", str(file)], check=True, capture_output=True)
    why = str(told(section(9, authority, ca_file=str(file))))
    subprocess.run(why.split(": ", 1)[1], shell=True, check=True, cwd=tmp_path, capture_output=True)
    assert context(section(9, authority, ca_file=str(tmp_path / "NEW-FILE"))).cert_store_stats()["x509_ca"] > 0


@contextmanager
def wanting(authority: Authority, folder: Path, version: str) -> Iterator[int]:
    """Give the port of a Mosquitto that requires certificates."""
    files = Certificates(authority.certificate, *authority.issued())
    for file in (files.authority, files.certificate, files.key):
        file.chmod(0o644)
    broker = Broker(folder, f"require_certificate true\ntls_version {version}", tls=files).start()
    try:
        yield broker.port
    finally:
        broker.stop()
