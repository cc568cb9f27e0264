// Says aloud what changed, for those who don't see it, and shows when the server is out of reach;
// in the page's language, as the page carries those words that are not English.
const words = JSON.parse(document.querySelector("meta[name=words]")?.content ?? "{}");
const [live, box] = ["live", "alarm"].map((id) => document.getElementById(id));

export const say = (text, values) =>
  (words[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
export const announce = (text) => live.replaceChildren(text);
/** Shows a sentence over all else; without one, takes it away. */
export function alarm(text = "") {
  box.textContent = text;
  box.togglePopover(Boolean(text));
}
/** Says why there is no answer. */
export function unreachable() {
  const gone = say("You are offline. What is here stays; the rest comes back with the network.");
  const silent = say("The server did not answer. Nothing has changed; try again in a moment.");
  alarm(navigator.onLine ? silent : gone);
}

addEventListener("offline", unreachable);
addEventListener("online", () => alarm());
if (!navigator.onLine) unreachable();
