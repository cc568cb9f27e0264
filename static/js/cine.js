// Plays a volume's slices like a film, from a button that stops it again. It never begins by itself;
// where less motion is asked for, it shows one slice a second.

import { say } from "./live.js";
import { move, slider } from "./slices.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
let playing;
let timer;

function step() {
  const { value, max, name } = slider(playing.dataset.play);
  move({ [name]: value === max ? 0 : +value + 1 });
  timer = setTimeout(step, calm.matches ? 1000 : 100);
}

function play(button) {
  clearTimeout(timer);
  if (playing) playing.firstElementChild.textContent = say("Play");
  playing = button;
  if (!button) return;
  button.firstElementChild.textContent = say("Stop");
  step();
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-play]");
  if (button) play(button === playing ? undefined : button);
});
document.addEventListener("input", ({ target }) => target.type === "range" && play());
