"""Setting up, where it does not get to its end: what a person reads last is what to do, in his language."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.data import CHECKOUT

NOWHERE = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}


def test_without_a_network_it_ends_with_what_to_do(tmp_path: Path) -> None:
    """The reason is the installer's own; behind it stands one sentence, and nothing of the script's inside.

    So it is the first time, and each time that somebody tries again in what the first time has left.
    """
    for language, first, last in (
        ("zh_CN.UTF-8", "正在准备", "软件包没有装好，原因见上。若是网络不通，恢复后再运行一次 make。"),
        ("C.UTF-8", "Setting up", "the reason is above. If the network was down, run make again."),
    ):
        done = subprocess.run(
            [CHECKOUT / "scripts/setup", "run"],
            env={**os.environ, **NOWHERE, "VENV": str(tmp_path / "venv"), "LC_ALL": language},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        lines = done.stderr.splitlines()
        assert done.returncode != 0
        assert any(line.startswith(first) for line in lines) and lines[-1].endswith(last)
        assert "pip-failed" not in done.stderr and any("editables" in line for line in lines)
