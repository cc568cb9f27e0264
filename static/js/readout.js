// Shows the numbers under the pointer, or under a cursor that the arrow keys move once a picture
// has focus.

import { announce, say } from "./live.js";
import { load } from "./npy.js";
import { attend } from "./stage.js";

const output = document.querySelector("[data-readout]");
const hint = output?.textContent ?? "";

async function show(stage, row, column, aloud = false) {
  Object.assign(stage.dataset, { row, column });
  const side = stage.querySelector("img").clientWidth / stage.dataset.width;
  const cursor =
    stage.querySelector(".cursor") ?? stage.appendChild(document.createElement("span"));
  cursor.className = "cursor";
  const [width, left, top] = [1, column, row].map((pixels) => `${pixels * side}px`);
  Object.assign(cursor.style, { width, height: width, left, top });
  try {
    const array = await load(stage.dataset.values);
    if (+stage.dataset.row !== row || +stage.dataset.column !== column) return;
    const place = say("row {row}, column {column}", { row, column });
    const text = `${place}: ${array.at(row, column).join(", ")}`;
    output.textContent = text;
    if (aloud) announce(text);
  } catch {
    output.textContent = say("The numbers of this picture could not be read.");
  }
}

function clear(stage) {
  stage.querySelector(".cursor")?.remove();
  delete stage.dataset.row;
  delete stage.dataset.column;
  output.textContent = hint;
}

function prepare(stage) {
  const { width, height } = stage.dataset;
  attend(stage, say("Pixel values: move with the arrow keys"), {
    point: (row, column) => show(stage, row, column),
    leave: () => stage === document.activeElement || clear(stage),
    step(rows, columns) {
      const { row = -rows, column = -columns } = stage.dataset;
      const inside = (at, size) => Math.min(Math.max(at, 0), size - 1);
      show(stage, inside(+row + rows, height), inside(+column + columns, width), true);
    },
  });
  stage.addEventListener("blur", () => clear(stage));
}

if (output) document.querySelectorAll(".stage").forEach(prepare);
