// Lets a picture answer to the pointer and, once it has focus, to the arrow keys, which Tab and
// Escape leave; and reads its numbers from an .npy, to show those of the pixel one is on.
import { announce, say } from "./live.js";

const arrows = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const kinds = { b: "Uint", u: "Uint", i: "Int", f: "Float" };
const arrays = {};

/** Calls point(row, column, pressed) and step(rows, columns, slices) as they happen. */
export function attend(stage, point, step) {
  const { width, height, axis, name } = stage.dataset;
  const steps = axis ? { ...arrows, PageUp: [0, 0, -1], PageDown: [0, 0, 1] } : arrows;
  Object.assign(stage, { tabIndex: 0, role: "application", ariaLabel: name });
  const follow = ({ clientX, clientY, buttons }) => {
    const box = stage.querySelector(".picture").getBoundingClientRect();
    const column = Math.floor(((clientX - box.left) / box.width) * width);
    const row = Math.floor(((clientY - box.top) / box.height) * height);
    if (row >= 0 && column >= 0 && row < height && column < width) point(row, column, buttons & 1);
  };
  for (const type of ["pointermove", "pointerdown"]) stage.addEventListener(type, follow);
  stage.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stage.blur();
    else if (steps[event.key]) step(...steps[event.key]);
    else return;
    event.preventDefault();
    const cursor = stage.querySelector(".cursor, .crosshair");
    cursor?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}

/** What gives the numbers at a row and a column of the array at an address; asked for once. */
export function load(address) {
  arrays[address] ??= read(address);
  arrays[address].catch(() => delete arrays[address]);
  return arrays[address];
}

async function read(address) {
  const buffer = await (await fetch(address)).arrayBuffer();
  // Our files are little-endian, in C order, their numbers at a multiple of 64 bytes.
  const start = 10 + new DataView(buffer).getUint16(8, true);
  const header = new TextDecoder().decode(buffer.slice(10, start));
  const [, kind, size, sides] = header.match(/'descr': '[<|](.)(.)'.*'shape': \(([^)]*)\)/);
  const [, columns, channels = 1] = sides.match(/\d+/g).map(Number);
  const name = `${size === "8" && kind !== "f" ? "Big" : ""}${kinds[kind]}${8 * size}Array`;
  const values = new window[name](buffer, start);
  return (row, column) => {
    const place = (row * columns + column) * channels;
    return [...values.subarray(place, place + channels)];
  };
}
const stage = document.querySelector(".stage:has(img)");
const output = stage && document.querySelector("[data-readout]");
const cursor = Object.assign(document.createElement("span"), { className: "cursor" });
let place;

async function show(row, column, aloud) {
  const here = { row, column };
  place = here;
  const side = stage.querySelector("img").clientWidth / stage.dataset.width;
  const [width, left, top] = [1, column, row].map((pixels) => `${pixels * side}px`);
  Object.assign(cursor.style, { width, height: width, left, top });
  stage.append(cursor);
  const where = say("row {row}, column {column}", here);
  const text = await load(stage.dataset.values).then(
    (at) => `${where}: ${at(row, column).join(", ")}`,
    () => say("The numbers of this picture could not be read."),
  );
  if (place !== here) return;
  output.textContent = text;
  if (aloud) announce(text);
}

function step(rows, columns) {
  const { width, height } = stage.dataset;
  const { row = -rows, column = -columns } = place ?? {};
  const inside = (at, size) => Math.min(Math.max(at, 0), size - 1);
  show(inside(row + rows, height), inside(column + columns, width), true);
}
if (output) attend(stage, (row, column) => show(row, column), step);
