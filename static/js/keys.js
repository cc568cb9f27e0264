// Lets keys do what stands on the page: a link, a button or a field names its key in
// aria-keyshortcuts. Nothing happens where one types, nor where the keys are turned off.

const names = { "+": "Plus", "=": "Plus", _: "-" };
const typing = "input:not([type=checkbox], [type=radio]), select, textarea";

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest?.(typing) || document.documentElement.dataset.keys === "off") return;
  const scope = document.querySelector("dialog[open]") ?? document;
  const found = scope.querySelector(`[aria-keyshortcuts~="${CSS.escape(names[key] ?? key)}"]`);
  if (!found) return;
  event.preventDefault();
  const sheet = found.closest("[popover]");
  if (sheet && !sheet.checkVisibility()) sheet.showPopover();
  if (found.matches("a, button")) found.click();
  else (found.querySelector('[tabindex="0"]') ?? found).focus();
  found.select?.();
});
