// Puts the page's own address, or a text that stands on the page, on the clipboard.

import { announce } from "./announce.js";
import { say } from "./say.js";

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

const address = [say("Link copied"), say("Copy it from the address bar")];
const passage = [say("Copied"), say("Select the text and copy it")];

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy], [data-copy-text]");
  if (!button) return;
  const { copy, copyText } = button.dataset;
  const [done, refused] = copyText === undefined ? address : passage;
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  try {
    await write(copyText ?? new URL(copy, location.origin).href);
    button.textContent = done;
    announce(done);
  } catch {
    button.textContent = refused;
    const why = say("The browser refused.");
    announce(`${why} ${refused}.`);
  }
  button.focus();
  setTimeout(() => {
    button.textContent = label;
  }, shown);
});
