// What scripts say, in the language of the page.

const texts = JSON.parse(document.body.dataset.words || "{}");

export function say(key, n = "") {
  return (texts[key] || key).replace("{n}", n);
}
