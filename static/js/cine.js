// Plays a volume's slices like a film, waiting for each, from a button that stops it again. It never
// begins by itself; where less motion is asked for, it shows one slice a second.
import { move, slider } from "./slices.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
let playing, film;
async function play(button) {
  const mine = {};
  film = mine;
  for (const each of [playing, button]) each?.toggleAttribute("data-playing", each === button);
  playing = button;
  while (button && film === mine) {
    const { value, max, name } = slider(button.dataset.play);
    const pause = new Promise((over) => setTimeout(over, calm.matches ? 1000 : 100));
    await Promise.all([pause, move({ [name]: value === max ? 0 : +value + 1 })]);
  }
}
document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-play]");
  if (button) play(button === playing ? undefined : button);
});
document.addEventListener("input", ({ target }) => target.type === "range" && play());
