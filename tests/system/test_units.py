"""What is put onto a station's system: units, users, folders, device rules, and the install itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.control.caller import PAGE_USER
from tests.data import CHECKOUT
from tests.kits.real_parts import missing

SYSTEMD = CHECKOUT / "systemd"
UNITS = ("minshan", "minshan-camera")
STATION_UNITS = (*UNITS, "minshan-page")
ALL_UNITS = (*STATION_UNITS, "minshan-hub")
EXPOSURE = 2.0


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Return the command's end and all that it printed; a missing tool is told."""
    if shutil.which(str(command[0])) is None:
        missing(str(command[0]))
    environment = os.environ | variables
    return subprocess.run(
        [str(word) for word in command],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )


def words(unit: str) -> dict[str, list[str]]:
    """Return the unit's settings: key -> values in order."""
    settings: dict[str, list[str]] = {}
    for line in (SYSTEMD / f"{unit}.service").read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings.setdefault(key, []).append(value)
    return settings


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install a station and a hub, all but the release. Return the folder."""
    folder = tmp_path_factory.mktemp("root")
    for part in ("station", "hub"):
        done = run(CHECKOUT / "scripts/install", part, "files", DESTDIR=str(folder))
        assert done.returncode == 0, done.stdout
    return folder


@pytest.mark.parametrize("unit", ALL_UNITS)
def test_systemd_finds_no_fault_in_a_unit(unit: str, installed: Path, tmp_path: Path) -> None:
    """systemd knows every word of the unit: a misspelled one would be left out in silence."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    units = shutil.copytree(installed / "etc/systemd/system", tmp_path / "units")
    # Where the station is not installed, its program is not there either; all other words are the unit's own.
    file = units / f"{unit}.service"
    file.write_text(re.sub(r"/opt/minshan/bin/\w+", str(program), file.read_text()))
    done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", file)
    assert done.returncode == 0, done.stdout
    assert str(units) not in done.stdout, done.stdout


@pytest.mark.parametrize("unit", ALL_UNITS)
def test_a_unit_is_exposed_at_most_so_far(unit: str) -> None:
    """By systemd's own scale (10 is worst) a unit that is broken into reaches little."""
    done = run(
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={EXPOSURE * 10:.0f}",
        "--no-pager",
        SYSTEMD / f"{unit}.service",
    )
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert exposure and float(exposure[1]) <= EXPOSURE, done.stdout
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", STATION_UNITS)
def test_a_unit_takes_only_its_part_of_the_memory(unit: str) -> None:
    """A process that grows without end is ended and started anew before the box of 512 MB swaps."""
    (most,) = words(unit)["MemoryMax"]
    assert re.fullmatch(r"\d+M", most) and int(most[:-1]) <= 300


@pytest.mark.parametrize("unit", ALL_UNITS)
def test_a_unit_is_never_given_up(unit: str) -> None:
    """However often a process fails it is started again, hung or not, and no count of failures ends that."""
    said = words(unit)
    assert said["Restart"] == ["always"]
    assert said["StartLimitIntervalSec"] == ["0"]
    assert said["Type"] == ["notify"]
    assert ("WatchdogSec" in said) == (unit != "minshan-hub")  # which sets its own once its database is open
    assert not {"Requires", "BindsTo", "RestartPreventExitStatus"} & set(said)


def test_a_picture_that_the_kernel_ends_for_its_memory_costs_no_other() -> None:
    """Each is taken by a child of its own; systemd's default ends the whole unit with one of them."""
    assert words("minshan-camera")["OOMPolicy"] == ["continue"]


def test_measuring_waits_for_neither_network_nor_time() -> None:
    """A station starts without a link and without the time: nothing in its unit orders it after either."""
    assert not re.search(r"network|time-sync|chrony", " ".join(words("minshan")["After"]))


def test_the_camera_process_sees_neither_store_nor_password() -> None:
    """Of the station's folders the camera process has the spool alone: it talks to strangers on the network."""
    said = words("minshan-camera")
    assert said["TemporaryFileSystem"] == ["/var/lib/minshan:ro"]
    assert said["BindPaths"] == ["/var/lib/minshan/spool"]
    assert said["InaccessiblePaths"] == ["-/etc/minshan"]


