// Makes a reading quick and safe: digits choose, the time taken is measured, and an answer that the
// server has not confirmed is kept here, sent again, and shown as “saving…” until it is.

import { say } from "./live.js";

const form = document.querySelector("[data-answering]");
const line = document.querySelector("[data-saving]");
const store = `lightbox-unsaved:${form.action}`;
const began = performance.now();
const pauses = [1, 2, 4, 8, 15];
let sending = false;

const waiting = () => JSON.parse(localStorage.getItem(store) ?? "[]");

function keep(answers) {
  if (answers.length) localStorage.setItem(store, JSON.stringify(answers));
  else localStorage.removeItem(store);
}

async function post(fields) {
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams(fields),
  });
  if (answer.ok) return (await answer.json()).next;
  // The form of a page from before a break; this page's own is still good.
  if (answer.status === 403) fields.check = form.elements.check.value;
  if (answer.status >= 500 || answer.status === 403) throw new Error("not now");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  throw new SyntaxError(page.querySelector(".lead")?.textContent ?? say("This was not saved."));
}

/** Sends what waits, first things first; gives where to go on, or null where it was refused. */
async function flush() {
  let next = null;
  for (let tries = 0; waiting().length; ) {
    const [first, ...rest] = waiting();
    try {
      line.textContent = tries ? say("Saving… not confirmed yet; trying again.") : say("Saving…");
      next = await post(first);
      keep(rest);
      tries = 0;
    } catch (error) {
      if (error instanceof SyntaxError) {
        keep(rest);
        line.textContent = error.message;
        return null;
      }
      keep([first, ...rest]);
      const pause = pauses[Math.min(tries++, pauses.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, 1000 * pause));
    }
  }
  line.textContent = next ? say("Saved") : "";
  return next;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (sending) return;
  sending = true;
  form.elements.ms.value = Math.round(performance.now() - began);
  keep([...waiting(), Object.fromEntries(new FormData(form))]);
  const next = await flush();
  if (next) location.assign(next);
  sending = false;
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const choice = form.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (choice) {
    choice.checked = true;
    choice.focus();
  } else if (event.key === "Enter" && event.target.closest?.("a, button, summary") === null) {
    event.preventDefault();
    form.requestSubmit();
  }
});

// Answers that an earlier page could not send.
if (waiting().length) flush();
const { nextPicture } = form.dataset;
if (nextPicture) new Image().src = nextPicture;
