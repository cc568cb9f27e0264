// Shows part of another page over this one, in a dialog: an image of a grid, or the keys. Without it
// the link leads to that page. The address is that page's, so that a reload or a shared link lead
// there; Back, Escape and a press beside it close it.
const dialog = document.getElementById("over");
// A page loaded at such an address stands for no other: Back has to load that.
const reloaded = history.state?.over;
let wanted, leaving;
let parts = {};

/** The part of a page at an address; its pictures begin to load. */
async function draw(address) {
  const answer = await fetch(address, { headers: { "HX-Request-Type": "partial" } });
  if (!answer.ok) throw new Error(answer.statusText);
  const part = document.createElement("div");
  part.innerHTML = await answer.text();
  const image = part.querySelector(".closer img");
  image?.style.setProperty("--side", `${image.getAttribute("width")}px`);
  return part;
}

/** Goes to the image of the grid that leads to this path, if it is there. */
export function goTo(pathname) {
  [...document.querySelectorAll("a.thumb")].find((each) => each.pathname === pathname)?.focus();
}

/** Shows what is at an address; what can't be had this way is gone to. */
export async function show(to, entry = dialog.open ? "replaceState" : "pushState") {
  wanted = to;
  const part = (await parts[to]) ?? (await draw(to).catch(() => location.assign(to)));
  if (!part || wanted !== to) return;
  const { rel } = document.activeElement;
  dialog.replaceChildren(part);
  if (entry) history[entry]({ over: true }, "", to);
  if (!dialog.open) dialog.showModal();
  // A way on that was pressed can be pressed again; else the name of what is seen is read.
  (part.querySelector(`[rel="${rel}"]`) ?? part.querySelector("h2")).focus();
  const near = [...part.querySelectorAll("[data-over]")].map(({ href }) => href);
  const ahead = (each) => parts[each] ?? draw(each).catch(() => undefined);
  parts = Object.fromEntries(near.map((each) => [each, ahead(each)]));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-over]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link.href);
});
dialog.addEventListener("close", () => {
  // The focus has gone back to where it was; of the images gone through, to the last.
  goTo(new URL(wanted).pathname);
  wanted = undefined;
  // Going back may take the focus away.
  leaving = history.state?.over && document.activeElement;
  if (leaving) history.back();
});
// Both ahead of htmx, for which it would be a change of the results, and would take the focus.
function pass(event) {
  if (leaving || dialog.open) event.stopImmediatePropagation();
}
function travel(event) {
  pass(event);
  if (dialog.open) dialog.close();
  else if (leaving) leaving = void setTimeout((to) => to.focus(), 100, leaving);
  else if (event.state?.over) show(location.href, "");
  else if (reloaded) location.reload();
}
window.navigation?.addEventListener("navigate", pass, true);
addEventListener("popstate", travel, true);
