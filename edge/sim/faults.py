"""What goes wrong with a simulated station, and when: a schedule drawn from a seed, within a stated model.

The model, by the bus of a device:

- every bus: it is pulled out and comes back, and all devices on it with it;
- I2C, RS-485, serial, kernel file: one device is silent, sends damaged bytes, or cuts its frames short;
- I2C: a device holds the line or its busy bit for ever (the BME280's status bit), takes far too long, or
  answers at another address;
- RS-485: a device answers too late, or under another's address;
- serial: a device talks far more seldom than it should;
- the daemon is killed (SIGKILL) and started again, on the same boot;
- the box loses its power and boots again, with other twins: a new boot, a clock that starts from nothing;
- the time becomes known only a while after a boot, or not at all before the next one;
- the broker is away for a while, or loses all that it has queued, its sessions too;
- the platform's receiver is away for a while (for hours, for days), so that the broker's queue runs over;
- its database is copied, and later the old copy is put in its place;
- connections break in the ways of `edge.sim.network`;
- somebody asks for pictures, maintenance and what is not to be had (`edge.sim.asks`);
- the platform tells the time or does not.

Not in it, because nobody can tell them apart from weather by one device alone: a contact that is cut or stuck
(no rain, no wind), and a device that says its last value over and over. A disk that lies about what is synced is not
in it either. Sources of time that lie, and a crystal that is off, are in no drawn mixture, only where a schedule names
them (`edge.sim.times`). All instants are seconds since the simulation began.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from drivers.twins.twin import Fault
from edge.config.sections import SensorSection
from edge.sampler import by_bus
from edge.sim.asks import CommandSending, draw_asks
from edge.sim.rig import Rig
from edge.sim.times import Teller

FAULTS: dict[str, tuple[Fault, ...]] = {
    "i2c": (*Fault,),
    "modbus": (Fault.SILENT, Fault.NOISE, Fault.SHORT, Fault.SLOW, Fault.UNPLUGGED, Fault.OTHER_ADDRESS),
    "serial": (Fault.SILENT, Fault.NOISE, Fault.SHORT, Fault.SLOW, Fault.UNPLUGGED),
    "file": (Fault.SILENT, Fault.NOISE, Fault.SHORT, Fault.STUCK, Fault.UNPLUGGED, Fault.OTHER_ADDRESS),
    "gpio": (Fault.UNPLUGGED,),
}
FIRST = 150.0  # s until the first fault: a table shows whole minutes before
CALM = (60.0, 900.0)  # s from one fault's begin to the next one's
LASTING = (90.0, 900.0)
RECOVERY = 240.0  # s for which a bus is left alone after a fault: its return is seen
FOREVER = float("inf")
BOOTING = 20.0  # s of the boot's clock at which the daemon starts: no outage with a power cut is shorter


@dataclass(frozen=True, slots=True)
class DeviceFault:
    """A fault of one device, or its bus unplugged, over [begin, end)."""

    begin: float
    end: float
    sensor: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Outage:
    """The daemon is killed at `at` and started again `length` later.

    `power`: the box loses its power with it; `known_after`: how long after the new boot the time is known.
    """

    at: float
    length: float
    power: bool = False
    known_after: float = 0.0


class Mishap(Enum):
    """What happens to the broker or to the platform."""

    FORGETS = "the broker loses its sessions and queues"
    LEAVES = "the receiver is stopped"
    RETURNS = "the receiver is started again"
    COPIED = "the platform's database is copied"
    RESTORED = "the copy takes the database's place"


@dataclass(frozen=True, slots=True)
class Schedule:
    """All that goes wrong.

    `away`: when the broker is unreachable; `known_after`: when the first boot's time is known; `mishaps`: what
    happens to broker and platform, and when; `tellers`: who tells the time, where not a source that is always right;
    `ppm`: how fast the boot's clock runs; `watched`: the station watches the system's clock, which is the first
    teller's; `asks`: what is asked of the station; `tells_time`: the platform tells the time with its answers.
    """

    device_faults: tuple[DeviceFault, ...] = ()
    outages: tuple[Outage, ...] = ()
    away: tuple[tuple[float, float], ...] = ()
    known_after: float = 0.0
    mishaps: tuple[tuple[float, Mishap], ...] = ()
    tellers: tuple[Teller, ...] = ()
    ppm: float = 0.0
    watched: bool = False
    asks: tuple[CommandSending, ...] = ()
    tells_time: bool = False


def device_faults(seed: int, sensors: Sequence[SensorSection]) -> Iterator[DeviceFault]:
    """Yield faults of devices and buses without end, in the order of their begin.

    A bus has one at a time.
    """
    rng = random.Random(seed)
    buses = list(by_bus(tuple(sensors)).values())
    free = [0.0] * len(buses)
    begin = FIRST
    while buses:
        left_alone = [n for n, at in enumerate(free) if at <= begin]
        if left_alone:
            number = rng.choice(left_alone)
            sensor = rng.choice(buses[number])
            end = round(begin + rng.uniform(*LASTING), 1)
            free[number] = end + RECOVERY
            yield DeviceFault(begin, end, sensor.name, rng.choice(FAULTS[sensor.info.bus]))
        begin = round(begin + rng.uniform(*CALM), 1)


def draw(seed: int, sensors: Sequence[SensorSection], length: float) -> Schedule:
    """Return a mixture of everything in the model over `length` seconds, a few outages and absences among it."""
    rng = random.Random(~seed)
    drawn = tuple(itertools.takewhile(lambda event: event.begin < length, device_faults(seed, sensors)))
    outages: list[Outage] = []
    at = rng.uniform(0.05, 0.3) * length
    while at < length:
        power = rng.random() < 0.4
        known = rng.choice((0.0, rng.uniform(60.0, 3600.0), FOREVER)) if power else 0.0
        lasts = rng.uniform(1.0, 300.0)
        outages.append(Outage(round(at, 1), round(max(lasts, BOOTING) if power else lasts, 1), power, round(known, 1)))
        at += rng.uniform(0.1, 0.4) * length
    away = [rng.uniform(0.0, 0.5) * length, rng.uniform(0.6, 0.9) * length]
    absences = tuple((round(t, 1), round(t + rng.uniform(0.02, 0.15) * length, 1)) for t in away)
    known_after = round(rng.choice((0.0, rng.uniform(30.0, 0.3 * length))), 1)
    return Schedule(
        drawn,
        tuple(outages),
        absences,
        known_after,
        tuple(draw_mishaps(seed, length)),
        asks=draw_asks(seed, length),
        tells_time=random.Random(f"time {seed}").random() < 0.5,
    )


def draw_mishaps(seed: int, length: float) -> list[tuple[float, Mishap]]:
    """Return what befalls broker and platform over `length` seconds: a long absence, two old copies, lost queues."""
    rng = random.Random(f"mishaps {seed}")
    drawn = []
    for _ in range(2):
        copied, restored = sorted((rng.uniform(0.0, 0.9) * length, rng.uniform(0.0, 0.9) * length))
        drawn += [(copied, Mishap.COPIED), (restored, Mishap.RESTORED)]
    leaves = rng.uniform(0.0, 0.7) * length
    drawn += [(leaves, Mishap.LEAVES), (leaves + rng.uniform(0.02, 0.5) * length, Mishap.RETURNS)]
    drawn += [(rng.uniform(0.0, 1.0) * length, Mishap.FORGETS) for _ in range(rng.randrange(3))]
    return sorted(((round(at, 1), what) for at, what in drawn), key=lambda one: one[0])


def inject(rig: Rig, coming: Iterable[DeviceFault], zero: float) -> None:
    """Start a lane that applies the faults to the rig's twins.

    `zero`: the instant of the rig's clock from which their times count.
    """

    def wait_for(t: float) -> None:
        rig.clock.sleep_until(zero + t)

    def run() -> None:
        ends: list[tuple[float, int, DeviceFault]] = []
        for number, event in enumerate(coming):
            if zero + event.end <= rig.clock.now():
                continue
            while ends and ends[0][0] <= event.begin:
                wait_for(ends[0][0])
                lift(rig, heapq.heappop(ends)[2])
            wait_for(event.begin)
            apply(rig, event)
            heapq.heappush(ends, (event.end, number, event))
        for end, _, event in sorted(ends):
            wait_for(end)
            lift(rig, event)

    rig.beside.append(rig.clock.lane("faults", run))


def apply(rig: Rig, event: DeviceFault) -> None:
    """Let the fault begin."""
    if event.fault is Fault.UNPLUGGED:
        rig.wire_of(event.sensor).unplug()
    else:
        rig.twins[event.sensor].misbehave(event.fault)


def lift(rig: Rig, event: DeviceFault) -> None:
    """Let the fault end."""
    if event.fault is Fault.UNPLUGGED:
        rig.wire_of(event.sensor).plug()
    else:
        rig.twins[event.sensor].misbehave(None)
