// Boxes of the wall in rows of the same length: eight stand as 8 or as 4 + 4, not as 7 + 1. Without scripts a row holds
// as many as have room.

const wall = document.getElementById("wall");

function align() {
  const boxes = wall.querySelector(".boxes");
  document.body.style.removeProperty("--columns");
  const room = getComputedStyle(boxes).gridTemplateColumns.split(" ").length;
  const count = boxes.childElementCount;
  const rows = Math.ceil(count / room);
  document.body.style.setProperty("--columns", Math.max(Math.ceil(count / rows), Math.ceil(room / 2)));
}

new ResizeObserver(align).observe(wall);
