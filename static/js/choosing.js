// Ticks many thumbnails at once: a click with shift ticks all between, x ticks the one in focus.

import { announce } from "./announce.js";
import { say } from "./say.js";

let last;
let shift = false;

const boxes = () => [...document.querySelectorAll("[data-choosing] input")];

function tell() {
  announce(say("{n} chosen").replace("{n}", boxes().filter((box) => box.checked).length));
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
  if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = event.target.closest?.("[data-choosing] li")?.querySelector("input");
  if (!box) return;
  event.preventDefault();
  box.checked = !box.checked;
  last = box;
  tell();
});