def test_the_page_has_a_user_of_its_own_that_sees_no_password() -> None:
    """Who takes the page over can read what is measured and no more: no configuration, no device."""
    said = words("minshan-page")
    assert said["User"] == [PAGE_USER] != words("minshan")["User"]
    assert "-/etc/minshan" in said["InaccessiblePaths"][0].split()
    assert said["ProtectSystem"] == ["strict"] and said["PrivateDevices"] == ["yes"]
    assert "ReadWritePaths" not in said and "StateDirectory" not in said
    assert said["Restart"] == ["always"] and said["StartLimitIntervalSec"] == ["0"]


def test_device_groups_are_known_before_the_station_starts() -> None:
    """A device group that a module brings is there at boot, so that a later adapter is admitted."""
    allowed = {value.split()[0] for value in words("minshan")["DeviceAllow"]}
    loaded = set((SYSTEMD / "modules-load.d" / "minshan.conf").read_text().splitlines())
    assert allowed == {"char-i2c", "char-gpiochip", "char-tty*"}  # ttySC of an RS-485 HAT, ttyCH343USB of WCH, …
    assert {"i2c-dev", "usbserial", "cdc-acm"} <= loaded
    assert "systemd-modules-load.service" in words("minshan")["After"][0]


def test_the_user_and_the_groups_are_made(installed: Path) -> None:
    """systemd-sysusers makes the user minshan and puts it into the groups of the buses and the camera."""
    if os.geteuid():
        pytest.skip("only root can make users")
    (installed / "etc" / "group").write_text("root:x:0:\ndialout:x:20:\nvideo:x:44:\n")
    done = run("systemd-sysusers", f"--root={installed}")
    assert done.returncode == 0, done.stdout
    groups = dict(line.split(":", 1) for line in (installed / "etc" / "group").read_text().splitlines())
    assert "minshan:" in (installed / "etc" / "passwd").read_text()
    assert all(groups[name].endswith("minshan") for name in ("dialout", "i2c", "gpio", "video")), groups


def test_folders_are_their_service_s_own(installed: Path) -> None:
    """The state folders are the services' users', and others cannot read the configurations."""
    if os.geteuid():
        pytest.skip("only root can give folders away")
    users = "root:x:0:0::/:/bin/sh\nminshan:x:990:990::/:/bin/false\nminshan-hub:x:991:991::/:/bin/false\n"
    (installed / "etc" / "passwd").write_text(users)
    (installed / "etc" / "group").write_text("root:x:0:\nminshan:x:990:\nminshan-hub:x:991:\n")
    for file in ("minshan/station.toml", "minshan-hub/hub.toml"):
        (installed / "etc" / file).touch()
    done = run("systemd-tmpfiles", "--create", f"--root={installed}")
    assert done.returncode == 0, done.stdout
    spool = (installed / "var/lib/minshan/spool").stat()
    config = (installed / "etc/minshan/station.toml").stat()
    assert (spool.st_uid, spool.st_mode & 0o777) == (990, 0o700)
    assert (config.st_uid, config.st_gid, config.st_mode & 0o777) == (0, 990, 0o640)
    database = (installed / "var/lib/minshan-hub").stat()
    config = (installed / "etc/minshan-hub/hub.toml").stat()
    assert (database.st_uid, database.st_mode & 0o777) == (991, 0o750)
    assert (config.st_uid, config.st_gid, config.st_mode & 0o777) == (0, 991, 0o640)


def test_device_rules_are_read_by_udev(installed: Path) -> None:
    """udev finds no fault in the rules, where its version can tell."""
    rules = installed / "etc/udev/rules.d/70-minshan.rules"
    done = run("udevadm", "verify", "--no-style", rules)
    if "nknown command verb" in done.stdout or "nrecognized option" in done.stdout:
        pytest.skip("this udev is too old to check rules")
    # The groups are made by the install, which this machine has not had.
    said = re.findall(rf"{re.escape(str(rules))}:\d+ .*", done.stdout)
    assert not [line for line in said if "Unknown group" not in line], done.stdout


