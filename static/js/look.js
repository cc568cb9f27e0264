// Shows part of another page over this one, in a dialog: an image of a grid, or the keys. Without
// it the link leads to that page. The address is that page's, so that a reload or a shared link
// lead there; Back, Escape and a press beside it close it.

const dialog = Object.assign(document.createElement("dialog"), { className: "over" });
dialog.setAttribute("closedby", "any");
dialog.setAttribute("aria-labelledby", "over-title");
document.body.append(dialog);

const ahead = new Map();
let wanted;
let leaving = false;
// A page loaded at such an address stands for no other: Back has to load that.
const reloaded = history.state?.over;

/** The part of a page at an address; its pictures begin to load. */
function draw(address) {
  if (!ahead.has(address)) ahead.set(address, ask(address));
  return ahead.get(address);
}

async function ask(address) {
  const answer = await fetch(address, { headers: { "HX-Request-Type": "partial" } });
  if (!answer.ok) throw new Error(answer.statusText);
  const part = document.createElement("div");
  part.innerHTML = await answer.text();
  for (const { style, attributes } of part.querySelectorAll(".closer img"))
    style.setProperty("--side", `${attributes.width.value}px`);
  return part;
}

/** Shows what is at an address; what can't be had this way is gone to. */
export async function show(address, entry = dialog.open ? "replaceState" : "pushState") {
  wanted = address;
  const part = await draw(address).catch(() => location.assign(address));
  if (!part || wanted !== address) return;
  dialog.replaceChildren(part);
  if (entry) history[entry]({ over: true }, "", address);
  if (!dialog.open) dialog.showModal();
  const near = [...part.querySelectorAll("[data-over]")].map(({ href }) => href);
  for (const key of ahead.keys()) if (!near.includes(key)) ahead.delete(key);
  for (const each of near) draw(each).catch(() => ahead.delete(each));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-over]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link.href);
});

dialog.addEventListener("close", () => {
  // The focus has gone back to where it was; of the images gone through, to the last.
  const { pathname } = new URL(wanted);
  [...document.querySelectorAll("a.thumb")].find((each) => each.pathname === pathname)?.focus();
  wanted = undefined;
  leaving = Boolean(history.state?.over);
  if (leaving) history.back();
});

// Both come ahead of htmx, for which it would be a change of the results, and would take the focus.
function travel(event) {
  if (!(leaving || dialog.open || event.state?.over || reloaded)) return;
  event.stopImmediatePropagation();
  if (dialog.open) dialog.close();
  else if (leaving) leaving = false;
  else if (event.state?.over) show(location.href, "");
  else location.reload();
}
function pass(event) {
  if (leaving || dialog.open) event.stopImmediatePropagation();
}
addEventListener("popstate", travel, true);
window.navigation?.addEventListener("navigate", pass, true);
