// Lets arrow keys move through the images of a grid, of which one at a time is a stop of Tab. Space,
// and a link in a corner, look closer. Where images are chosen, a click with shift ticks all between.
import { announce, say } from "./live.js";
import { goTo, show } from "./look.js";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
let last, behind, shift;

/** Goes to the first image, or to the last where one came from behind it. */
export function enter() {
  const cell = all(".cell").at(behind ? -1 : 0);
  behind = false;
  cell?.querySelector("a, input").focus();
  return cell;
}

/** Leaves Tab this image of its grid, and no other. */
function stay(cell) {
  for (const each of cell ? all(".cell :is(a, input)", cell.closest(".grid")) : []) {
    each.tabIndex = cell.contains(each) ? 0 : -1;
  }
}
const prepare = () => all(".tile:first-child .cell:first-child").forEach(stay);
function move(event) {
  const { key, target } = event;
  const cell = target.closest?.(".cell");
  if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
  const grid = cell.closest(".grid");
  const cells = all(".cell", grid);
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const arrows = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  const letters = cell.closest("[data-keys=off]") ? {} : { k: -1, j: 1 };
  const by = { ...arrows, ...letters }[key];
  if (key === " " && target.matches("a")) show(target.href);
  else if (!by) return;
  event.preventDefault();
  const next = cells[cells.indexOf(cell) + by];
  if (next) next.querySelector("a, input").focus();
  else if (Math.abs(by) === 1) {
    behind = by < 0;
    document.querySelector(`[rel=${behind ? "prev" : "next"}]`)?.click();
  }
}

prepare();
document.addEventListener("htmx:after:swap", prepare);
document.addEventListener("focusin", ({ target }) => stay(target.closest(".cell")));
document.addEventListener("keydown", move, true);
document.addEventListener("pointerover", ({ target, pointerType }) => {
  const cell = target.closest(".cell:has(a):not(:has(.peek))");
  const peek = cell?.closest(".grid").querySelector(".peek");
  if (peek && pointerType === "mouse")
    cell.append(Object.assign(peek, { href: cell.querySelector("a").href }));
});
// With shift, a click on a label reaches its box without the key, and in Firefox not at all.
document.addEventListener("click", (event) => {
  const box = event.shiftKey && event.target.closest("[data-choosing] label")?.control;
  if (event.isTrusted) shift = event.shiftKey;
  if (!box || box === event.target) return;
  event.preventDefault();
  box.click();
});
document.addEventListener("change", ({ target }) => {
  const among = all("[data-choosing] input");
  if (!among.includes(target)) return;
  const ends = [among.indexOf(last), among.indexOf(target)].sort((a, b) => a - b);
  const between = shift && ends[0] >= 0 ? among.slice(ends[0], ends[1] + 1) : [];
  for (const box of between) box.checked = target.checked;
  [last, shift] = [target, false];
  announce(say("{n} chosen", { n: among.filter(({ checked }) => checked).length }));
});

// Back from an image's page: to where one was.
if (document.activeElement === document.body) goTo(new URL(document.referrer || location).pathname);
