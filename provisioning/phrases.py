"""What the station itself says in English (reasons, doubts, troubles) that people read: texts to be translated.

A text with {gaps} is the form of an f-string of the station's. A test finds each of them in its source, so that
a sentence changed there does not fall back to English here unseen.
"""

from __future__ import annotations

from provisioning.words import N_

_ERRORS = (
    N_("no answer"),
    N_("garbled"),
    N_("wrong device"),
    N_("bus stuck"),
    N_("unplugged"),
    N_("device error"),
    N_("camera error"),
    N_("unreachable"),
    N_("login refused"),
    N_("not an image"),
    N_("no picture"),
)

_SETTINGS = (
    N_("no profile {name}; built in are {known}, or name a .toml file"),
    N_("{path}: no readable profile ({why})"),
    N_("{path}: no TOML: {why}"),
    N_("{named} has no {unknown} to order; it has {there}"),
)

_BYTES = (
    N_("checksum"),
    N_("cut short"),
    N_("no header"),
    N_("not a frame"),
    N_("another device"),
    N_("no request before it"),
    N_("no register of the profile"),
    N_("no value"),
    N_("saturated"),
    N_("warming up"),
    N_("no particles at all"),
    N_("humidity at its lower stop"),
)

_BUSES = (
    N_("{path} is not there: the kernel does not see the device"),
    N_("the kernel got no answer from it ({why})"),
    N_("{path} may not be read by this user"),
    N_("there is no GPIO chip {chip}; `gpiodetect` lists them (a Pi 5's pins are pinctrl-rp1)"),
    N_("{chip} may not be opened by this user; add it to the group gpio"),
    N_("line {line} cannot be had ({why})"),
    N_("{chip} cannot be opened ({why})"),
    N_("the I2C adapter is gone ({why})"),
    N_("nothing acknowledges at its address"),
    N_("the bus does not move: a line is held low"),
    N_("not done within {time} s"),
    N_("there is no {path}; switch I2C on (raspi-config, or dtparam=i2c_arm=on in config.txt), reboot"),
    N_("{path} may not be opened by this user; add it to the group i2c"),
    N_("no answer to a request"),
    N_("cut short or no frame: {count} bytes, {bytes}"),
    N_("address {found} answered instead of {address}"),
    N_("checksum wrong: {bytes}"),
    N_("there is no port {port}: look at /dev/serial/by-id/ for those that are plugged in"),
    N_("{port} is {kind}, not a serial port: name one below /dev/serial/by-id/"),
    N_("no permission for {port}: add the user to the group dialout"),
    N_("{port} is in use by another program: only one may hold it"),
    N_("{port} does not take {baud} baud"),
    N_("{port} is gone: is the adapter still plugged in?"),
    N_("{port} is no working serial port ({why})"),
    N_("{reason}: {length} bytes from the device were refused"),
    N_("no frame in {time} s{more}"),
    N_(", though bytes came"),
    N_("function {found} was answered instead of {function}"),
    N_("{count} bytes and no frame among them"),
    N_("{port} takes no bytes: is the adapter stuck or flow control on?"),
    N_("register 0x{register} reads differently every time"),
)

_DEVICES = (
    N_("a BMP280 (chip id 0x{id}), which has no humidity: a BME280 is wanted"),
    N_("chip id 0x{id}, as an empty bus reads"),
    N_("chip id 0x{id} is not a BME280's 0x60"),
    N_("the data registers read as an empty bus"),
    N_("its status bit has not fallen in {time} s"),
    N_("its identity registers hold {words}: this is no {title}"),
    N_("no value: the device marks all its registers as invalid"),
    N_("no answer to {count} wake commands"),
    N_("error code {code}"),
)

_CAMERAS = (
    N_("the camera refuses the login of user {user} (HTTP {status})"),
    N_("the camera asks for a login and none is given (username, password)"),
    N_("the camera gave no whole picture within {time} s"),
    N_("the address answers with {kind}, not with a JPEG; it begins {begin}"),
    N_("no connection to {place}: {why}"),
    N_("the Pi finds no camera: is the ribbon cable seated at both ends?"),
    N_("the camera refuses the login of user {user}"),
    N_("this station has no camera"),
    N_("{address} is no http:// or https:// address"),
    N_("{address} is no rtsp:// address"),
    N_("the camera answers with nothing"),
    N_("{width} x {height} taken by {camera}"),
    N_("the picture cannot be kept: {why}"),
    N_("password_file {file} cannot be read: {why}"),
    N_("dark"),
    N_("blurred"),
    N_("repeated"),
    N_("the camera gave no key frame within {time} s"),
    N_("no video at {place}: {why}"),
    N_("Picamera2 is not here ({why}): on a Pi, apt install python3-picamera2"),
    N_("no camera {name}; this station has: {names}"),
)

