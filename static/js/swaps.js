// Makes new results, which htmx puts in place, whole: pictures are named, open drawers stay open,
// focus goes where the eye goes, the change is said aloud. Fetches the next page's pictures, and
// asks again for a page that is still being prepared. Without htmx nothing is ever swapped.

import { enter } from "./grid.js";
import { alarm, announce, unreachable } from "./live.js";

const results = () => document.getElementById("results");
let before = {};
let timer;

/** What the reader has open and where the focus stands, before results are replaced. */
function remember(source) {
  const { activeElement } = document;
  before = {
    inside: results()?.contains(activeElement) || results()?.contains(source),
    cell: activeElement?.closest(".cell"),
    focus: activeElement?.id,
    sheet: results()?.querySelector(":popover-open")?.id,
    summary: results()?.dataset.summary,
  };
}

/** A whole page names its pictures in its <style>, but an answer for #results comes without one. */
function nameSheets(fragment) {
  for (const { style, dataset } of fragment.querySelectorAll(".grid[data-cell-width]")) {
    style.setProperty("--w", `${dataset.cellWidth}px`);
    style.setProperty("--h", `${dataset.cellHeight}px`);
    style.setProperty("--ratio", dataset.cellHeight / dataset.cellWidth);
  }
  for (const { style, dataset } of fragment.querySelectorAll(".tile[data-sheet]")) {
    style.setProperty("--sheet", `url(${JSON.stringify(dataset.sheet)})`);
    style.setProperty("--cols", dataset.columns);
  }
}

document.addEventListener("htmx:before:swap", ({ detail }) => {
  remember(detail.ctx.sourceElement);
  for (const { fragment } of detail.tasks) {
    // The form sends every field; the address of what it got leaves out what is usual.
    const address = fragment.querySelector("#results")?.dataset.address;
    if (address && detail.ctx.push === "true") detail.ctx.push = address;
    nameSheets(fragment);
    for (const { id } of document.querySelectorAll("#results details[open]")) {
      fragment.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
    }
  }
});

document.addEventListener("htmx:after:swap", () => {
  alarm();
  if (!results()) return;
  if (before.sheet) document.getElementById(before.sheet)?.showPopover();
  // The same control, where it is still there; else the heading, which says what is seen now.
  const same = before.focus && document.getElementById(before.focus);
  if (same) same.focus({ preventScroll: true });
  else if (!(before.cell && enter()) && before.inside) results().querySelector("h1")?.focus();
  const { summary } = results().dataset;
  if (summary !== before.summary) announce(summary);
  settle();
});

document.addEventListener("htmx:error", ({ detail }) => {
  if (detail.ctx) unreachable();
});

/** What follows once results are in place. */
function settle() {
  const { prefetch, refresh } = results()?.dataset ?? {};
  clearTimeout(timer);
  if (refresh) timer = setTimeout(askAgain, 1000 * refresh);
  const { saveData, effectiveType = "4g", type } = navigator.connection ?? {};
  // Never on a connection that is metered, slow, or set to save data.
  if (!prefetch || saveData || effectiveType !== "4g" || type === "cellular") return;
  for (const src of prefetch.split(" ")) Object.assign(new Image(), { fetchPriority: "low", src });
}

/** Interrupts nobody: waits while the page is out of sight or the focus is among the results. */
function askAgain() {
  const { address, keepsFocus } = results().dataset;
  const busy = keepsFocus === undefined && results().contains(document.activeElement);
  if (document.hidden || busy) settle();
  else if (!address || !window.htmx) location.reload();
  else
    window.htmx
      .ajax("GET", address, { target: "#results", swap: "outerHTML settle:0" })
      .then(settle);
}

// The label names that hold what is typed; if none does, it means something else.
document.addEventListener("input", ({ target }) => {
  if (target.name !== "find") return;
  const wanted = target.value.trim().toLowerCase();
  const values = [...document.querySelectorAll("[data-found] li")];
  const misses = values.filter((value) => !value.textContent.toLowerCase().includes(wanted));
  for (const value of values)
    value.hidden = misses.length < values.length && misses.includes(value);
});

settle();
