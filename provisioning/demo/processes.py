"""The other processes of a demo: its own broker and the camera process. They die with the demo.

`setpriv --pdeathsig KILL` (util-linux, on every Debian) makes the kernel kill a child when its parent dies, even by
SIGKILL; a shell checks that the parent had not died before that took effect. The signal is bound to the thread that
started the child, so children are started from threads that live as long as the demo.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

from drivers.reason import Reason

LONGEST_PAUSE = 30.0  # s between two starts of a child that keeps ending
PAGE_PORT = 8080
IF_WE_LIVE = '[ "$PPID" = "$0" ] && exec "$@"'  # $0: our pid
START_S = 10.0  # real seconds that a broker has to listen

MOSQUITTO_CONF = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 60
max_queued_messages 100000
log_dest file {folder}/mosquitto.log
"""
AMQTT_CONF = """\
listeners:
  default:
    type: tcp
    bind: 127.0.0.1:{port}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin:
    allow_anonymous: true
"""


class NoBrokerError(Exception):
    """No broker could be started; `reason` says what to install."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


def dying_with_us(command: list[str]) -> list[str]:
    """Return `command` wrapped so that the kernel ends it when the process that starts it ends."""
    return ["setpriv", "--pdeathsig", "KILL", "sh", "-c", IF_WE_LIVE, str(os.getpid()), *command]


class SupervisedProcess:
    """A process of the demo with its output in a log, restarted with growing pauses whenever it ends.

    `claim`: a socket that is kept open meanwhile.
    """

    def __init__(self, command: list[str], log: Path, claim: socket.socket | None = None) -> None:
        self._claim = claim
        self._command = dying_with_us(command)
        self._log = log
        self._ending = threading.Event()
        self.starts = 0
        self._thread = threading.Thread(target=self._keep, name=log.stem, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the process for good."""
        self._ending.set()
        self._thread.join(10)

    def _keep(self) -> None:
        pause = 1.0
        with self._log.open("ab") as log:
            while not self._ending.is_set():
                self.starts += 1
                with subprocess.Popen(
                    self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
                ) as process:
                    while process.poll() is None and not self._ending.wait(0.2):
                        pass
                    self._end(process)
                self._ending.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        """Terminate the process, or kill it where it does not react."""
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


class OwnBroker:
    """The demo's own broker on a free port: Mosquitto, or amqtt (MQTT 3.1.1 only) without it.

    A broker that ends is restarted on its port; Mosquitto then has its last saved state (at most a minute old).
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.name, command = self._command(folder)
        self._log = folder / "broker.log"
        self._kept = SupervisedProcess(command, self._log)
        self.stop = self._kept.stop
        self._await_port()

    @property
    def url(self) -> str:
        """The address on which it listens."""
        return f"mqtt://127.0.0.1:{self.port}"

    def _command(self, folder: Path) -> tuple[str, list[str]]:
        mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        if mosquitto:
            conf = folder / "mosquitto.conf"
            user = "user root\n" if os.geteuid() == 0 else ""  # else it drops to one who may not enter the folder
            conf.write_text(MOSQUITTO_CONF.format(port=self.port, folder=folder) + user, sys.getfilesystemencoding())
            return "Mosquitto", [mosquitto, "-c", str(conf)]
        if importlib.util.find_spec("amqtt") is None:
            raise NoBrokerError(
                Reason(
                    "no_broker_here",
                    "there is no broker on this machine: apt-get install mosquitto, or name one with --broker",
                )
            )
        conf = folder / "amqtt.yaml"
        conf.write_text(AMQTT_CONF.format(port=self.port), "ascii")
        return "amqtt", [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", str(conf)]

    def _await_port(self) -> None:
        tick = threading.Event()
        for _ in range(int(START_S / 0.05)):
            if self._kept.starts > 1:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            tick.wait(0.05)
        self.stop()
        raise NoBrokerError(
            Reason("broker_not_started", "{name} does not start: see {log}", name=self.name, log=str(self._log))
        )


def camera_process(spool: Path, log: Path) -> SupervisedProcess:
    """Start the camera process of a demo."""
    return SupervisedProcess([sys.executable, "-m", "edge.pictures.worker", "--spool", str(spool)], log)


def page_process(daemon: Path, unplugged: Path, speed: float, log: Path) -> tuple[SupervisedProcess, str]:
    """Start the page of a demo, on the usual port if that is free. Return the process and its address."""
    claim = usual_port()
    listen = f"127.0.0.1:{free_port() if claim is None else PAGE_PORT}"
    command = [sys.executable, "-m", "provisioning.main", "page", "--socket", str(daemon), "--listen", listen]
    process = SupervisedProcess([*command, "--speed", str(speed), "--unplugged", str(unplugged)], log, claim)
    return process, f"http://{listen}"


def usual_port() -> socket.socket | None:
    """Return a claim on the page's usual port, to be kept open; None where it is in use or claimed by another demo."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0minshan-page-{PAGE_PORT}")
    except OSError:
        claim.close()
        return None
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PAGE_PORT)) != 0:
            return claim
    claim.close()
    return None


def free_port() -> int:
    """Return a TCP port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
