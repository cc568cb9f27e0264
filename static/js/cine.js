// Plays a volume's slices like a film, from a button that stops it again. It never begins by itself;
// where less motion is asked for, it shows one slice a second.
import { move, slider } from "./slices.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
let playing, timer;
function play(button) {
  clearTimeout(timer);
  playing?.removeAttribute("data-playing");
  playing = button;
  if (!button) return;
  button.dataset.playing = "";
  const { value, max, name } = slider(button.dataset.play);
  move({ [name]: value === max ? 0 : +value + 1 });
  timer = setTimeout(play, calm.matches ? 1000 : 100, button);
}
document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-play]");
  if (button) play(button === playing ? undefined : button);
});
document.addEventListener("input", ({ target }) => target.type === "range" && play());
