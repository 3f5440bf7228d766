"""Loading leaves the garbage collector at work, for all but what was loaded."""

from __future__ import annotations

import gc
import subprocess
import sys

BODY = """
import gc, weakref
from edge.loading import unswept
class Ring:
    def __init__(self): self.me = self
with unswept():
    assert not gc.isenabled()
    with unswept():
        import edge.config.sections
    assert not gc.isenabled(), "the inner one has turned it on"
    kept = [Ring()]
assert gc.isenabled() and not any(one is kept for one in gc.get_objects())
gone = weakref.ref(Ring())
gc.collect()
assert gone() is None, "what came later is not collected"
gc.disable()
try:
    with unswept():
        raise KeyError
except KeyError:
    assert not gc.isenabled()
"""


def test_what_comes_after_loading_is_collected_and_what_was_loaded_is_not_looked_at() -> None:
    """Inside, and one in the other, it is off; after it on again, unless it was off before."""
    ran = subprocess.run([sys.executable, "-c", BODY], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_command_leaves_the_collector_at_work() -> None:
    """A station runs for months: after its command and its file are loaded, rubbish is collected again."""
    code = (
        "import gc\nfrom provisioning.main import outcome\noutcome(['run', '--config', 'none'])\nprint(gc.isenabled())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout.strip(), gc.isenabled()) == ("True", True)
    code = code.replace("isenabled", "get_freeze_count")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(ran.stdout) > 10_000
