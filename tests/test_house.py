"""The rules of the code, read from the source: who may import whom, who asks the time, how long a thing is."""

from __future__ import annotations

import ast
import gc
import re
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("drivers", "edge", "hub", "provisioning")
MODULE_LINES = 300
FUNCTION_LINES = 60
METHODS = 20

# (who, whom it must not reach, why)
FORBIDDEN = (
    ("drivers", ("edge", "hub", "provisioning"), "a driver knows bytes and readings alone"),
    ("edge", ("hub", "provisioning"), "the station runs without the office's and the technician's side"),
    ("hub", ("provisioning",), "the office's side runs without the technician's"),
    (
        "hub",
        ("edge.store", "edge.uplink", "edge.station", "edge.recorder", "edge.sampler"),
        "the office's side shares the wire and the nouns with a station, not its insides",
    ),
    ("edge.measure", ("edge.store", "edge.uplink", "edge.lanes"), "measuring is pure"),
    ("edge.store", ("edge.wire", "edge.uplink"), "what is on disk does not know who is sent it"),
    ("edge.config", ("edge.wire", "edge.uplink"), "a file is checked without a network"),
    ("edge.wire", ("edge.store",), "both ends of the wire share it, and one of them has no store"),
    ("edge.pictures.worker", ("edge.store",), "a camera that crashes must not hold the store"),
    ("edge.page", ("edge.store", "edge.uplink", "edge.recorder", "edge.station"), "what faces people asks the daemon"),
    ("edge.station", ("drivers.twins", "edge.sim"), "nothing simulated is loaded on a pole"),
    (PACKAGES, ("tests",), "tests are not installed"),
)

# Only edge/clock may ask the machine for the time or let it pass; all others are handed a clock.
TIME = {"time.time", "time.time_ns", "time.sleep", "time.gmtime", "time.localtime"}
NOW = {"now", "utcnow", "today"}
MUTABLE = {"list", "dict", "set", "deque", "defaultdict", "OrderedDict", "Counter", "bytearray"}
BROAD = {"Exception", "BaseException"}
SUPPRESSED = re.compile(r"# *(noqa|type: *ignore)")


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, its place and its tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]  # all of the tree's, which costs more to walk than to read

    @property
    def where(self) -> str:
        """The file as a person names it."""
        return str(self.path.relative_to(ROOT))


def modules(*packages: str) -> tuple[Module, ...]:
    """Return every module of the packages, parsed."""
    return tuple(map(parse, sorted(chain.from_iterable((ROOT / room).rglob("*.py") for room in packages))))


@cache
def parse(file: Path) -> Module:
    """Parse one file as a module."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    text = file.read_text(encoding="utf-8")
    with uncollected():
        tree = ast.parse(text, str(file))
        nodes = tuple(ast.walk(tree))
    return Module(".".join(part for part in parts if part != "__init__"), file, text, tree, nodes)


@contextmanager
def uncollected() -> Iterator[None]:
    """Make many objects that stay, without looking for rubbish among them meanwhile, which is over half the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def within(name: str, packages: tuple[str, ...]) -> bool:
    """Return whether the dotted name is one of the packages or lies in one."""
    return any(name == package or name.startswith(package + ".") for package in packages)


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the dotted names that one import statement reaches; ruff refuses relative ones."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_load(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the statements that run when a module is loaded: not in a function, not for type checkers alone."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        for part in ("body", "orelse", "finalbody", "handlers"):
            yield from at_load(getattr(node, part, []))


@cache
def load_graph() -> dict[str, frozenset[str]]:
    """Return for each module of ours those of ours that loading it loads, its packages among them."""
    known = {module.name for module in modules(*PACKAGES)}
    graph = {}
    for module in modules(*PACKAGES):
        names = set(chain.from_iterable(imported(node) for node in at_load(module.tree.body)))
        parents = {name.rpartition(".")[0] for name in (*names, module.name)}
        graph[module.name] = frozenset((names | parents) & known - {module.name})
    return graph


def way(start: str, forbidden: tuple[str, ...]) -> list[str] | None:
    """Return the shortest chain of loads from start to a forbidden module, or None."""
    ways, seen = [[start]], {start}
    for path in ways:
        if path != [start] and within(path[-1], forbidden):
            return path
        for target in sorted(load_graph().get(path[-1], frozenset()) - seen):
            seen.add(target)
            ways.append([*path, target])
    return None


@pytest.mark.parametrize(("who", "whom", "why"), FORBIDDEN, ids=lambda value: str(value)[:30])
def test_no_import_runs_the_wrong_way(who: str | tuple[str, ...], whom: tuple[str, ...], why: str) -> None:
    """No module imports what its room must not know, neither directly nor by what it loads."""
    mine = [module for module in modules(*PACKAGES) if within(module.name, (who,) if isinstance(who, str) else who)]
    direct = [
        f"{module.where}:{getattr(node, 'lineno', 0)} imports {name}"
        for module in mine
        for node in module.nodes
        for name in imported(node)
        if within(name, whom)
    ]
    ways = [path for path in (way(module.name, whom) for module in mine) if path]
    assert not direct, f"{why}: " + "; ".join(direct)
    assert not ways, f"{why}: " + "; ".join(" loads ".join(path) for path in ways)


