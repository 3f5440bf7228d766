"""Command lines and station files that are wrong, each in one way: more than 200."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from provisioning.main import COMMANDS
from tests.unit.edge.config.test_config import STATION

VALUES = ["x", "", "-1", "0", "1e9", "999999", "true", "0x", "[1]", "nan", "2026-01-01", "上", "a b", "31,68", "1590m"]
SENSORS = (
    "bmx",
    "bme",
    "bme280:address",
    "bme280:address=76",
    "bme280:address=0x78",
    "bme280:adress=1",
    "vane:input=9",
    "modbus",
    "modbus:port=/dev/x",
    "modbus:port=/dev/x,profile=none",
    "modbus:port=/dev/x,profile=/none.toml",
    "modbus:port=/dev/x,profile=rs-fsjt,fitted=snow",
    "modbus:port=/dev/x,profile=rs-fsjt,parity=Q",
    "veml7700:lux_per_count=3",
    "sen5x:model=SEN99",
    "pulses",
    "pulses:line=4",
    "pulses:line=x,kind=rain",
    "w1-therm",
    "sds011:port=/dev/x,period=99",
    "plantower:port=/dev/x,model=PMS1",
    "ascii-station:port=/dev/x,baud=1",
)
# Options that a phone's keyboard or a text editor spoiled, and words near those that there are, on each level.
SLIPS = (
    *("—help", "–h", "-—help", "doctor —help", "run –check", "hub user list −config x", "maintenance －－json 20m"),
    *("hub alrets", "hub alerts aack", "hub alerts ack", "hub usr add", "hub user ad", "horn x", "page starz"),
    *("remote x pictur", "budget staus", "run --chek", "hub user add x --rol admin"),
)
# Paths that nothing can have, or that have something else at them, as a file has them in quotes.
PATHS = ("", " ", r"a\u0000b", r"a\nb", "~/a", "9" * 300, "/dev/null/x", "/dev", "/dev/null", "9/" * 2100)
FILE_KEYS = (
    '[broker]\nurl = "mqtts://h"\nca_file',
    '[broker]\nurl = "mqtts://h"\npassword_file',
    '[broker]\nurl = "mqtts://h"\nkey_file = "/x"\ncert_file',
    '[[camera]]\nname = "c"\ndriver = "http"\nurl = "http://h/x"\npassword_file',
    '[[camera]]\nname = "c"\ndriver = "http"\nurl',
    '[[forward]]\nname = "f"\nkind = "http-json"\nurl = "https://h/x"\nsecret_file',
    '[[channel]]\nname = "g"\nkind = "wecom"\nkey_file',
    '[[sensor]]\nname = "t"\ndriver = "w1-therm"\npath',
    '[[sensor]]\nname = "m"\ndriver = "modbus"\nport = "/dev/x"\nprofile',
)
HUB_KEYS = ("[pictures]\ndir", '[pictures]\ndir = "p"\n[http]\nkey_file = "/x"\ncert_file')
BROKERS = ("x", "http://h", "mqtt://", "mqtt://a:b#c@h:1883", "mqtt://h:99999999")


def to_init(folder: Path) -> list[list[str]]:
    """Return wrong words for `init`."""
    new = str(folder / "new.toml")
    out = ["init", "--out", new, "--station", "a"]
    numbers = [[option, value] for option in ("--latitude", "--longitude", "--altitude") for value in ("x", "31°", "")]
    cameras = ("", "x", "http", "rtsp:url=http://x", "picamera:width=x")
    return [
        ["init"],
        ["init", "--out"],
        ["init", "--out", new],
        ["init", "--out", str(folder)],
        ["init", "--out", "/proc/x/y.toml", "--station", "a"],
        ["init", "--out", new, "--station", "茂县一号"],
        [*out, "--datum", "WGS"],
        *([*out, *words] for words in numbers),
        *([*out, "--broker", value] for value in BROKERS),
        *([*out, "--sensor", value] for value in SENSORS),
        *([*out, "--camera", value] for value in cameras),
    ]


def to_sensors(folder: Path) -> list[list[str]]:
    """Return wrong words for `sensors`."""
    missing = str(folder / "none")
    ports = (missing, str(folder), "/dev/null", "/etc/passwd")
    sets = ("x", "=", "bus=x", "bus=99", "address=1", "what=1")
    found = [
        *([word] for word in ("lst", "reed", "decod", "tset")),
        *(["read", value] for value in ("", "bmx", "modbus", "pulses")),
        *(["read", "bme280", "--set", value] for value in sets),
        *(["read", "plantower", "--set", f"port={port}"] for port in ports),
        *(["read", "bme280", "--count", value] for value in ("0", "x", "-1", "1.5")),
        *(["decode", driver, path] for driver in ("bmx", "pulses", "nmea") for path in (missing, str(folder))),
        *(["test", value] for value in ("", "bmx")),
        ["test", "vane", "--set", "input=9"],
    ]
    return [["sensors", *words] for words in found]


DATABASES = (
    "x",
    "mysql://h/x",
    "sqlite:///",
    "postgresql://[::1/x",
    "postgresql://u@127.0.0.1:9/x",
)


PEOPLE = (
    ("user", ["add", "x"]),
    ("user", ["add", "x", "--role", "king"]),
    ("user", ["add", "a b", "--role", "admin"]),
    ("user", ["add", "x", "--role", "admin", "--password-file", "/nowhere"]),
    ("user", ["add", "x", "--role", "admin", "--password-file", "/dev/null"]),
    ("user", ["passwd", "x"]),
    ("user", ["disable"]),
    ("token", ["add", "x", "--role", "admin", "--station", "Ü"]),
    ("token", ["revoke", "x"]),
)


def to_hub(folder: Path) -> list[list[str]]:
    """Return wrong words for the hub's commands."""
    new, text, missing = str(folder / "hub.toml"), folder / "text.db", str(folder / "none.toml")
    text.write_text("no database at all, " * 100)
    out = ["hub", "init", "--out", new, "--broker", "mqtt://127.0.0.1", "--pictures", str(folder / "pictures")]
    made = folder / "made.toml"
    export = ["--from", "2026-01-01", "--format", "csv"]
    made.write_text(f'[broker]\nurl = "mqtt://h"\n[database]\nurl = "sqlite://{folder}/no.db"\n[pictures]\ndir = "p"\n')
    return [
        ["hub"],
        ["hub", "init"],
        ["hub", "init", "--out", new],
        *([*out, "--database", url] for url in (*DATABASES, f"sqlite://{text}", "sqlite:///proc/x/y.db")),
        *([*out, "--database", f"sqlite://{folder}/hub.db", "--broker", url] for url in BROKERS),
        *(["hub", name, "--config", file] for name in ("run", "status", "gaps") for file in (missing, str(folder), "")),
        *(
            ["hub", "export", "--config", str(made), "--station", "x", *more]
            for more in ([], export, [*export, "--to", "x"])
        ),
        *(
            ["hub", "export", "--config", str(made), "--station", "x", *export, "--to", day]
            for day in ("2025-01-01", "2027-01-01")
        ),
        *(["hub", "backup", "--config", str(made), *more] for more in ([], ["--out", str(text)], ["--out", new])),
        *(
            ["hub", "restore", "--config", str(made), *more]
            for more in ([], ["--from", missing], ["--from", str(text)])
        ),
        *(["hub", name, "--config", str(made), *more] for name in ("status", "gaps") for more in ([], ["--day", "x"])),
        *([*out, "--database", f"sqlite://{folder}/h.db", "--http", where] for where in ("x", "0.0.0.0:80", "[::1]")),
        *(["hub", kind, *words, "--config", str(made)] for kind, words in PEOPLE),
        *(["hub", "status", "--config", str(file)] for file in wrong_hubs(folder)),
    ]


