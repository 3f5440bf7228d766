// Decode what a Minshan hub forwards, as an example: node decoder.js < messages
//
// One message a line: a request of http-json, or a message of mqtt-json with its usual names. Prints each record once,
// in its latest revision, with the values that are good. All numbers in a message are exact in JavaScript.
"use strict";

// Put a message's records into a table. (station, epoch, seq) names a record; a higher revision replaces it.
function keep(table, message) {
  for (const record of message.records ?? [message]) {
    const key = JSON.stringify([record.station, record.epoch, record.seq]);
    if (!table.has(key) || table.get(key).revision < record.revision) table.set(key, record);
  }
}

// Return the values that may be used directly.
function good(record) {
  const names = Object.keys(record.channels ?? record);
  if (record.channels) {
    const sound = names.filter((name) => record.channels[name].quality === "good");
    return Object.fromEntries(sound.map((name) => [name, record.channels[name].value]));
  }
  const sound = names.filter((name) => record[name + "_quality"] === "good");
  return Object.fromEntries(sound.map((name) => [name, record[name]]));
}

const records = new Map();
for (const line of require("node:fs").readFileSync(0, "utf8").split("\n")) {
  if (line.trim()) keep(records, JSON.parse(line));
}
for (const [key, found] of records) {
  // start_us: microseconds since 1970 UTC; null while the station does not know its time
  const told = { key: JSON.parse(key), revision: found.revision, start_us: found.start_us, good: good(found) };
  console.log(JSON.stringify(told));
}
