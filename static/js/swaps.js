// After htmx has put new results in place: pictures are named, open drawers stay open, focus goes
// where the eye goes, and the change is said aloud. Without htmx nothing here ever runs.

import { announce } from "./announce.js";
import { nameSheets } from "./sheets.js";

const unreachable = "The server did not answer. Nothing has changed; try again in a moment.";
let before = {};

/** What the reader has open and where the focus stands, before results are replaced. */
function remember(source) {
  const results = document.getElementById("results");
  before = {
    inside: results?.contains(document.activeElement) || results?.contains(source),
    focus: document.activeElement?.id,
    sheet: results?.querySelector(":popover-open")?.id,
    summary: results?.dataset.summary,
  };
}

function keepOpen(fragment) {
  for (const drawer of document.querySelectorAll("#results details[open]")) {
    fragment.querySelector(`#${CSS.escape(drawer.id)}`)?.setAttribute("open", "");
  }
}

function showAlarm(text) {
  removeAlarm();
  const alarm = document.createElement("p");
  alarm.className = "alarm notice notice-warning";
  alarm.textContent = text;
  document.body.append(alarm);
  announce(text);
}

function removeAlarm() {
  document.querySelector(".alarm")?.remove();
}

document.addEventListener("htmx:before:swap", ({ detail }) => {
  remember(detail.ctx.sourceElement);
  for (const { fragment } of detail.tasks) {
    // The form sends every field; the address of what it got leaves out what is usual.
    const address = fragment.querySelector("#results")?.dataset.address;
    if (address && detail.ctx.push === "true") detail.ctx.push = address;
    nameSheets(fragment);
    keepOpen(fragment);
  }
});

document.addEventListener("htmx:after:swap", () => {
  removeAlarm();
  const results = document.getElementById("results");
  if (!results) return;
  if (before.sheet) document.getElementById(before.sheet)?.showPopover();
  // The same control, where it is still there; else the heading, which says what is seen now.
  const same = before.focus && document.getElementById(before.focus);
  if (same) same.focus({ preventScroll: true });
  else if (before.inside) results.querySelector("h1")?.focus();
  const { summary } = results.dataset;
  if (summary !== before.summary) announce(summary);
});

document.addEventListener("htmx:error", ({ detail }) => {
  if (detail.ctx) showAlarm(unreachable);
});
