"""`minshan demo`: a whole station on simulated devices with its own broker and a live table, in simulated time."""

from __future__ import annotations

import contextlib
import json
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console

from drivers.reason import system_reason
from edge.config.errors import ConfigError
from edge.config.file import load
from edge.config.sections import BrokerSection, Config, StationSection
from edge.control.status import status
from edge.daemon import open_store
from edge.files import make_folder
from edge.language import texts
from edge.language.log_lines import to_stderr
from edge.language.texts import _
from edge.sim.capture import Capture, CaptureError, read_capture
from edge.sim.rig import Rig, boot_of
from edge.sim.times import Boot
from edge.store.errors import StoreError
from edge.wire.errors import LinkError
from provisioning.commands.answers import BrokerUrl, Key, WordChoice
from provisioning.commands.durations import Duration, IntRange, Speed
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import format_mistake
from provisioning.demo.companions import Companions, store_end
from provisioning.demo.config import capture_station, capture_title, title, whole_station
from provisioning.demo.faults import FaultLog
from provisioning.demo.hub import own_broker
from provisioning.demo.processes import NoBrokerError, camera_process
from provisioning.demo.report import goodbye, hello, reported
from provisioning.demo.scenes import SCENE_NAMES, SCENES
from provisioning.demo.show import Show, interrupts
from provisioning.demo.unplugging import own_page
from provisioning.terminal import can_redraw

log = logging.getLogger("minshan.demo")


@dataclass(frozen=True)
class DemoOptions:
    """The options of the command line."""

    capture: Path | None
    capture_utc_offset: float
    mm_per_tip: float
    speed: float | None
    broker: str | None
    proof: str
    state: Path | None
    duration: float | None
    station: str
    seed: int
    faults: int | None
    until_sent: bool
    report: Path | None
    stations: int
    page: bool
    scene: str

    @property
    def has_end(self) -> bool:
        """Whether the run ends by itself, so that Ctrl-C cuts it short."""
        return self.capture is not None or self.duration is not None or self.until_sent


@click.command(
    help=_(
        "Run a whole station on simulated devices, with a live table, until Ctrl-C (exit code 0). A "
        "run with an end of its own (--for, --capture, --until-sent) exits with 130 if Ctrl-C comes "
        "first."
    )
)
@click.option(
    "--capture",
    type=click.Path(path_type=Path, readable=False),
    help=_("Play a recorded day of an ASCII station (plain or .gz) instead."),
)
@click.option(
    "--capture-utc-offset",
    type=float,
    default=8.0,
    show_default=True,
    help=_("UTC offset of the capture's times, hours."),
)
@click.option(
    "--mm-per-tip", type=float, default=0.33, show_default=True, help=_("Rain per tip of the capture's bucket, mm.")
)
@click.option(
    "--speed", type=Speed(), default="60", show_default=True, help=_("Simulated seconds per real second, or max.")
)
@click.option(
    "--broker",
    type=BrokerUrl(BrokerSection, "url"),
    help=_("Your own broker, such as mqtt://user:password@host:port; otherwise the demo starts one."),
)
@click.option(
    "--proof",
    type=click.Choice(["broker", "committed"]),
    default="committed",
    show_default=True,
    help=_("What proves that data has arrived: the platform's receipt (committed) or the broker's acknowledgement."),
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, readable=False),
    help=_("Folder to keep the data in and to continue from (otherwise a temporary one)."),
)
@click.option("--for", "duration", type=Duration(), help=_("Simulated time to run, such as 90s, 20m, 6h, 2d."))
@click.option(
    "--station",
    type=Key(StationSection, "id"),
    default="demo",
    show_default=True,
    help=_("The station's name on the wire."),
)
@click.option("--seed", type=int, default=1, show_default=True, help=_("Seed of the simulated weather and devices."))
@click.option("--faults", type=int, help=_("Make devices and buses fail and recover at random, with this seed."))
@click.option("--until-sent", is_flag=True, help=_("At the end wait until everything is sent."))
@click.option(
    "--stations",
    type=IntRange(1, 50),
    default=1,
    show_default=True,
    help=_("How many stations run, all in one process; the table shows the first."),
)
@click.option(
    "--scene",
    type=WordChoice(SCENE_NAMES),
    default="day",
    show_default=True,
    help=_("The scene to show: {scenes}.").format(
        scenes=_(", ").join(f"“{name}” {_(scene.what)}" for name, scene in SCENES.items())
    ),
)
@click.option(
    "--page/--no-page",
    default=True,
    show_default=True,
    help=_("Serve the station's page, for a browser on this machine."),
)
@click.option(
    "--report", type=click.Path(path_type=Path, readable=False), help=_("Write a JSON report of this run at its end.")
)
def demo(**options: Any) -> int:
    """Run a demo with these options. Return the exit code."""
    options["speed"] = None if options["speed"] == float("inf") else options["speed"]
    wanted = DemoOptions(**options)
    quiet_log()
    try:
        with contextlib.ExitStack() as stack:
            return play(wanted, stack)
    except KeyboardInterrupt:  # before the table was shown, or during the final messages
        if wanted.has_end:
            raise
        return Exit.OK
    except CaptureError as error:
        raise CommandError(Exit.USAGE, error.reason) from None
    except ConfigError as error:
        raise CommandError(Exit.CONFIG, "\n".join(format_mistake(mistake) for mistake in error.mistakes)) from None
    except (NoBrokerError, LinkError) as error:
        raise CommandError(Exit.BROKER, error.reason) from None
    except StoreError as error:
        raise CommandError(Exit.STORE, error.reason) from None
    except OSError as error:
        why = texts.render(system_reason(error))
        raise CommandError(
            Exit.STORE, _("{file}: {why}").format(file=error.filename or wanted.state, why=why)
        ) from None


