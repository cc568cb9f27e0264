// Makes new results whole that htmx puts in place: pictures, open drawers, focus, and what is said
// aloud. Fetches the next page's pictures, and asks again for a page that is still being prepared.
import { enter } from "./grid.js";
import { alarm, announce, unreachable } from "./live.js";

const find = (id) => document.getElementById(id);
const results = () => find("results");
let before = {};
let timer;
// What is replaced while it is pressed is never clicked: an answer waits until it is let go.
let free = Promise.resolve();
let release = () => {};
function press() {
  free = new Promise((resolve) => {
    release = resolve;
    setTimeout(resolve, 1000); // a press that takes longer is none
  });
}
// The click comes first.
const letGo = () => setTimeout(release);
for (const begin of ["pointerdown", "keydown"]) addEventListener(begin, press, true);
for (const end of ["pointerup", "pointercancel", "keyup"]) addEventListener(end, letGo, true);
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  ctx.fetch = async (path, request) => {
    const answer = await fetch(path, request);
    const { text } = answer;
    answer.text = async () => {
      const whole = await text.call(answer);
      await free;
      request.signal.throwIfAborted(); // what was let go may have asked anew
      return whole;
    };
    return answer;
  };
});
document.addEventListener("htmx:before:swap", ({ detail: { ctx, tasks } }) => {
  const { activeElement } = document;
  before = {
    inside: results()?.contains(activeElement) || results()?.contains(ctx.sourceElement),
    cell: activeElement?.closest(".cell"),
    focus: activeElement?.id,
    sheet: results()?.querySelector(":popover-open")?.id,
    summary: results()?.dataset.summary,
  };
  for (const { fragment } of tasks) {
    // The form sends every field; the address of what it got leaves out what is usual.
    const address = fragment.querySelector("#results")?.dataset.address;
    if (address && ctx.push === "true") ctx.push = address;
    // A whole page names its pictures in its <style>, but an answer for #results has none.
    for (const { style, dataset } of fragment.querySelectorAll(".grid")) {
      const { cellWidth: w, cellHeight: h } = dataset;
      style.cssText = `--w:${w}px;--h:${h}px;--ratio:${h / w}`;
    }
    for (const { style, dataset } of fragment.querySelectorAll(".tile[data-sheet]")) {
      style.cssText = `--sheet:url(${JSON.stringify(dataset.sheet)});--cols:${dataset.columns}`;
    }
    for (const { id } of document.querySelectorAll("#results details[open]")) {
      fragment.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
    }
  }
});
document.addEventListener("htmx:after:swap", () => {
  alarm();
  if (!results()) return;
  find(`to-${before.sheet}`)?.focus(); // has the focus again when the sheet closes
  find(before.sheet)?.showPopover();
  // The same control, where it is still there; else the heading, which says what is seen now.
  const same = find(before.focus);
  if (same) same.focus({ preventScroll: true });
  else if (!(before.cell && enter()) && before.inside) results().querySelector("h1")?.focus();
  const { summary } = results().dataset;
  if (summary !== before.summary) announce(summary);
  follow();
});
document.addEventListener("htmx:error", ({ detail }) => detail.ctx && unreachable());

function follow() {
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
  const to = { target: "#results", swap: "outerHTML settle:0" };
  if (document.hidden || busy) follow();
  else if (!address || !window.htmx) location.reload();
  else window.htmx.ajax("GET", address, to).then(follow);
}
// The labels whose names hold what is typed; if none does, it means something else.
document.addEventListener("input", ({ target: { name, value } }) => {
  const all = name === "find" ? [...document.querySelectorAll("[data-found] .name")] : [];
  const wanted = value?.trim().toLowerCase();
  const hits = all.filter(({ textContent }) => textContent.toLowerCase().includes(wanted));
  for (const each of all) each.closest("li").hidden = hits.length > 0 && !hits.includes(each);
});
follow();
