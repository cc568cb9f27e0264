// Ticks many thumbnails at once: a click with shift ticks all between, x ticks the one in focus,
// and arrows with shift tick all they pass.

import { announce, say } from "./live.js";

const boxes = () => [...document.querySelectorAll("[data-choosing] input")];
const boxAt = (place) => place.closest?.("[data-choosing] li")?.querySelector("input");
let last;
let shift = false;

function tell() {
  announce(say("{n} chosen", { n: boxes().filter(({ checked }) => checked).length }));
}

// A click on a label reaches its box without the keys that were held.
document.addEventListener("pointerdown", ({ shiftKey }) => {
  shift = shiftKey;
});

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-choosing] input")) return;
  const all = boxes();
  if (shift && all.includes(last)) {
    const [from, to] = [all.indexOf(last), all.indexOf(target)].sort((a, b) => a - b);
    for (const box of all.slice(from, to + 1)) box.checked = target.checked;
  }
  last = target;
  shift = false;
  tell();
});

document.addEventListener("keydown", (event) => {
  const box = boxAt(event.target);
  if (!box || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "x" && document.documentElement.dataset.keys !== "off") {
    event.preventDefault();
    box.checked = !box.checked;
    last = box;
    tell();
  } else if (event.shiftKey && event.key.startsWith("Arrow")) {
    // When the focus has moved.
    setTimeout(() => {
      for (const each of [box, boxAt(document.activeElement)]) if (each) each.checked = true;
      tell();
    });
  }
});
