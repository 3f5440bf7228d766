"""Says things in Chinese in a process of its own: JSON list of {"words", "stdin"} in, list of {"code", "said"} out.

click translates a command's help when it is declared, so the language must be set before; and a process for each of
some hundred inputs would take minutes.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from typing import Any


def main() -> None:
    """Carry out each of the inputs."""
    os.environ.setdefault("BLINKA_SKIP_DEPENDENCY_CHECK", "1")
    from edge.language import texts

    texts.speak("zh")
    from provisioning.main import outcome

    print(json.dumps([said(outcome, one) for one in json.load(sys.stdin)]))


def said(outcome: Any, one: dict[str, Any]) -> dict[str, Any]:
    """Return what one command prints, on both of its streams, and its code."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    sys.stdin = io.TextIOWrapper(io.BytesIO(one.get("stdin", "").encode()), encoding="utf-8")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = outcome(["--lang", "zh", *one["words"]])
    return {"code": code, "said": out.buffer.getvalue().decode("utf-8", "replace")}


if __name__ == "__main__":
    main()
