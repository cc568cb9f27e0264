// Lets arrow keys move through the images of a grid, of which one at a time is a stop of Tab; at
// either end, left and right turn the page. Space looks closer, and so does a button in a corner.

import { show } from "./look.js";

const all = (selector) => [...document.querySelectorAll(selector)];
const stops = (cell) => [...cell.querySelectorAll("a, input")];
let last = false;

/** Goes to the first image, or to the last where one came from behind it. */
export function enter() {
  const cell = all(".cell").at(last ? -1 : 0);
  last = false;
  if (cell) stops(cell)[0].focus();
  return cell;
}

/** Leaves Tab this image of its grid, and no other. */
function stay(cell) {
  for (const each of cell?.closest(".grid").querySelectorAll(".cell") ?? []) {
    for (const stop of stops(each)) stop.tabIndex = each === cell ? 0 : -1;
  }
}

function prepare() {
  for (const grid of all(".grid")) stay(grid.querySelector(".cell"));
}

function move(event) {
  const { key, target } = event;
  const cell = target.closest?.(".cell");
  if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
  const grid = cell.closest(".grid");
  const cells = [...grid.querySelectorAll(".cell")];
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const letters = document.documentElement.dataset.keys === "off" ? {} : { k: -1, j: 1 };
  const arrows = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  const by = { ...arrows, ...letters }[key];
  if (key === " " && target.matches("a")) show(target.href);
  else if (!by) return;
  event.preventDefault();
  const next = cells[cells.indexOf(cell) + by];
  if (next) stops(next)[0].focus();
  else if (Math.abs(by) === 1) {
    last = by < 0;
    document.querySelector(`[rel=${last ? "prev" : "next"}]`)?.click();
  }
}

prepare();
document.addEventListener("htmx:after:swap", prepare);
document.addEventListener("focusin", ({ target }) => stay(target.closest(".cell")));
document.addEventListener("keydown", move, true);
document.addEventListener("pointerover", ({ target, pointerType }) => {
  const cell = pointerType === "mouse" && target.closest(".cell:has(a):not(:has(.peek))");
  if (cell) cell.append(...cell.closest(".grid").querySelectorAll(".peek"));
});
document.addEventListener("click", ({ target }) => {
  if (target.matches(".peek")) show(target.parentElement.querySelector("a").href);
});

// Back from an image's page: to where one was.
const { pathname } = new URL(document.referrer || location);
if (document.activeElement === document.body) {
  all("a.thumb")
    .find((thumb) => thumb.pathname === pathname)
    ?.focus();
}