def wrong_hubs(folder: Path) -> Iterator[Path]:
    """Yield files of a hub with one wrong path each, and one that is JSON."""
    texts = [f'{key} = "{path}"\n' for key in HUB_KEYS for path in PATHS if path not in ("/dev", "/dev/null")]
    for number, text in enumerate(texts):
        file = folder / f"hub-{number}.toml"
        file.write_text(f'[broker]\nurl = "mqtt://h"\n[database]\nurl = "sqlite:///x.db"\n{text}')
        yield file
    file = folder / "json.toml"
    file.write_text('{"broker": {"url": "mqtt://h"}}')
    yield file


def wrong_words(folder: Path) -> list[list[str]]:
    """Return command lines with a word too many, too few, misspelt, or of another type."""
    missing = str(folder / "none.toml")
    asking = (["run"], ["run", "--check"], ["doctor"], ["status"], ["maintenance", "20m"])
    return [
        *([name, "--nope"] for name in COMMANDS),
        *([name, "one", "two", "three", "four"] for name in COMMANDS),
        *([name[:-1]] for name in COMMANDS),
        *([*words, "--config", path] for words in asking for path in (missing, str(folder), "/proc/self/mem", "")),
        *(["maintenance", value] for value in ("x", "", "-1", "20", "soon", "-5m", "20 s s", "1d", "五分钟")),
        *(["status", "--state", path] for path in (missing, "/proc/1")),
        *(["watch", *words] for words in ([], ["--broker"], ["--broker", "x"], ["--broker", "http://h"])),
        *(
            ["remote", *words]
            for words in ([], ["x"], ["x", "pictur"], ["Ü", "picture"], ["x", "picture", "--broker", "x"])
        ),
        *(["demo", option, "x"] for option in ("--speed", "--for", "--seed", "--proof", "--mm-per-tip", "--faults")),
        ["demo", "--capture", missing],
        *(words.split() for words in SLIPS),
        ["maintenance"],
        ["--lang", "fr"],
        ["--config"],
        *to_init(folder),
        *to_sensors(folder),
        *to_hub(folder),
    ]


