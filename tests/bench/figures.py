"""What the benches share: the form of a row, and the reason why there is none."""

from __future__ import annotations

Row = dict[str, str]


class UnmeasuredError(Exception):
    """The measurement cannot be made on this machine; the text says why."""


def row(what: str, ours: float, peer: float | None = None) -> Row:
    """Return one row of the table: three significant figures, and the ratio of ours to the peer's."""
    told = {"what": what, "ours": figure(ours), "peer": "", "ratio": ""}
    if peer is not None:
        told |= {"peer": figure(peer), "ratio": f"{ours / peer:.2f}" if peer else ""}
    return told


def figure(value: float) -> str:
    """Return a number as a person reads it: 3 significant figures, thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
