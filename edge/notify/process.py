"""The process that sends one message: `python -m edge.notify.process` reads an order and writes the result.

It stores nothing and knows nothing of the station; it ends with its parent.
"""

from __future__ import annotations

import ctypes
import signal
import sys

import msgspec

from edge.clock.clock import SystemClock
from edge.config.delivery import CHANNELS
from edge.delivery.channels import sender
from edge.notify.child import BEGUN, SendOrder
from edge.records.bodies import plain_value

DIE_WITH_PARENT = 1  # linux/prctl.h: PR_SET_PDEATHSIG


def main() -> None:
    """Send one message."""
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=SendOrder)
    clock = SystemClock()
    section = CHANNELS[str(order.channel["kind"])].model_validate(order.channel)

    def utc() -> int:
        return order.utc + round((clock.now() - order.at) * 1e6) if order.utc else 0

    channel = sender(section, clock, utc)
    write(BEGUN)
    write(msgspec.json.encode(channel.send(order.message), enc_hook=plain_value))


def write(answer: bytes) -> None:
    """Write to the parent at once."""
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