# What others may reach of a lane (and, of the uplink, what it says may be called from any lane).
OPEN = {
    "recorder": {"snapshot"},
    "timekeeper": {"snapshot"},
    "pictures": {"snapshot", "request", "forgive_logins"},
    "uplink": {"snapshot", "greet", "accept_ledger", "retry_now", "wait_no_longer"},
    "horn": {"snapshot", "silence", "test"},
    "notify": {"snapshot", "test"},
    "control": set[str](),
    "health": set[str](),
}
HOLDERS = {"parts", "_parts", "station", "_station"}  # names of what has the lanes as attributes


def reached(module: Module) -> Iterator[str]:
    """Each place where the module reaches into a lane for what that does not publish."""
    for node in module.nodes:
        match node:
            case ast.Attribute(value=ast.Attribute(value=holder, attr=lane), attr=wanted) if lane in OPEN:
                if ast.unparse(holder).rpartition(".")[2] in HOLDERS and wanted not in OPEN[lane]:
                    yield f"{module.where}:{node.lineno} {ast.unparse(node)}"
            case ast.Attribute(value=ast.Name(id="bus"), attr=wanted) if "control" in module.name:
                if wanted not in {"snapshot", "newest"}:  # a reading never changes either
                    yield f"{module.where}:{node.lineno} {ast.unparse(node)}"


def test_lanes_are_read_by_their_snapshots() -> None:
    """Nobody but the station that wires them reaches into a running lane: what it publishes never changes."""
    found = [place for module in modules(*PACKAGES) if module.name != "edge.station" for place in reached(module)]
    assert not found, "read its snapshot: " + "; ".join(found)


def times_asked(module: Module) -> Iterator[str]:
    """Yield each place where the module asks the machine for the time or sleeps."""
    for node in module.nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (f"from time import {a.name}" for a in node.names if f"time.{a.name}" in TIME)
        if not isinstance(node, ast.Attribute):
            continue
        dotted = ast.unparse(node)
        calls_now = node.attr in NOW and re.search(r"\b(datetime|date|dt)$", dotted.rpartition(".")[0])
        if dotted in TIME or calls_now:
            yield f"{module.where}:{node.lineno} {dotted}"


def test_only_the_clock_asks_the_machine_for_the_time() -> None:
    """Outside edge/clock nothing reads the machine's time or sleeps, so that a day can be simulated."""
    asked = [
        f"{place} ({module.where})"
        for module in modules(*PACKAGES)
        if not module.where.startswith("edge/clock/")
        for place in times_asked(module)
    ]
    assert not asked, "take a Clock as an argument: " + "; ".join(asked)


def test_modules_and_functions_stay_short() -> None:
    """A module has at most 300 lines and a function at most 60, so that both are read in one go."""
    long = [
        f"{module.where} has {lines} lines"
        for module in modules(*PACKAGES, "tests")
        if (lines := len(module.text.splitlines())) > MODULE_LINES
    ]
    long += [
        f"{module.where}:{node.lineno} {node.name} has {lines} lines"
        for module in modules(*PACKAGES, "tests")
        for node in module.nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    ]
    assert not long, "; ".join(long)


def test_classes_stay_small() -> None:
    """A class has at most 20 methods: a larger one does more than one thing."""
    large = [
        f"{module.where}:{node.lineno} {node.name} has {methods} methods"
        for module in modules(*PACKAGES, "tests")
        for node in module.nodes
        if isinstance(node, ast.ClassDef)
        if (methods := sum(isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) for part in node.body)) > METHODS
    ]
    assert not large, "; ".join(large)


def names_broad(handler: ast.ExceptHandler) -> bool:
    """Return whether a handler catches everything."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in BROAD) for kind in caught)


def test_a_broad_except_says_why() -> None:
    """A handler that catches everything says on the same line why nothing narrower would do."""
    silent = [
        f"{module.where}:{node.lineno}"
        for module in modules(*PACKAGES)
        for node in module.nodes
        if isinstance(node, ast.ExceptHandler) and names_broad(node)
        if not reason(module.text.splitlines()[node.lineno - 1].partition("#")[2])
    ]
    assert not silent, "a broad except without a reason: " + "; ".join(silent)


def reason(comment: str) -> str:
    """Return what a comment holds beside its suppressions."""
    bare = re.sub(r"(noqa(: ?[A-Z]+\d+(, ?[A-Z]+\d+)*)?|type: ?ignore(\[[^\]]*\])?)", "", comment)
    return bare.strip(" #:-–—()")


def test_a_suppression_says_why() -> None:
    """A silenced linter or type checker has its reason beside it."""
    bare = []
    for module in (one for one in modules(*PACKAGES, "tests") if SUPPRESSED.search(one.text)):
        with module.path.open("rb") as source:
            bare += [
                f"{module.where}:{token.start[0]} {token.string}"
                for token in tokenize.tokenize(source.readline)
                if token.type == tokenize.COMMENT and SUPPRESSED.match(token.string) and not reason(token.string)
            ]
    assert not bare, "a suppression without a reason: " + "; ".join(bare)


def waits_to_be_filled(node: ast.stmt) -> bool:
    """Return whether a statement gives a name an empty container."""
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    if isinstance(value, ast.List | ast.Dict):
        return not ast.unparse(value).strip("[]{}")
    return isinstance(value, ast.Call) and not value.args and ast.unparse(value.func) in MUTABLE


def test_no_module_keeps_state() -> None:
    """No module has a `global` or an empty container of its own: two stations run in one process."""
    kept = [
        f"{module.where}:{node.lineno}"
        for module in modules(*PACKAGES)
        for node in (
            *(node for node in module.nodes if isinstance(node, ast.Global)),
            *(node for node in module.tree.body if waits_to_be_filled(node)),
        )
    ]
    assert not kept, "module-level state: " + "; ".join(kept)
