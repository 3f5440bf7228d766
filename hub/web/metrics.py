"""`/metrics`: Prometheus' text format, about the stations that the caller may see.

Unknown values have no line. Times are seconds since 1970, so an age is `time() - …`. While the database is unavailable
the answer is 503, which Prometheus counts as down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from edge.wire.set_aside import SetAside
from hub.rights import Right
from hub.web.arguments import Nothing
from hub.web.table import DataAnswer, RequestContext, Route

TEXT = "text/plain; version=0.0.4; charset=utf-8"
ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
Line = tuple[str, str, str, list[tuple[dict[str, str], float]]]  # name, type, help text, values by their labels


def metrics(listeners: Callable[[], int], aside: Path) -> Callable[[RequestContext, Nothing], DataAnswer]:
    """Return the handler; `listeners`: number of listeners to the stream, `aside`: the folder of messages set aside."""

    def handler(context: RequestContext, _said: Nothing) -> DataAnswer:
        lines = [
            *_stations(context),
            _one("minshan_hub_database_up", "The database answers", 1),
            _one("minshan_hub_stream_listeners", "Browsers and programs on the live stream", listeners()),
            _one(
                "minshan_hub_set_aside_messages",
                "Messages kept that could not be handled",
                len(SetAside(aside).files()),
            ),
        ]
        return DataAnswer("".join(map(text_of, lines)).encode(), TEXT)

    return handler


def _one(name: str, what: str, value: int) -> Line:
    return name, "gauge", what, [({}, value)]


def _stations(context: RequestContext) -> Iterator[Line]:
    """Yield the metrics of stations."""
    states = context.queries.stations(context.now_us)
    named = [({"station": state.station}, state) for state in states]
    yield _one("minshan_stations", "Stations that have sent anything", len(states))
    yield (
        *("minshan_station_newest_timestamp_seconds", "gauge", "Begin of the newest minute"),
        [(label, state.newest_us / 1e6) for label, state in named if state.newest_us is not None],
    )
    yield (
        *("minshan_station_heard_timestamp_seconds", "gauge", "When a record last came"),
        [(label, state.arrived_us / 1e6) for label, state in named if state.arrived_us is not None],
    )
    kept = {state.station: context.queries.records(state.station) for state in states}
    yield (
        *("minshan_station_records", "gauge", "Records that are here"),
        [(label, kept[state.station][0]) for label, state in named],
    )
    yield (
        *("minshan_station_not_received_records", "gauge", "Records that were made and are not here yet, as known"),
        [(label, kept[state.station][1]) for label, state in named],
    )


def text_of(line: Line) -> str:
    """Return a metric in the text format."""
    name, kind, what, values = line
    head = f"# HELP {name} {what}\n# TYPE {name} {kind}\n"
    return head + "".join(f"{name}{_labels(labels)} {float(value):.17g}\n" for labels, value in values)


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{value.translate(ESCAPED)}"' for name, value in labels.items()) + "}"


def routes(listeners: Callable[[], int], aside: Path) -> tuple[Route, ...]:
    """Return the route of metrics."""
    handler = metrics(listeners, aside)
    return (Route("GET", "/metrics", "Figures for Prometheus", Right.READ, Nothing, DataAnswer, handler, kind=TEXT),)
