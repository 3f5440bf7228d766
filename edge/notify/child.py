"""Send through a channel in a separate process: whatever hangs there, such as a name lookup, can be killed."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterable

import msgspec

from drivers.clock import Clock
from drivers.reason import Reason, system_reason
from edge.clock.clock import SystemClock
from edge.delivery.channels import AnyChannel, sender
from edge.delivery.message import Message, MessageFate, SendResult
from edge.records.bodies import restore
from edge.records.record import ClockMark

log = logging.getLogger("minshan.notify")
START_S = 20.0  # that the process may take to start, besides the channel's own time: a busy box is slow
BEGUN = b"begun\n"  # what it writes before it contacts the service
MOST = 65_536  # bytes of its answer
DIED = Reason("notify_child_died", "the sending process ended without an answer")
HUNG = Reason("notify_child_hung", "the sending process did not end in time")


class SendOrder(msgspec.Struct, frozen=True):
    """The process's input: the channel's section of the file, the message, and the UTC (us) at `at` s of the boot.

    `utc` 0: the time is unknown.
    """

    channel: dict[str, object]
    message: Message
    utc: int
    at: float


class InChild:
    """A sender in a process of its own; `utc` returns the time in microseconds, 0 if it is unknown."""

    def __init__(self, section: AnyChannel, clock: Clock, utc: Callable[[], int]) -> None:
        itself = sender(section, clock, utc)
        self.name, self.wakes = itself.name, itself.wakes
        self.one_by_one, self.most_a_minute = itself.one_by_one, itself.most_a_minute
        self._section, self._utc = section, utc
        # A process takes real time, also in a simulation.
        self._clock = clock if isinstance(clock, SystemClock) else SystemClock()

    def send(self, message: Message) -> SendResult:
        """Send a message, within the channel's timeout plus `START_S`. Raise Stopped."""
        order = SendOrder(self._section.model_dump(mode="json"), message, self._utc(), self._clock.now())
        command = [sys.executable, "-m", "edge.notify.process"]
        try:
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            why = system_reason(error)
            return SendResult(
                MessageFate.FAILED, "", Reason("notify_no_child", "no process can be started: {why}", why=why)
            )
        with child:
            try:
                answer, ended = self._answer(child, msgspec.json.encode(order))
            finally:
                child.kill()
        return self._result(answer, ended)

    def _answer(self, child: subprocess.Popen[bytes], order: bytes) -> tuple[bytes, bool]:
        """Return the process's output, and whether it ended in time. Raise Stopped."""
        assert child.stdin is not None and child.stdout is not None
        until, answer = self._clock.now() + START_S + self._section.timeout_s, b""
        try:
            child.stdin.write(order)
            child.stdin.close()
        except OSError:  # it has already ended
            return answer, True
        while len(answer) < MOST:
            if not self._clock.wait_readable(child.stdout.fileno(), until):
                return answer, False
            part = os.read(child.stdout.fileno(), MOST)
            if not part:
                break
            answer += part
        return answer, True

    def _result(self, answer: bytes, ended: bool) -> SendResult:
        begun, _, rest = answer.partition(BEGUN)
        try:
            return msgspec.json.decode(rest, type=SendResult, dec_hook=restore)
        except msgspec.MsgspecError:
            asked = answer.startswith(BEGUN) and not begun
            return SendResult(MessageFate.UNKNOWN if asked else MessageFate.FAILED, "", DIED if ended else HUNG)


def in_children(
    sections: Iterable[AnyChannel], clock: Clock, time_at: Callable[[float], tuple[int | None, ClockMark]]
) -> dict[str, InChild]:
    """Return the senders of a file's channels by name; `time_at` returns the time of an instant of the boot."""
    return {one.name: InChild(one, clock, lambda: time_at(clock.now())[0] or 0) for one in sections}
