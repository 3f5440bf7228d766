"""`python -m tests.bench [NAME ...]`: every module of this folder that has `rows()`, in one table.

A row is a dict of texts: `what`, `ours`, `peer`, `ratio` (ours to the peer's), `aim`; the last three may be empty. A
module whose measurement cannot be made here raises `UnmeasuredError` with the reason, which the table says.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

import tests.bench
from tests.bench.figures import Row, UnmeasuredError

COLUMNS = ("what", "ours", "peer", "ratio", "aim")


def names(wanted: list[str]) -> list[str]:
    """Return the modules to run: those wanted, otherwise all, in the order of their names."""
    found = sorted(module.name for module in pkgutil.iter_modules(tests.bench.__path__) if module.name[0] != "_")
    unknown = [name for name in wanted if name not in found]
    if unknown:
        sys.exit(f"no bench named {', '.join(unknown)}; there are: {', '.join(found)}")
    return wanted or found


def measured(wanted: list[str]) -> Iterator[tuple[str, Row]]:
    """Yield each row with its module's name; modules without rows are helpers."""
    for name in names(wanted):
        module = importlib.import_module(f"tests.bench.{name}")
        rows = getattr(module, "rows", None)
        if not callable(rows):  # a helper; one may import a module of that name
            continue
        began = time.monotonic()
        try:
            for row in rows():
                yield name, row
        except UnmeasuredError as reason:
            yield name, {"what": f"not measured: {reason}"}
        print(f"{name}: {time.monotonic() - began:.1f} s", file=sys.stderr)


def main() -> None:
    """Run the benches and print their rows."""
    table = Table(title="Minshan beside its peers, measured in this run", title_justify="left")
    table.add_column("bench")
    for heading in COLUMNS:
        table.add_column(heading, justify="left" if heading == "what" else "right", overflow="fold")
    console = Console()
    try:
        for name, row in measured(sys.argv[1:]):
            table.add_row(name, *(row.get(column, "") for column in COLUMNS))
    finally:  # what was measured is worth an hour
        (console if console.is_terminal else Console(width=170)).print(table)


if __name__ == "__main__":
    main()
