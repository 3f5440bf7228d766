"""What the benches share: the form of a row, the reason why there is none, medians with their spread, CPU by pid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

Row = dict[str, str]


class UnmeasuredError(Exception):
    """The measurement cannot be made on this machine; the text says why."""


def row(what: str, ours: float, peer: float | None = None, aim: str = "") -> Row:
    """Return one row of the table: three significant figures, and the ratio of ours to the peer's."""
    told = {"what": what, "ours": figure(ours), "peer": "", "ratio": "", "aim": aim}
    if peer is not None:
        told |= {"peer": figure(peer), "ratio": f"{ours / peer:.2f}" if peer else ""}
    return told


def repeated(what: str, ours: Sequence[float], peer: Sequence[float] = (), aim: str = "") -> Row:
    """Return a row of interleaved repeats: medians with least and most, and the median of the ratios of each pair."""
    told = {"what": what, "ours": spread(ours), "peer": "", "ratio": "", "aim": aim}
    if peer:
        ratios = [mine / other for mine, other in zip(ours, peer, strict=True)]
        told |= {"peer": spread(peer), "ratio": spread(ratios)}
    return told


def spread(values: Sequence[float]) -> str:
    """Return the median of the values, with the least and the most behind it where there are several."""
    told = figure(median(values))
    return f"{told} ({figure(min(values))} to {figure(max(values))})" if len(values) > 1 else told


def figure(value: float) -> str:
    """Return a number as a person reads it: 3 significant figures, thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cpu_ns(pid: int) -> int:
    """Return the nanoseconds that all threads of a process have run, its ended ones not counted."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))
