// Moves through a volume by slider, pointer, wheel and keys, says which voxel the crosshair is on,
// and keeps the address true. Without it the form's button asks for the page with the slices chosen.
import { announce, say } from "./live.js";
import { attend, load } from "./picture.js";

const form = document.querySelector("[data-slices]");
const output = document.querySelector("[data-readout]");
const stages = [...form.querySelectorAll(".stage")];
const notch = 40; // pixels that a wheel turns for a slice
const { pathname } = location;
const changed = {};
const all = (selector) => document.querySelectorAll(selector);
const after = (axis, by) => ({ [axis]: +slider(axis).value + by });
let later, latest;
export const slider = (axis) => form.elements[axis];

/** Moves to these places along their axes; done when their slices are shown. */
export function move(places, aloud) {
  for (const [axis, place] of Object.entries(places)) {
    slider(axis).value = place;
    changed[axis] = slider(axis).value;
    for (const each of all(`[type=hidden][name=${axis}]`)) each.value = changed[axis];
  }
  carry();
  tell({}, aloud);
  return Promise.all(stages.map(draw));
}

async function draw(stage) {
  const { axis, across, down, columns } = stage.dataset;
  const place = +slider(axis).value;
  const { style } = stage.querySelector(".slice");
  style.setProperty("--cx", slider(across).value);
  style.setProperty("--cy", slider(down).value);
  if (columns) {
    style.setProperty("--col", place % columns);
    style.setProperty("--row", Math.floor(place / columns));
  } else {
    const src = withQuery(stage.dataset.src, { slice: place });
    if (src === stage.dataset.src) return;
    stage.dataset.src = src;
    const image = Object.assign(new Image(), { src });
    await image.decode().catch(() => {});
    // Only the last slice asked for is shown, together with its number.
    if (src !== stage.dataset.src) return;
    style.setProperty("--sheet", `url(${JSON.stringify(src)})`);
  }
  stage.parentElement.querySelector("output").value = place;
}

function withQuery(address, given) {
  const url = new URL(address, location);
  for (const [name, value] of Object.entries(given)) url.searchParams.set(name, value);
  return url.pathname + url.search;
}

/** What else on the page carries the chosen slices: address, links, forms, what is downloaded. */
function carry() {
  for (const each of all("[data-keeps], [data-slice-of]")) {
    const { keeps, sliceOf } = each.dataset;
    const name = each.action ? "action" : "href";
    let now = slider(sliceOf) ? { slice: slider(sliceOf).value } : changed;
    if (keeps) now = { [keeps]: withQuery(new URL(each.href).searchParams.get(keeps), now) };
    each[name] = withQuery(each[name], now);
  }
  for (const { dataset } of all("[data-copy]")) dataset.copy = withQuery(dataset.copy, changed);
  // Once all is at rest and nothing lies over it: browsers refuse to do this many times a second.
  clearTimeout(later);
  later = setTimeout(() => {
    if (location.pathname !== pathname) carry();
    else history.replaceState(history.state, "", withQuery(location, changed));
  }, 200);
}

/** Says where the crosshair or another voxel is, and its value: of a large volume, from a slice. */
async function tell(places, aloud) {
  if (!output) return;
  const [z, y, x] = ["z", "y", "x"].map((axis) => places[axis] ?? slider(axis).value);
  const place = `z ${z}, y ${y}, x ${x}`;
  latest = place;
  const { voxels } = form.dataset;
  const value = await load(voxels || withQuery(stages[0].dataset.values, { slice: z })).then(
    (at) => (voxels ? at(+z, +y)[x] : at(+y, +x)),
    () => say("the value could not be read"),
  );
  if (latest !== place) return;
  output.textContent = `${place}: ${value}`;
  if (aloud) announce(output.textContent);
}

for (const stage of stages) {
  const { axis, across, down } = stage.dataset;
  let turned = 0;
  const point = (row, column, held) => (held ? move : tell)({ [down]: row, [across]: column });
  const step = (rows, columns, by) =>
    move(rows ? after(down, rows) : columns ? after(across, columns) : after(axis, by), true);
  function turn(event) {
    const [place] = Object.values(after(axis, Math.sign(event.deltaY)));
    // At either end the page scrolls on.
    if (event.ctrlKey || !event.deltaY || place < 0 || place > slider(axis).max) return;
    event.preventDefault();
    turned += event.deltaY;
    if (Math.abs(turned) < notch) return;
    turned = 0;
    move({ [axis]: place });
  }
  attend(stage, point, step);
  stage.addEventListener("pointerleave", () => tell({}));
  stage.addEventListener("wheel", turn, { passive: false });
}

form.addEventListener("input", ({ target }) => {
  if (target.type === "range") move({ [target.name]: target.value });
});
// So that moving asks the server for nothing.
if (form.dataset.voxels) load(form.dataset.voxels).catch(() => {});
