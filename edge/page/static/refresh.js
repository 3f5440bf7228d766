// Takes what is new from the server's own page: each `data-part` becomes as its successor of the same id. So every
// sentence is made in one place, and a page without scripts shows the same. What is the same stays the same node: under
// a keyboard's focus nothing goes away, and whoever hears the page is told nothing anew.

import { age } from "./ages.js";
import { told } from "./clock.js";

const LEAST_MS = 700; // between two fetches: a simulated station has a minute each second
let running = false;
let again = false;

export async function refresh() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin" });
    // Whoever has to log in again is led to another page, of which nothing belongs here.
    const mine = answer.ok && !answer.redirected;
    if (mine && (answer.headers.get("content-type") || "").startsWith("text/html")) take(await answer.text());
  } catch (error) {
    // The stream says that the connection is lost; ages go on by themselves.
  }
  setTimeout(() => {
    running = false;
    if (again) {
      again = false;
      refresh();
    }
  }, LEAST_MS);
}

function take(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  told(fresh.body.dataset.nowUs);
  for (const mine of document.querySelectorAll("[data-part][id]")) {
    const theirs = fresh.getElementById(mine.id);
    if (theirs) become(mine, theirs);
  }
  age();
}

function become(mine, theirs) {
  if (mine.nodeName !== theirs.nodeName || mine.id !== theirs.id) {
    mine.replaceWith(theirs);
  } else if (mine.nodeType !== Node.ELEMENT_NODE) {
    if (mine.data !== theirs.data) mine.data = theirs.data;
  } else {
    for (const { name, value } of theirs.attributes) {
      if (mine.getAttribute(name) !== value) mine.setAttribute(name, value);
    }
    for (const { name } of [...mine.attributes]) {
      // What somebody has opened stays open.
      if (!theirs.hasAttribute(name) && name !== "open") mine.removeAttribute(name);
    }
    const before = [...mine.childNodes];
    const fresh = [...theirs.childNodes];
    fresh.forEach((one, place) => (before[place] ? become(before[place], one) : mine.append(one)));
    for (const one of before.slice(fresh.length)) one.remove();
  }
}