BME = '[[sensor]]\nname = "a"\ndriver = "bme280"\n'
MODBUS = '[[sensor]]\nname = "{}"\ndriver = "modbus"\nport = "/dev/x"\nprofile = "rs-fsjt"\n{}\n'
KEYS = ("address = 76", "adress = 0x76", 'bus = "1"', "address = 0x78", "height_m = -99", 'name = "b"')
CAMERAS = ('name = "c"', 'name = "c"\ndriver = "x"', 'name = "c"\ndriver = "http"', 'driver = "rtsp"')


RULES = (
    'channel = "air_temprature"\nbelow = [0.0]',
    'channel = "wind_speed_of_gust"\nabove = [17.2]',
    'channel = "air_temperature"\nbelow = []',
    'channel = "air_temperature"\nbelow = [nan]',
    'channel = "air_temperature"\nbelow = 0.0',
    'crop = "apple"\noffset_k = 2.0',
    'crop = "apple"\nhours = ["25:00", "06:00"]',
    'crop = "apple"\nhours = ["22：00", "06：00"]',
    'crop = "apple"\nhours = ["22:00", "22:00"]',
    'crop = "apple"\nseason = ["02-30", "05-31"]',
    'crop = "apple"\nhold_min = 2000',
    "lost = [0.0]",
    "lost = [9.0]",
    "lost = [1.0]\nclear_by = 2.0",
    'channel = "air_temperature"\nabove = [200.0]',
    'channel = "relative_humidity"\nabove = [-3.0]',
    'channel = "air_temperature"\nfalls = [-2.0]',
    'channel = "air_temperature"\nbelow = [0.0]\nclear_by = 100.0',
    'lost = [1.0]\nchannel = "air_temperature"',
)
TOLD = (
    "[notify]\nafter_min = 0",
    '[[person]]\nname = "zhang"\nchannels = ["robt"]',
    '[[person]]\nname = "zhang"\nphone = "138-0000-0001"',
    '[[person]]\nname = "zhang"\nphone = 13800000001',
    '[[person]]\nname = "zhang"\nhours = ["7", "22"]',
    '[[person]]\nname = "zhang"\nmail = "zhang"',
    '[[person]]\nname = "zhang"\nlanguage = "cn"',
    '[[person]]\nname = "a b"',
    '[[people]]\nname = "zhang"',
    '[[person]]\nname = "z"\nphone = "12345"\n[[channel]]\nname = "c"\nkind = "webhook"\nurl = "https://gate way/call"',
    '[[channel]]\nname = "call"\nkind = "wechat"\nkey_file = "/k"',
)


def wrong_files() -> list[str]:
    """Return files of a station with one mistake each."""
    found = ["", "[", "x", "[station]\nid", 'a = "', "a = [1", "[station]\n[station]\n"]
    tails = ["[what]\n", "[[sensor]]\n", BME + BME, BME + BME.replace('"a"', '"b"'), BME.replace("bme280", "bme")]
    tails += [BME + line for line in KEYS]
    tails += [
        MODBUS.format("a", "") + MODBUS.format("b", "baud = 4800\naddress = 2"),
        MODBUS.format("a", "address = 0"),
    ]
    tails += [f'[broker]\nurl = "{url}"\n' for url in ("x", "mqtt://", "http://h")]
    tails += [f'{BME}[[alert]]\nname = "a"\n{keys}\n' for keys in RULES]
    tails += [f'{BME}[[alert]]\nname = "a"\nlost = [1]\n[horn]\nline = 9\nrules = ["a"]\n']
    tails += [f'[[channel]]\nname = "robot"\nkind = "wecom"\nkey_file = "/k"\n{keys}\n' for keys in TOLD]
    tails += [f"[[camera]]\n{keys}\n" for keys in CAMERAS]
    tails += [f'{key} = "{path}"\n' for key in FILE_KEYS for path in PATHS]
    found += [STATION + tail for tail in tails]
    found += ['{"station": {"id": "a"}}', '[\n  {"station": 1}\n]', '{"station": {']
    for key in ("id", "latitude", "longitude", "altitude_m", "dir"):
        pattern = re.compile(rf"^{key} = .*$", re.MULTILINE)
        lines = [*(f"{key} = {value}" for value in VALUES), f'{key} = "x y"', f'{key} = ""', "", f"{key}s = 1"]
        found += [pattern.sub(line, STATION) for line in lines]
    return found
