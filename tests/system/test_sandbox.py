"""The kernel's word of the time, and messages to people, under the very system calls that the unit allows."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
import re
import shutil
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.reason import SYSTEM
from edge.clock.timekeeper import TIME_ERROR, KernelTime, NotAllowedError, Timex
from edge.delivery.message import MessageFate
from tests.data import CHECKOUT
from tests.kits.real_parts import missing
from tests.kits.services import Services
from tests.unit.edge.notify.test_child import MESSAGE, robot

UNIT = (CHECKOUT / "systemd/minshan.service").read_text()
ALLOW = 0x7FFF0000
REFUSE = 0x00050000 | errno.EPERM


def members(name: str) -> list[str]:
    """Return the calls of a group (@clock) as this machine's systemd has them; a call is itself."""
    if not name.startswith("@"):
        return [name]
    said = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True)
    words = [line.strip() for line in said.stdout.splitlines()[1:]]
    return [call for word in words if word and not word.startswith("#") for call in members(word)]


def allowed() -> set[str]:
    """Return the calls that the unit's filters leave, in the order in which systemd reads them."""
    left: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", UNIT, re.MULTILINE):
        calls = {call for word in line.lstrip("~").split() for call in members(word)}
        left = left - calls if line.startswith("~") else left | calls
    if "ProtectClock=yes" in UNIT:
        left -= set(members("@clock"))
    return left


def confined(calls: set[str], then: Callable[[], bool]) -> bool:
    """Return whether `then` holds in a child process that is left these calls."""
    child = os.fork()
    if child == 0:
        held = False
        try:
            confine(calls)
            held = then()
        except BaseException:  # noqa: BLE001  # a child must not come back into pytest
            traceback.print_exc()
        os._exit(0 if held else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def confine(calls: set[str]) -> None:
    """Forbid this process all calls but these, for good, as systemd does it."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    filter_ = ctypes.c_void_p(seccomp.seccomp_init(REFUSE))
    for name in calls:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number != -1:  # one of another processor
            seccomp.seccomp_rule_add(filter_, ALLOW, number, 0)
    assert seccomp.seccomp_load(filter_) == 0


def asks() -> bool:
    """Return whether the kernel answers, whatever the answer."""
    anchor = KernelTime().probe("b", 1.0)
    return anchor is None or anchor.source == "ntp"


def is_refused() -> bool:
    """Return whether "may not ask" is distinguished from a clock that is not kept right."""
    try:
        KernelTime().probe("b", 1.0)
    except NotAllowedError as refused:
        return refused.reason.inner("why") == SYSTEM[errno.EPERM]
    return False


@pytest.fixture(name="systemd", autouse=True)
def needs_systemd() -> None:
    """Tell where there is no systemd, whose groups of calls these are, or no libseccomp."""
    if shutil.which("systemd-analyze") is None or ctypes.util.find_library("seccomp") is None:
        missing("systemd-analyze or libseccomp")


def test_the_station_may_ask_for_the_time_under_its_own_unit() -> None:
    """By the calls that the unit allows the kernel tells whether its clock is right."""
    assert confined(allowed(), asks)


def test_a_refusal_is_no_word_about_the_clock() -> None:
    """Without them the station says that it may not ask, not that the clock is not synchronised."""
    assert confined(allowed() - set(members("@clock")), is_refused)
    assert not confined(allowed(), is_refused)


def test_where_the_clock_is_trusted_a_refusal_does_not_matter() -> None:
    """`trust_system_clock` takes the system's time as it is, asked or not."""

    def trusts() -> bool:
        anchor = KernelTime(trusted=True).probe("b", 1.0)
        return anchor is not None and anchor.source in ("system", "ntp")

    assert confined(allowed() - set(members("@clock")), trusts)


def test_the_station_may_tell_people_under_its_own_unit(tmp_path: Path) -> None:
    """By the calls that the unit allows a process is started that sends a message, and its answer is heard."""
    with Services() as services:
        channel = robot(services, tmp_path)
        assert confined(allowed(), lambda: channel.send(MESSAGE).fate is MessageFate.DELIVERED)
        assert services.wecom.taken


def test_the_kernel_s_own_error_is_read() -> None:
    """What is read of struct timex is what the kernel wrote there: its verdict and its error bound agree."""
    timex = Timex()
    verdict = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    assert 0 <= timex.maxerror <= 16_000_000
    assert verdict != TIME_ERROR or KernelTime().probe("b", 1.0) is None
