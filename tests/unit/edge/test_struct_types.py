"""Types that messages are decoded into, used by many threads for the first time."""

from __future__ import annotations

import subprocess
import sys

from tests.kits.system import paths

# Threads that change each microsecond meet at types that nobody has decoded yet. Without what a lane's start makes
# ready the process ends by SIGSEGV within a second.
STATION = """
import sys
import threading
import msgspec
from edge.clock.clock import SystemClock

sys.setswitchinterval(1e-6)
clock, decoded = SystemClock(), []
for round in range(100):
    parts = [msgspec.defstruct(f"Part{part}", [("value", int)]) for part in range(30)]
    whole = msgspec.defstruct("Whole", [(f"part{number}", part) for number, part in enumerate(parts)])
    raw = msgspec.json.encode({f"part{number}": {"value": 1} for number in range(30)})
    meet = threading.Barrier(3)

    def decode():
        meet.wait()
        decoded.append(msgspec.json.decode(raw, type=whole))

    for lane in [clock.lane(str(number), decode) for number in range(3)]:
        lane.join(60)
print(len(decoded))
"""


def test_lanes_that_decode_a_type_for_the_first_time_at_once_do_not_end_the_process() -> None:
    """Each of them gets what the message says."""
    run = subprocess.run(
        [sys.executable, "-c", STATION], check=False, env=paths(), capture_output=True, text=True, timeout=100
    )
    assert (run.returncode, run.stdout) == (0, "300\n"), run.stderr
