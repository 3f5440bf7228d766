// Ages by the browser's own timer, without any event: a value grows old also where everything else has stopped.
//
//   <p data-end-us="…" data-old-s="180"> … <span class="age"></span></p>
//
// `data-end-us` is the end of the minute that is shown, from which its age counts. Past `data-old-s` it is old, which
// the style shows in grey and the age in words; past twenty times that it is gone. What is as far ahead is no fresher:
// one of the two clocks is wrong, and it is said.

import { nowUs } from "./clock.js";
import { say } from "./words.js";

const OLD_S = 180;
const GONE = 20;

export function words(seconds, old = OLD_S) {
  if (seconds < -old) return say("ahead", Math.floor(-seconds / 60));
  const s = Math.max(0, Math.floor(seconds));
  if (s < 100) return say("seconds", s);
  if (s < 6000) return say("minutes", Math.floor(s / 60));
  if (s < 172800) return say("hours", Math.floor(s / 3600));
  return say("days", Math.floor(s / 86400));
}

export function age() {
  const now = nowUs();
  for (const element of document.querySelectorAll("[data-end-us]")) {
    const end = element.dataset.endUs;
    if (now === null || end === "") continue;
    const seconds = (now - Number(end)) / 1e6;
    const old = Number(element.dataset.oldS) || OLD_S;
    const state = Math.abs(seconds) < old ? "fresh" : seconds < old * GONE ? "old" : "gone";
    if (element.dataset.age !== state) element.dataset.age = state;
    const text = words(seconds, old);
    for (const word of element.querySelectorAll(".age")) {
      if (word.closest("[data-end-us]") === element && word.textContent !== text) word.textContent = text;
    }
  }
}

export function keepAges() {
  age();
  setInterval(age, 1000);
}
