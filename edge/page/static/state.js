// The one line of a page that says what is the matter with its connection; whoever has to log in again finds the way there.

import { say } from "./words.js";

let shown = "";

// Shows what a word stands for; "" where nothing is the matter. What is shown already is not said anew.
export function tell(word) {
  if (word === shown) return;
  shown = word;
  const line = document.getElementById("state");
  line.textContent = word && say(word);
  if (word !== "out") return;
  const way = document.createElement("a");
  way.href = `/login?back=${encodeURIComponent(location.pathname + location.search)}`;
  way.textContent = say("login");
  line.append(" ", way);
}
