// Takes what is new from the server's own page: each `data-part` is replaced by its successor of the same id. So every
// sentence is made in one place, and a page without scripts shows the same.

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
    if (answer.ok && (answer.headers.get("content-type") || "").startsWith("text/html")) take(await answer.text());
  } catch {
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
    if (theirs) replace(mine, theirs);
  }
  age();
}

function replace(mine, theirs) {
  if (mine.contains(document.activeElement) && mine !== document.activeElement) return; // somebody is at it
  for (const details of theirs.querySelectorAll("details[id]")) {
    details.open = document.getElementById(details.id)?.open ?? details.open;
  }
  mine.replaceWith(document.adoptNode(theirs));
}