_QUALITY = (
    N_("a step of {change} from the reading before (at most {step})"),
    N_("outside {low}..{high}, unusual at this station"),
    N_("outside the possible range {low}..{high}"),
    N_("{reason} ({count} of {total} readings)"),
    N_("maintenance: {text}"),
    N_("no readings"),
    N_("fell at some time in the {time} s before, without readings"),
    N_("fell at some time since the last reading before a restart, nobody knows how long ago"),
    N_("the last {time} s of the minute without readings"),
    N_("a rise of {rise} mm is more than any sky gives ({most} mm/min)"),
    N_("{good} of {all} samples, {needed} needed"),
    N_("{good} of {all} samples, {needed} needed: {reason}"),
    N_("variable: the directions cancel out"),
    N_("no three samples in 3 s"),
)

_BROKER = (
    N_("the name {host} is not found: is there a network, is the name right?"),
    N_("{where} refuses connections: is the broker running, is the port right?"),
    N_("{where} does not answer: is there a network, is the address right?"),
    N_("{where} refuses the login ({code}): are user and password right?"),
    N_("{where} refuses the connection: {code}"),
    N_("the certificate of {where} has run out{when}: the broker needs a new one"),
    N_("the certificate of {where} is not trusted ({why}): name its authority in ca_file"),
    N_("the certificate of {where} is another host's: write the host's name as the certificate has it"),
    N_("{where} does not speak TLS there: write mqtt:// instead, or the port that does"),
    N_("{where} takes the connection but does not answer: is it a broker?"),
    N_("{where} closes the connection without an answer"),
    N_("{where} does not speak MQTT {version}"),
    N_("{where} cannot be reached: {why}"),
    N_("the certificate of {where} is not valid{when}: is this box's date right ({date})?"),
    N_("TLS with {where} fails ({why}): look at ca_file, cert_file and key_file"),
    N_("this station's certificate {path} has run out on {date}: put a new one there"),
    N_("{file} cannot be read: {why}"),
    N_("the connection to {where} broke"),
    N_("{files}: one is not there, or not the certificate or key in PEM that it should be ({why})"),
    N_("record {number} has {size} bytes, and the broker takes {most}"),
    N_("the connection to {where} is of no use: {why}"),
    N_(" on {date}"),
    N_(" before {date}"),
    N_(" yet"),
)

_STORE = (
    N_("another minshan (pid {pid})"),
    N_("another program"),
    N_("state folder {folder} is in use by {by}: stop that one first, or name another folder"),
    N_("state folder {folder} is no folder that can be used ({why}): name a folder"),
    N_("state folder {folder} cannot be written ({why}): give its owner the right to write, or mount it read-write"),
    N_("state folder {folder} is on a full disk ({why}): free some space, or lower the limits in [state]"),
    N_("state folder {folder} is on a disk that gives errors ({why}): look at the kernel's log and replace the card"),
)

_TIME = (
    N_("the system's clock is not synchronised"),
    N_("the system does not let this program ask whether its clock is right ({why})"),
    N_("{source} says {day}, which cannot be: it is not believed"),
    N_("{source} says {day}, before the newest record: it is asked again"),
)

_DEMO = (
    N_("{path}: cannot be read: {why}"),
    N_("{path}: not a whole gzip file: {why}"),
    N_("{path}: not a capture: {form}"),
    N_("its lines should begin with when they came and a blank, as in '2021-06-22T00:00:10 A0743B135C...'"),
    N_("there is no broker on this machine: apt-get install mosquitto, or name one by --broker"),
    N_("{name} does not start: see {log}"),
)

PHRASES = frozenset(
    (*_ERRORS, *_SETTINGS, *_BYTES, *_BUSES, *_DEVICES, *_CAMERAS, *_QUALITY, *_BROKER, *_STORE, *_TIME, *_DEMO)
)
