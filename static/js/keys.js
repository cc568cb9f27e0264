// Lets keys follow links: each link names its own in aria-keyshortcuts.

const aliases = { "+": "Plus", "=": "Plus", _: "-" };
const typing = "input, select, textarea, [contenteditable], [data-reading]";

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.(typing)) return;
  const key = aliases[event.key] ?? event.key;
  const link = [...document.querySelectorAll("[aria-keyshortcuts]")].find(
    (each) => each.getAttribute("aria-keyshortcuts") === key,
  );
  if (!link) return;
  event.preventDefault();
  link.click();
});
