// One stream of events a page. It is closed while the page is hidden (a browser has six connections a host, and a phone
// a battery), and begun anew when it is seen again; one that says nothing for 40 s is dead, whatever it calls itself.

const CONNECT_MS = 10000; // in which a new stream must have said something
const SILENT_MS = 40000; // the server says something every 15 s
const FULL = 429;
const OUT = 401; // whose session is over
const AGAIN_MS = [1000, 2000, 5000, 15000, 30000];

// Listens at `url` from behind the event `last`, up to which the page is right. `changed(data)` hears of each event, and
// of each time at which something may have been missed (data null); `state(word)` what is the matter ("": nothing).
// Where the server has no room for one more stream, `changed(null)` comes with each new try instead. Who has to log in
// again is told so, and nothing more is tried until the page is seen again.
export function listen(url, last, changed, state) {
  let source = null;
  let heardOf = last;
  let watch = 0;
  let retry = 0;
  let tries = 0;
  let crowded = false;
  let over = false;

  function heard() {
    clearTimeout(watch);
    watch = setTimeout(lost, SILENT_MS);
    if (tries || over) {
      tries = 0;
      crowded = over = false;
      state("");
    }
  }

  function close() {
    clearTimeout(watch);
    clearTimeout(retry);
    if (source) source.close();
    source = null;
  }

  function end() {
    close();
    over = true;
    state("out");
  }

  function lost() {
    close();
    if (tries > 0) tell();
    retry = setTimeout(begin, AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)]);
    tries += 1;
  }

  // An EventSource does not tell why it was refused: the same address, asked for once more, does, if anybody answers.
  async function tell() {
    if (!crowded && !over) state("waiting");
    const asked = new AbortController();
    const late = setTimeout(() => asked.abort(), CONNECT_MS);
    let status = 0;
    try {
      status = (await fetch(url, { cache: "no-store", credentials: "same-origin", signal: asked.signal })).status;
    } catch (error) {
      // Nobody answers.
    }
    clearTimeout(late);
    asked.abort();
    if (!tries) return; // the stream stands again
    if (status === OUT) {
      end();
      return;
    }
    crowded = status === FULL;
    over = false;
    state(crowded ? "crowded" : "waiting");
    if (crowded) changed(null);
  }

  function begin() {
    close();
    const mine = new EventSource(heardOf ? `${url}?last=${encodeURIComponent(heardOf)}` : url);
    source = mine;
    watch = setTimeout(lost, CONNECT_MS);
    const alive = (act) => (event) => {
      if (source !== mine) return; // of an earlier life
      heard();
      heardOf = event.lastEventId || heardOf;
      act(event);
    };
    mine.onopen = alive(() => {});
    mine.onerror = () => source === mine && lost();
    mine.addEventListener("now", alive((event) => changed(JSON.parse(event.data))));
    mine.addEventListener("quiet", alive(() => {}));
    mine.addEventListener("resync", alive(() => changed(null)));
    mine.addEventListener("ended", () => source === mine && end());
  }

  function look() {
    if (document.visibilityState === "hidden") {
      close();
    } else if (source === null) {
      tries = 0;
      changed(null); // what was missed meanwhile
      begin();
    }
  }

  document.addEventListener("visibilitychange", look);
  window.addEventListener("pageshow", (event) => event.persisted && look());
  window.addEventListener("pagehide", close);
  window.addEventListener("online", () => source === null && look());
  if (document.visibilityState !== "hidden") begin();
}
