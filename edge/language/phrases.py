"""What the store, the broker's link, the demo and wrong settings say in English: texts to be translated.

A text with {gaps} is the form of an f-string of the station's. A test finds each of them in its source, so that
a sentence changed there does not fall back to English here unseen.
"""

from __future__ import annotations

from edge.language.words import N_

_SETTINGS = (
    N_("no profile {name}; built in are {known}, or name a .toml file"),
    N_("{path}: no readable profile ({why})"),
    N_("{path}: no TOML: {why}"),
    N_("{named} has no {unknown} to order; it has {there}"),
    N_("no optional quantities"),
)

_COMMANDS = (N_("this station has no camera"),)

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
    N_("record {number} has {size} bytes, and the broker breaks the connection at it"),
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

_DEMO = (
    N_("{path}: cannot be read: {why}"),
    N_("{path}: not a whole gzip file: {why}"),
    N_("{path}: not a capture: {form}"),
    N_("its lines should begin with when they came and a blank, as in '2021-06-22T00:00:10 A0743B135C...'"),
    N_("there is no broker on this machine: apt-get install mosquitto, or name one by --broker"),
    N_("{name} does not start: see {log}"),
)

PHRASES = frozenset((*_SETTINGS, *_COMMANDS, *_BROKER, *_STORE, *_DEMO))