def test_install_lays_what_systemd_looks_for(installed: Path) -> None:
    """After an install each file lies where systemd and udev look for it."""
    laid = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    wanted = {
        "etc/systemd/system/minshan.service",
        "etc/systemd/system/minshan-camera.service",
        "etc/systemd/system/minshan-page.service",
        "etc/systemd/system.conf.d/minshan.conf",
        "etc/sysusers.d/minshan.conf",
        "etc/tmpfiles.d/minshan.conf",
        "etc/modules-load.d/minshan.conf",
        "etc/udev/rules.d/70-minshan.rules",
        "usr/share/doc/minshan/LICENSE",
        "etc/systemd/system/minshan-hub.service",
        "etc/sysusers.d/minshan-hub.conf",
        "etc/tmpfiles.d/minshan-hub.conf",
    }
    assert wanted <= laid, wanted - laid


def test_a_station_gets_no_hub_and_an_office_no_station(tmp_path: Path) -> None:
    """Of each only what is its own is laid: an office gets no rules for devices, and no watchdog of the box."""
    for part, other in (("station", "hub"), ("hub", "station")):
        root = tmp_path / part
        done = run(CHECKOUT / "scripts/install", part, "files", DESTDIR=str(root))
        assert done.returncode == 0, done.stdout
        named = {path.name for path in root.rglob("*") if path.is_file()}
        its = {"station": "minshan.service", "hub": "minshan-hub.service"}
        assert its[part] in named and its[other] not in named
        assert ("70-minshan.rules" in named) == (part == "station") == (root / "etc/systemd/system.conf.d").exists()


def test_install_keeps_a_configuration(tmp_path: Path) -> None:
    """A configuration that is there stays as it is, and one that is named is put where there is none."""
    mine, other = tmp_path / "mine.toml", tmp_path / "other.toml"
    mine.write_text("mine")
    other.write_text("other")
    root = tmp_path / "root"
    for config in (mine, other):
        for part in ("station", "hub"):
            done = run(CHECKOUT / "scripts/install", part, "files", DESTDIR=str(root), CONFIG=str(config))
            assert done.returncode == 0, done.stdout
    assert (root / "etc/minshan/station.toml").read_text() == "mine"
    assert (root / "etc/minshan-hub/hub.toml").read_text() == "mine"


@pytest.mark.parametrize("version", ["0.10.0", "0.8.9"])
def test_the_release_in_use_and_the_one_before_it_are_kept(tmp_path: Path, version: str) -> None:
    """Whatever its number: 0.10.0 comes after 0.9.0, and an older version may be installed again."""
    there = [tmp_path / f"minshan-0.9.0-2026010{day}T120000" for day in (1, 2, 3)]
    new = tmp_path / f"minshan-{version}-20260104T120000"
    for folder in (*there, new):
        folder.mkdir()
    script = (CHECKOUT / "scripts/install").read_text()
    function = re.search(r"^drop_releases\(\) \{.*?^\}", script, re.DOTALL | re.MULTILINE)
    assert function is not None
    done = run("bash", "-euo", "pipefail", "-c", f'{function[0]}\ndrop_releases "$0" "$1"', tmp_path, new.name)
    assert done.returncode == 0, done.stdout
    assert sorted(tmp_path.iterdir()) == sorted((there[-1], new))


@pytest.mark.slow
def test_install_lays_a_release_that_runs(tmp_path: Path) -> None:
    """`make install` lays a release that runs, with its own dependencies, and neither numpy nor tests."""
    root = tmp_path / "root"
    done = run("make", "install", DESTDIR=str(root))
    assert done.returncode == 0, done.stdout
    release = (root / "opt/minshan").resolve()
    assert release.name.startswith("minshan-")
    packages = {path.name for path in release.glob("lib/python3*/site-packages/*")}
    assert {"drivers", "edge", "provisioning"} <= packages
    assert not {"tests", "numpy", "pytest", "hatchling"} & packages
    said = run(release / "bin/python", "-P", "-m", "provisioning.main", "--help")
    assert said.returncode == 0 and "demo" in said.stdout, said.stdout
