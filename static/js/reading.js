// Makes a reading quick and safe: the time taken is measured, zoom, reloads and returns included; what
// the server has not confirmed is kept here, sent again, and shown as “saving…” until it is.
import { say } from "./live.js";

const form = document.querySelector("[data-answering]");
const line = document.querySelector("[data-saving]");
const store = `lightbox-unsaved:${new URL(form.action).pathname}`; // however pictures are seen
const place = form.elements.place.value;
const began = performance.now();
const { times = {}, ...left } = JSON.parse(sessionStorage.getItem(store) ?? "{}");
const { ticks = [] } = left.place === place ? left : {};
const taken = () => Math.round((times[place] ?? 0) + performance.now() - began);
const waiting = () => JSON.parse(localStorage.getItem(store) ?? "[]");
const keep = (answers) => localStorage.setItem(store, JSON.stringify(answers));
let sent, saved;
const untouched = [...form.elements].every((each) => each.checked === each.defaultChecked);
for (const [name, value] of untouched ? ticks : []) form.elements[name].value = value;
const leave = () => {
  const ticks = [...new FormData(form)].filter(([name]) => /^(choice|confidence)$/.test(name));
  times[place] = saved ? 0 : taken();
  const now = saved ? {} : { place, ticks, given: form.matches(":has([checked])") };
  if (place || left.given) sessionStorage.setItem(store, JSON.stringify({ ...now, times })); // else a pause
};
addEventListener("pagehide", leave, { once: true }); // what Back brings has been left before
/** Sends an answer. Gives where to go on, or why it was refused; throws where it may go later. */
async function post(fields) {
  const asked = { method: "POST", headers: { accept: "application/json" } };
  const answer = await fetch(form.action, { ...asked, body: new URLSearchParams(fields) });
  if (answer.status >= 500 || answer.status === 403) throw new Error("not now");
  return answer.json();
}
/** Sends what waits, first things first; gives where to go on, or nothing where it was refused. */
async function flush(next, tries = 0) {
  const [first] = waiting();
  if (!first) return next;
  line.textContent = tries ? say("Saving… not confirmed yet; trying again.") : say("Saving…");
  const done = await post(first).catch(() => undefined);
  const rest = waiting().filter(({ key }) => key !== first.key); // more may have come meanwhile
  keep(done ? rest : [first, ...rest]);
  if (done) line.textContent = done.error ?? say("Saved");
  if (done) return done.error ? undefined : flush(done.next);
  await new Promise((resolve) => setTimeout(resolve, 1000 * Math.min(2 ** tries, 5)));
  return flush(next, tries + 1);
}
let running = flush(); // what an earlier page could not send
if (!place) running.then((next) => next && location.reload()); // to count it
form.addEventListener("submit", async (event) => {
  form.elements.ms.value = taken();
  const fields = Object.fromEntries(new FormData(form));
  const said = [fields.choice, fields.confidence].join();
  if (saved || said === sent) return event.preventDefault();
  keep([...waiting(), { ...fields, key: `${fields.key}-${Date.now()}` }]); // Back keeps a page's key
  event.preventDefault(); // where it can't be kept, it goes as without scripts
  sent = said;
  running = running.then(flush);
  const next = await running;
  if (said !== sent) return; // another came meanwhile, and leads on
  [sent, saved] = [next, next];
  if (saved) location.assign(saved);
});
