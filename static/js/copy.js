// Puts the page's own address on the clipboard. (The address bar has it as well.)

import { announce } from "./announce.js";

const shown = 2000;

async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http beyond loopback has no clipboard interface; the old command still works there.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("copying was refused");
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  const address = new URL(button.dataset.copy, location.origin).href;
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  try {
    await write(address);
    button.textContent = "Link copied";
    announce("Link copied");
  } catch {
    button.textContent = "Copy it from the address bar";
    announce("The browser refused. Copy the address from the address bar.");
  }
  button.focus();
  setTimeout(() => {
    button.textContent = label;
  }, shown);
});
