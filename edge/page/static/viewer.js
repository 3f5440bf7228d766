// The pictures of a day under one slider: each comes when it is wanted, and the one that was shown stays until then.
// The picture itself leads to all that is kept of it.

export function view() {
  const viewer = document.querySelector("[data-viewer]");
  const links = [...document.querySelectorAll(".thumbs a")];
  if (!viewer || links.length === 0) return;
  const slider = viewer.querySelector("input");
  const image = viewer.querySelector("img");
  const show = (place) => {
    slider.value = String(place);
    const fresh = new Image();
    fresh.onload = () => {
      if (Number(slider.value) !== place) return; // somebody has moved on
      image.src = fresh.src;
      image.alt = links[place].querySelector("img").alt;
      viewer.querySelector("a").href = links[place].href;
      viewer.querySelector("time").textContent = links[place].dataset.time;
      viewer.querySelector("figcaption span").textContent = links[place].dataset.note;
    };
    fresh.src = links[place].dataset.shown;
    slider.setAttribute("aria-valuetext", links[place].dataset.time);
  };
  slider.hidden = links.length < 2;
  slider.addEventListener("input", () => show(Number(slider.value)));
  links.forEach((link, place) =>
    link.addEventListener("click", (event) => {
      event.preventDefault();
      show(place);
      viewer.scrollIntoView({ block: "nearest" });
    }),
  );
}
