"""A real systemd as PID 1 of its own namespaces, on a copy-on-write view of a root folder. Needs root.

    with Booted(folder, lower=Path("/")) as box:      or the root of another Debian (debootstrap)
        box.run("systemctl", "is-active", "minshan")

What is laid below `box.upper` before the boot is seen there over the lower root. Nothing outside is changed, and no
port of it is seen: only the kernel (and with it the clock) is the machine's own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.kits.real_parts import missing

SEPARATE = ("-m", "-p", "-i", "-u", "-C", "-n")  # namespaces of its own; systemd brings the loopback up
MOUNTS = """
set -e
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$UPPER,workdir=$WORK" "$ROOT"
cd "$ROOT"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for folder in run tmp var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $folder; done
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do touch dev/$node; mount --bind /dev/$node dev/$node; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mkdir -p run/old
pivot_root . run/old
umount -l /run/old
export container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec /lib/systemd/systemd --unit=basic.target --log-level=warning --log-target=console
"""


def cgroups() -> Path | None:
    """Return where this machine has its cgroups of version 2; None where it has none."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _device, where, kind, *_rest = line.split()
        if kind == "cgroup2":
            return Path(where)
    return None


def bootable() -> None:
    """Tell what is missing to boot a systemd; skip, with the kernel's word, where this machine does not let us."""
    for part, there in (
        ("unshare (util-linux)", shutil.which("unshare")),
        ("/lib/systemd/systemd", Path("/lib/systemd/systemd").exists()),
    ):
        if not there:
            missing(part)
    if os.geteuid():
        pytest.skip("NOT CHECKED HERE, an installed service under systemd: only root may boot one")
    if cgroups() is None:
        pytest.skip("NOT CHECKED HERE, an installed service under systemd: no writable cgroups of version 2")
    words = ["unshare", *SEPARATE, "--fork", "true"]
    tried = subprocess.run(words, capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"NOT CHECKED HERE, an installed service under systemd: {tried.stderr.strip()}")


class Booted:
    """The box: `upper` holds what differs from the lower root, `folder` is removed by who gave it."""

    def __init__(self, folder: Path, lower: Path = Path("/")) -> None:
        self.upper = folder / "upper"
        self.log = folder / "console.log"
        self._paths = {"LOWER": lower, "UPPER": self.upper, "WORK": folder / "work", "ROOT": folder / "root"}
        for name in ("UPPER", "WORK", "ROOT"):
            self._paths[name].mkdir(parents=True)
        above = cgroups()
        assert above is not None
        self._cgroup = above / f"minshan-test-{os.getpid()}-{folder.name}"
        self._outer: subprocess.Popen[bytes] | None = None
        self._pid = 0

    def __enter__(self) -> Booted:
        self._cgroup.mkdir()
        inside = f'exec unshare {" ".join(SEPARATE)} --fork --kill-child sh -c "$MOUNTS"'
        enter = f"echo $$ >{self._cgroup}/cgroup.procs && {inside}"
        environment = {name: str(path) for name, path in self._paths.items()}
        with self.log.open("wb") as log:
            self._outer = subprocess.Popen(
                ["sh", "-c", enter],
                env={"PATH": os.environ["PATH"], "MOUNTS": MOUNTS, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self.until("systemctl", "is-system-running", answers=("running", "degraded"))
        except BaseException:  # of any kind: the machine that was started must not stay
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        outer = self._outer
        assert outer is not None
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)  # the first process of its namespace: all others go with it
        elif outer.poll() is None:
            outer.kill()
        outer.wait(30)
        for folder in sorted(self._cgroup.rglob("*/"), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        with contextlib.suppress(OSError):
            self._cgroup.rmdir()

    def run(self, *words: str) -> str:
        """Return what a command prints inside, whatever its exit code."""
        inside = ["nsenter", "-t", str(self._first()), *SEPARATE, "-r", "-w", "--", *words]
        done = subprocess.run(inside, capture_output=True, text=True, timeout=120, check=False)
        return done.stdout + done.stderr

    def until(self, *words: str, seconds: float = 120.0, answers: tuple[str, ...] = ()) -> str:
        """Ask again until the answer has one of these words in it; AssertionError where it never has."""
        deadline, said = time.monotonic() + seconds, ""
        while time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError, subprocess.TimeoutExpired):
                said = self.run(*words)
                if any(answer in said for answer in answers):
                    return said
            time.sleep(0.5)
        raise AssertionError(f"{' '.join(words)}: {said}\n{self.log.read_text(errors='replace')[-3000:]}")

    def _first(self) -> int:
        """Return the first process of the box, by this machine's numbers."""
        assert self._outer is not None
        if not self._pid:
            children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text().split()
            if not children:
                raise FileNotFoundError("no first process yet")
            self._pid = int(children[0])
        return self._pid
