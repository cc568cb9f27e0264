// Puts the page's own address, or a text that stands on the page, on the clipboard.

import { announce, say } from "./live.js";

async function write(text, beside) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http beyond loopback has no clipboard interface; the old command still works there.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  beside.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("copying was refused");
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy], [data-copy-text]");
  if (!button) return;
  const { copy, copyText, label = button.textContent } = button.dataset;
  const { activeElement } = document;
  const text = copyText ?? new URL(copy, location).href;
  button.dataset.label = label;
  button.textContent = await write(text, button.parentElement).then(
    () => (copy ? say("Link copied") : say("Copied")),
    () => (copy ? say("Copy it from the address bar") : say("Select the text and copy it")),
  );
  announce(button.textContent);
  activeElement.focus();
  setTimeout(() => {
    button.textContent = label;
  }, 2000);
});
