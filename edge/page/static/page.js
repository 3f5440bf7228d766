// What every page does: ages go on, the stream brings what is new, curves are drawn when they come into view.

import { keepAges } from "./ages.js";
import { drawAll } from "./charts.js";
import { listen } from "./live.js";
import { refresh } from "./refresh.js";
import { tell } from "./state.js";
import { view } from "./viewer.js";

keepAges();
drawAll();
view();

// A page on which nothing is replaced holds no stream, and tells no other time than that of its making.
const { live, position, station } = document.body.dataset;
if (live && document.querySelector("[data-part]:not(#made)")) {
  listen(
    live,
    position,
    (event) => {
      if (event === null || !station || event.station === station) refresh();
    },
    tell,
  );
}

// WeChat hands a download to a browser that is not logged in: it is given a link that opens once.
for (const link of navigator.userAgent.includes("MicroMessenger") ? document.querySelectorAll("a[data-once]") : []) {
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const asked = {};
    for (const [name, value] of new URL(link.href).searchParams) asked[name] = value;
    const body = JSON.stringify({ ...asked, bom: asked.bom === "true" });
    const answer = await fetch(link.dataset.once, { method: "POST", body, credentials: "same-origin" });
    if (answer.ok) location.assign((await answer.json()).path);
    else if (answer.status === 401) tell("out");
  });
}

for (const form of document.querySelectorAll("form[data-choose]")) {
  form.querySelector("button").hidden = true;
  form.addEventListener("change", () => form.submit());
}

for (const print of document.querySelectorAll("[data-print]")) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