def play(wanted: DemoOptions, stack: contextlib.ExitStack) -> int:
    """Set up all parts, run them, stop them, and report. Return the exit code."""
    if wanted.faults is not None and wanted.capture is not None:
        raise CommandError(Exit.USAGE, _("--faults is for the devices of a whole station: leave out --capture"))
    if wanted.stations > 1 and wanted.capture is not None:
        raise CommandError(Exit.USAGE, _("A capture is one station's: leave out --stations"))
    # A file or a program gets whole lines; addresses are not highlighted.
    console = Console(soft_wrap=not can_redraw(), highlight=False)
    capture = read_capture(wanted.capture, wanted.capture_utc_offset) if wanted.capture else None
    state = (wanted.state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="minshan-demo-")))).absolute()
    make_folder(state)
    if wanted.report:
        wanted.report.touch()  # or it would be found after the whole run that it cannot be written
    hub = None
    if (broker_url := wanted.broker) is None:
        broker_url, hub = own_broker(state, names(wanted), stack)
    rigs: list[Rig] = []  # the camera's twin needs the rig, whose configuration needs the twin's URL
    config = written(wanted, state, broker_url, capture, camera(wanted, capture, state, stack, rigs))
    store = stack.enter_context(contextlib.closing(open_store(config)))
    scene = SCENES[wanted.scene]
    boot = boot_of(config, capture.begin if capture else scene.begin * 1_000_000, f"sim-{wanted.seed}")
    begin = store_end(store, boot)
    rig = Rig(config, boot, begin, wanted.seed, speed=wanted.speed, capture=capture)
    scene.set_up(rig)
    stack.callback(rig.close)
    rigs.append(rig)
    if hub is not None:
        hub.time.follow(lambda: rig.boot.utc_at(rig.clock.seen()))
    first_seq = store.next_seq
    station = rig.power_on(lambda _config: store)
    scene.begin_on(station)
    stack.callback(power_off, rig)
    companions = Companions(rig, list(names(wanted))[1:], state, wanted.proof, stack)
    page = own_page(rig, station, state, wanted.speed if wanted.page else None, stack)
    hello(console, config, wanted.speed, state if wanted.state else None, hub, wanted.stations, page)
    with interrupts(rig, *companions.rigs) as interrupted:
        faults = None if wanted.faults is None else FaultLog(rig, station, wanted.faults)
        show = Show(console, rig, station, companions, interrupted, faults, page.address if page else None)
        show.run(wanted.speed, last_instant(boot, begin, wanted, capture))
        if wanted.until_sent and not interrupted:
            show.drain()
    facts = status(station.services.parts)
    report = reported(station, facts, first_seq, rig)
    if faults is not None:
        report["faults"] = faults.report()
    if hub is not None:
        report["hub"] = msgspec.to_builtins(hub.held({wanted.station: store, **companions.stores}))
    companions.power_off()
    rig.power_off()
    goodbye(console, report, facts, state if wanted.state else None)
    if wanted.report:
        wanted.report.write_text(json.dumps(report, indent=2) + "\n", "ascii")
    return Exit.INTERRUPTED if wanted.has_end and interrupted else Exit.OK


def names(wanted: DemoOptions) -> dict[str, str]:
    """Return station -> its title."""
    if wanted.capture is not None:
        return {wanted.station: capture_title(wanted.capture.name)}
    return {wanted.station + (f"-{n}" if n > 1 else ""): title(n) for n in range(1, wanted.stations + 1)}


def power_off(rig: Rig) -> None:
    """Stop the station if it is still running: after an exception its lanes would keep the process alive."""
    if rig.station is not None:
        rig.power_off()


def quiet_log() -> None:
    """Log errors only: the table shows the rest."""
    to_stderr(logging.ERROR, "%(asctime)s %(name)s %(message)s")


def camera(
    wanted: DemoOptions, capture: Capture | None, state: Path, stack: contextlib.ExitStack, rigs: list[Rig]
) -> str | None:
    """Start the simulated camera and the camera process. Return the camera's URL, None with a capture."""
    if capture is not None:
        return None
    from drivers.twins.cameras import SnapshotCamera  # here: they need Pillow, which a capture's run does not
    from drivers.twins.scene import Moment, Scene

    def now() -> Moment:
        weather, utc = rigs[0].truth()
        return Moment.of(weather, utc, wanted.station)

    twin = SnapshotCamera(Scene(wanted.seed), now)
    stack.callback(twin.close)
    stack.callback(camera_process(state / "spool", state / "camera.log").stop)
    return twin.url


def written(wanted: DemoOptions, state: Path, broker: str, capture: Capture | None, camera_url: str | None) -> Config:
    """Write the demo's station.toml and load it as a station would."""
    if capture is None:
        fitted = SCENES[wanted.scene].fitted
        text = whole_station(wanted.station, state, broker, wanted.proof, camera_url, fitted=fitted)
    else:
        text = capture_station(
            wanted.station,
            state,
            broker,
            wanted.proof,
            capture=capture.path.name,
            utc_offset=wanted.capture_utc_offset,
            mm_per_tip=wanted.mm_per_tip,
            pm=capture.has_particles,
        )
    path = state / "station.toml"
    path.write_text(text, "utf-8")
    return load(path)


def last_instant(boot: Boot, begin: int, wanted: DemoOptions, capture: Capture | None) -> float:
    """Return the instant (s since the boot) at which measuring ends; infinity: only by Ctrl-C."""
    ends = [boot.boottime(capture.end)] if capture else []
    if wanted.duration is not None:
        ends.append(boot.boottime(begin) + wanted.duration)
    return min(ends, default=float("inf"))
