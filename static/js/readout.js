// Shows the numbers under the pointer, or under a cursor that the arrow keys move once a picture
// has focus. Tab leaves it; so does Escape.

import { announce } from "./announce.js";
import { parse } from "./npy.js";

const arrays = new Map();
const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const output = document.querySelector("[data-readout]");
const hint = output?.textContent ?? "";

/** The numbers of a stage's picture; fetched when first asked for. */
function numbers(address) {
  if (!arrays.has(address)) {
    arrays.set(
      address,
      fetch(address).then(async (answer) => {
        if (!answer.ok) throw new Error(answer.statusText);
        return parse(await answer.arrayBuffer());
      }),
    );
  }
  return arrays.get(address);
}

async function show(stage, row, column, aloud = false) {
  if (stage.dataset.row === `${row}` && stage.dataset.column === `${column}` && !aloud) return;
  Object.assign(stage.dataset, { row, column });
  place(stage, row, column);
  const address = stage.dataset.values;
  try {
    const array = await numbers(address);
    if (stage.dataset.values !== address || +stage.dataset.row !== row) return;
    if (+stage.dataset.column !== column) return;
    const text = `row ${row}, column ${column}: ${array.at(row, column).join(", ")}`;
    output.textContent = text;
    if (aloud) announce(text);
  } catch {
    arrays.delete(address);
    output.textContent = "The numbers of this picture could not be read.";
  }
}

function place(stage, row, column) {
  const picture = stage.querySelector("img");
  const side = picture.clientWidth / stage.dataset.width;
  const cursor =
    stage.querySelector(".cursor") ?? stage.appendChild(document.createElement("span"));
  cursor.className = "cursor";
  cursor.style.width = cursor.style.height = `${side}px`;
  cursor.style.left = `${column * side}px`;
  cursor.style.top = `${row * side}px`;
}

function clear(stage) {
  stage.querySelector(".cursor")?.remove();
  delete stage.dataset.row;
  delete stage.dataset.column;
  output.textContent = hint;
}

function under(stage, { clientX, clientY }) {
  const box = stage.querySelector("img").getBoundingClientRect();
  const { width, height } = stage.dataset;
  const column = Math.floor(((clientX - box.left) / box.width) * width);
  const row = Math.floor(((clientY - box.top) / box.height) * height);
  if (row < 0 || column < 0 || row >= height || column >= width) return null;
  return [row, column];
}

function prepare(stage) {
  const { width, height } = stage.dataset;
  stage.tabIndex = 0;
  stage.dataset.reading = "";
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-label", "Pixel values: move with the arrow keys");

  const follow = (event) => {
    const pixel = under(stage, event);
    if (pixel) show(stage, ...pixel);
  };
  stage.addEventListener("pointermove", follow);
  stage.addEventListener("pointerdown", follow);
  stage.addEventListener("pointerleave", () => stage === document.activeElement || clear(stage));
  stage.addEventListener("blur", () => clear(stage));
  stage.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      return stage.blur();
    }
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const { row = -step[0], column = -step[1] } = stage.dataset;
    const inside = (at, size) => Math.min(Math.max(at, 0), size - 1);
    show(stage, inside(+row + step[0], height), inside(+column + step[1], width), true);
    stage.querySelector(".cursor").scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}

if (output) document.querySelectorAll("[data-values]").forEach(prepare);
