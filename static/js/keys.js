// Lets keys, named in aria-keyshortcuts, and a finger do what links, buttons and fields of the page
// do. Puts the page's address, or a text that stands on it, on the clipboard.
import { announce, say } from "./live.js";

const names = { "+": "Plus", "=": "Plus", _: "-" };
const idle = "[data-keys=off],input:not([type=checkbox],[type=radio],[type=range]),select,textarea";
const find = (which) => (document.querySelector("dialog[open]") ?? document).querySelector(which);
let start;
document.addEventListener("keydown", (event) => {
  const { key, target, ctrlKey, metaKey, altKey, defaultPrevented } = event;
  const own = key === "Enter" ? "a, button, summary" : /^Arrow/.test(key) ? "input" : "textarea";
  if (defaultPrevented || ctrlKey || metaKey || altKey) return;
  if (target.closest?.(`${idle}, ${own}`)) return;
  const named = `[aria-keyshortcuts~="${CSS.escape(names[key] ?? key)}"]`;
  // An image of a grid has keys of its own, and so has how sure one is: there, none answers anew.
  const near = target.closest?.(".cell, .confidence");
  const others = near ? "[type=radio]" : ".confidence *";
  const found = near?.querySelector(named) ?? find(`${named}:not(.cell *, ${others})`);
  if (!found) return;
  event.preventDefault();
  const sheet = found.closest("[popover]");
  if (sheet && !sheet.checkVisibility()) sheet.showPopover();
  if (found.matches("a, button, input[type]")) found.click();
  if (found.matches("a, button, [type=checkbox]")) return;
  (found.querySelector('[tabindex="0"]') ?? found).focus();
});
// Not on a plane of a volume, nor where page or picture are zoomed: a finger moves something there.
document.addEventListener("touchstart", ({ target, touches }) => {
  const { scrollWidth, clientWidth } = target.closest(".stage") ?? target;
  const moves = target.closest("[data-axis]") || scrollWidth > clientWidth || touches.length > 1;
  start = target.closest("[data-swipe]") && visualViewport.scale === 1 && !moves && touches[0];
});
document.addEventListener("touchend", ({ changedTouches: [end] }) => {
  const [across, down] = [end.clientX - start?.clientX, end.clientY - start?.clientY];
  // Without a start these are no numbers, and nothing is larger.
  if (!(Math.abs(across) > 50 && Math.abs(across) > 2 * Math.abs(down))) return;
  find(`.item-steps [rel=${across < 0 ? "next" : "prev"}]`)?.click();
});
async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http beyond loopback has no clipboard interface; the old command still works there.
  const give = (event) => {
    event.preventDefault();
    event.clipboardData?.setData("text/plain", text);
  };
  for (const each of ["beforecopy", "copy"]) document.addEventListener(each, give, { once: true });
  if (!document.execCommand("copy")) throw new Error("copying was refused");
}
document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy], [data-copy-text]");
  if (!button) return;
  const { copy, copyText, label = button.textContent } = button.dataset;
  button.dataset.label = label;
  button.textContent = await write(copyText ?? new URL(copy, location).href).then(
    () => (copy ? say("Link copied") : say("Copied")),
    () => (copy ? say("Copy it from the address bar") : say("Select the text and copy it")),
  );
  announce(button.textContent);
  setTimeout(() => button.replaceChildren(label), 2000);
});
