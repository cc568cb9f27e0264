// Says aloud what changed, for those who don't see it, and shows when the server is out of reach;
// in the page's language, as the page carries those words that are not English.

const words = JSON.parse(document.querySelector("meta[name=words]")?.content ?? "{}");
const live = document.getElementById("live");

export const say = (text, values) =>
  (words[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name]);

export function announce(text) {
  live.textContent = "";
  requestAnimationFrame(() => {
    live.textContent = text;
  });
}

/** Shows a sentence over all else; without one, takes it away. */
export function alarm(text) {
  document.querySelector(".alarm")?.remove();
  if (!text) return;
  const notice = document.createElement("p");
  notice.className = "alarm notice notice-warning";
  notice.popover = "manual";
  notice.textContent = text;
  document.body.append(notice);
  notice.showPopover();
  announce(text);
}

/** Says why the server does not answer. */
export function unreachable() {
  const gone = say("You are offline. What is here stays; the rest comes back with the network.");
  const silent = say("The server did not answer. Nothing has changed; try again in a moment.");
  alarm(navigator.onLine ? silent : gone);
}

addEventListener("offline", unreachable);
addEventListener("online", () => alarm());
if (!navigator.onLine) unreachable();
